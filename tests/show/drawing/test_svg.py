"""The SVG: its ids, texts and style, and the very picture where the engine is the same."""

import re
import xml.etree.ElementTree as ET
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

import autograd
import nn
from autograd import Graph, Value
from autograd.show.drawing.fitting import fit
from autograd.show.drawing.options import Options
from autograd.show.drawing.svg import svg as svg_of
from autograd.show.text import width
from tests.helpers.examples import (
    PICTURES,
    chain,
    digest_of,
    hostile,
    network,
    small,
)
from tests.helpers.svg import (
    SVG,
    check_arrows_clear,
    check_boxes_apart,
    of_class,
    rect,
    texts,
)


def parsed(graph: Graph, **options: Any) -> ET.Element:
    return ET.fromstring(graph.svg(**options))


def test_a_prefix_is_given_or_made_from_the_content() -> None:
    graph = small().graph()
    assert parsed(graph).get("id") == parsed(graph).get("id")
    assert parsed(graph).get("id") != parsed(graph, theme="dark").get("id")
    svg = svg_of(graph, fit(graph, Options()), Options(), prefix="mine")
    assert all(i.startswith("mine") for i in re.findall(r' id="([^"]*)"', svg))
    assert "#mine .node" in svg
    assert ET.fromstring(svg).get("style") is None


def test_numbers_may_be_left_out_or_written_as_asked() -> None:
    graph = small().graph(gradients=False, format=".1e")
    assert texts(parsed(graph), "grad") == []
    assert texts(parsed(graph), "data")[0] == "2.0e+00"
    bare = parsed(graph, values=False)
    assert texts(bare, "data") == []
    assert texts(bare, "name")[0] == "a"
    for shown in (True, False):
        note = texts(parsed(chain(40).graph(gradients=shown)), "note")
        assert ("the left number is the data" in " ".join(note)) is shown


def test_it_is_described_for_those_who_cannot_see_it() -> None:
    svg = parsed(small().graph())
    prefix = svg.get("id")
    assert svg.get("role") == "img"
    assert svg.get("aria-labelledby") == f"{prefix}-title {prefix}-desc"
    title, desc = svg.find(f"{SVG}title"), svg.find(f"{SVG}desc")
    assert title is not None
    assert desc is not None
    assert title.text == "Computation graph of loss"
    assert desc.text == (
        "9 nodes (3 leaves), 10 edges, depth 5. loss has the value 14.0. "
        "Each arrow goes from an input to what is computed of it."
    )
    named = parsed(small().graph(), title="My loss").find(f"{SVG}title")
    assert named is not None
    assert named.text == "My loss"


@pytest.mark.parametrize(
    ("theme", "dark", "light"), [("auto", 1, 1), ("dark", 1, 0), ("light", 0, 1)]
)
def test_themes(theme: str, dark: int, light: int) -> None:
    svg = small().graph().svg(theme=theme)
    assert svg.count("--paper: #0d1117") == dark
    assert svg.count("--paper: #ffffff") == light
    assert svg.count("prefers-color-scheme: dark") == (theme == "auto")
    assert "Helvetica, Arial, 'Liberation Sans'" in svg


def test_its_rules_touch_nothing_else_on_a_page() -> None:
    svg = small().graph().svg()
    style = re.search(r"<style>(.*?)</style>", svg, re.DOTALL)
    assert style is not None
    prefix = parsed(small().graph()).get("id")
    selectors = re.findall(r"([^{}]+)\{", style[1].replace("@media", "#" + str(prefix)))
    assert all(
        part.strip().startswith(f"#{prefix}") for s in selectors for part in s.split(",")
    )


def test_the_picture_says_what_it_leaves_out() -> None:
    svg = parsed(chain(10).graph(max_nodes=6))
    note = " ".join(texts(svg, "note"))
    assert note.endswith("; 6 nodes left out, with the leaf start; max_nodes=None draws them.")
    x = Value(0.5, label="x")
    note = " ".join(texts(parsed((x.tanh().tanh().tanh() * x).graph(max_nodes=3)), "note"))
    assert note.endswith("; 2 nodes left out; max_nodes=None draws them.")
    for many, more in ((8, ""), (12, " and 4 more")):
        xs = [Value(float(k), label=f"x{k}") for k in range(many)]
        wide = sum(xs, Value(0.0, label="zero")).graph(max_nodes=3)
        note = " ".join(texts(parsed(wide), "note"))
        assert f"with the leaves zero, x0, x1, x2, x3, x4, x5, x6{more};" in note
    long = parsed(network([4, 4, 1]), collapse="neuron", depth=1)
    assert len(texts(long, "note")) > 1
    check_boxes_apart(long)
    highest = min(rect(node)[1] for node in of_class(long, "node"))
    top = float(long.get("viewBox", "").split()[1])
    assert all(top + 10 < float(e.get("y", "")) < highest for e in of_class(long, "note"))


def test_hostile_labels_are_text() -> None:
    svg = parsed(hostile().graph())
    assert {e.tag.removeprefix(SVG) for e in svg.iter()} == {
        *("svg", "title", "desc", "style", "g", "rect", "text", "path", "polygon")
    }
    check_boxes_apart(svg)
    tips = [e.text or "" for e in svg.iter(f"{SVG}title")]
    assert any("x" * 1000 in tip for tip in tips)
    with autograd.scope("<a>"):
        svg = parsed((Value(1.0) * 2.0).graph(collapse=None))
    assert texts(svg, "path") == ["<a>"]


@pytest.mark.parametrize("rankdir", ["LR", "RL", "TB", "BT"])
@pytest.mark.parametrize("collapse", [None, "neuron"])
def test_directions(rankdir: str, collapse: str | None) -> None:
    svg = parsed(network([3, 3, 1]), rankdir=rankdir, collapse=collapse)
    check_boxes_apart(svg)
    check_arrows_clear(svg)
    axis, sign = {"LR": (0, 1), "RL": (0, -1), "TB": (1, 1), "BT": (1, -1)}[rankdir]
    places = {
        "root" in node.get("class", ""): rect(node)[axis] for node in of_class(svg, "node")
    }
    assert (places[True] - places[False]) * sign > 0
    numbers = [(float(e.get("x", "")), float(e.get("y", ""))) for e in of_class(svg, "local")]
    for title in of_class(svg, "path"):  # of a frame: no number stands on it
        left, low = float(title.get("x", "")), float(title.get("y", ""))
        right = left + width(title.text or "", 11)
        assert not [n for n in numbers if left < n[0] < right and abs(n[1] - low) < 10]


def test_neurons_stand_in_the_order_of_their_names() -> None:
    svg = parsed(network([12, 12, 1]), collapse="neuron")
    check_boxes_apart(svg)
    groups = sorted(
        of_class(svg, "group"), key=lambda node: (rect(node)[0] // 100, rect(node)[1])
    )
    names = [texts(node, "name")[0] for node in groups]
    assert names[:12] == names[12:24] == [f"neurons.{i}" for i in range(12)]


@pytest.mark.parametrize(("rankdir", "side"), [("LR", 1), ("TB", 0)])
def test_leaves_of_an_operation_are_in_its_operands_order(rankdir: str, side: int) -> None:
    addends = [Value(10.0**-i, label=f"x{i}") for i in range(9)]
    for graph in (autograd.sum(addends).graph(), nn.MLP(2, [4, 1]).graph([1.0, 2.0])):
        svg = parsed(graph, rankdir=rankdir)
        check_boxes_apart(svg)
        check_arrows_clear(svg)
        leaves = of_class(svg, "leaf")
        at = {str(box.get("id")).partition("-")[2]: rect(box)[side] for box in leaves}
        uses = Counter(x for node in graph for x in node.inputs)
        for node in graph:
            alone = [f"n{x.index}" for x in node.inputs if uses[x] == 1]
            places = [at[id] for id in alone if id in at]
            assert places == sorted(places)


def test_arrows_that_pass_a_layer_go_around_its_neurons() -> None:
    class Skip(nn.Module):
        def __init__(self) -> None:
            self.layers = [nn.Layer(2, 3, "tanh"), nn.Layer(3, 2, "tanh"), nn.Layer(5, 1)]

        def forward(self, x: list[Value]) -> Value:
            first, second, third = self.layers
            between = first(x)
            result: Value = third([*between, *second(between)])
            return result

    svg = parsed(Skip().graph([1.0, 2.0]))
    check_boxes_apart(svg)
    check_arrows_clear(svg)
    assert len(list(of_class(svg, "edge"))) == 2 * 3 + 3 * 2 + 5


def test_two_arrows_between_the_same_boxes_are_seen_as_two() -> None:
    model = nn.MLP(2, [4, 1], activation="tanh")
    x = [Value(1.0, label="x0"), Value(-2.0, label="x1")]
    svg = ET.fromstring(nn.mse_loss([model(x)], [1.0]).graph(collapse="neuron").svg())
    paths = [e.get("d") for edge in of_class(svg, "edge") for e in edge.iter(f"{SVG}path")]
    assert len(set(paths)) == len(paths)
    places = [(e.get("x"), e.get("y")) for e in of_class(svg, "local")]
    assert len(set(places)) == len(places) >= 2


def test_a_number_without_room_is_in_the_tooltip_alone() -> None:
    model = nn.MLP(2, [5, 3, 1], init=nn.init.constant(0.25))
    svg = ET.fromstring(nn.mse_loss([model([1.0, 2.0])], [1.0]).graph().svg())
    numbers = texts(svg, "local")
    titles = [title.text or "" for edge in of_class(svg, "edge") for title in edge]
    assert len(numbers) < len([title for title in titles if "= " in title])
    assert len([title for title in titles if "weight 0.25" in title]) == 2 * 5 + 5 * 3 + 3


@pytest.mark.parametrize(("rankdir", "axis"), [("LR", "y"), ("TB", "x")])
def test_a_network_keeps_its_columns_before_a_folded_sum(rankdir: str, axis: str) -> None:
    model = nn.MLP(2, [8, 1], activation="tanh", init=nn.init.uniform(-1, 1))
    loss = sum(((model([i / 9.0, 1.0]) - 0.5) ** 2 for i in range(30)), Value(0.0))
    svg = loss.graph().svg(rankdir=rankdir)
    found = re.findall(rf'\b{axis}="([\d.]+)"[^>]*>neurons\.(\d)', svg)
    by_place = sorted((float(y), int(k)) for y, k in found[:8])
    assert [k for _, k in by_place] == [*range(8)]


@pytest.mark.parametrize("name", PICTURES)
def test_the_picture_is_the_one_that_was_looked_at(name: str, tmp_path: Path) -> None:
    make, digest = PICTURES[name]
    svg = make().svg()
    check_arrows_clear(ET.fromstring(svg))
    path = tmp_path / f"{name}.svg"
    path.write_text(svg, "utf-8")
    assert digest_of(svg) == digest, (
        f"another picture: look at {path}, then write its digest here"
    )
