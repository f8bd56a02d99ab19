"""Every graph of the table fits a screen with text to read, and nothing stands on another."""

import re
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterator
from itertools import combinations
from typing import NamedTuple

import pytest

import autograd
from autograd import Graph, Value
from autograd.show.drawing import fitting
from autograd.show.drawing.cards import write
from autograd.show.drawing.options import Options
from autograd.show.text import width
from tests.helpers.examples import (
    TABLE,
    expression,
    logistic,
    small,
    written_out,
)
from tests.helpers.svg import (
    SVG,
    check_arrows_clear,
    check_boxes_apart,
    of_class,
    rect,
    texts,
)

pytestmark = pytest.mark.slow

SCREEN = (1280.0, 800.0)
SIZES = {"name": 13.0, "op": 13.0, "caption": 11.0, "what": 11.0, "path": 11.0, "local": 11.0}
SIZES |= {"chip": 11.0}


class Text(NamedTuple):
    text: str
    size: float
    left: float
    top: float
    right: float
    bottom: float


def measured(svg: ET.Element) -> Iterator[tuple[Text, ET.Element | None]]:
    """The texts, and the boxes that they stand in."""
    boxes = {text: node for node in of_class(svg, "node") for text in node.iter(f"{SVG}text")}
    for element in svg.iter(f"{SVG}text"):
        size = SIZES.get(element.get("class", "").split()[0], 12.0)
        text, x, y = (
            element.text or "",
            float(element.get("x", "")),
            float(element.get("y", "")),
        )
        wide = width(text, size)
        left = x - wide * {"end": 1.0, "middle": 0.5}.get(element.get("text-anchor", ""), 0.0)
        yield Text(text, size, left, y - 0.75 * size, left + wide, y), boxes.get(element)


def overlap(a: Text, b: Text) -> bool:
    across = min(a.right, b.right) - max(a.left, b.left)
    return across > 0.5 and min(a.bottom, b.bottom) - max(a.top, b.top) > 0.5


@pytest.mark.parametrize("rankdir", ["LR", "TB"])
@pytest.mark.parametrize("name", TABLE)
def test_text_is_read_on_a_screen_and_stands_on_nothing(name: str, rankdir: str) -> None:
    root = TABLE[name]()
    root.backward()
    graph = root.graph(rankdir=rankdir)
    source = graph.svg()
    assert source == graph.svg()
    svg = ET.fromstring(source)
    check_boxes_apart(svg)
    check_arrows_clear(svg)
    scale = min(
        1.0, *[room / float(svg.get(k, "")) for k, room in zip(("width", "height"), SCREEN)]
    )
    found = [*measured(svg)]
    assert min(text.size for text, _ in found) * scale >= 9.0
    for text, box in found:
        if box is not None:
            x, y, w, h = rect(box)
            assert x <= text.left <= text.right <= x + w, text
            assert y <= text.top <= text.bottom <= y + h, text
        else:
            for x, y, w, h in map(rect, of_class(svg, "node")):
                assert not overlap(text, Text("", 0.0, x, y, x + w, y + h)), text
    for (a, _), (b, _) in combinations(found, 2):
        assert not overlap(a, b), (a, b)
    check_neurons(graph, svg)


def check_neurons(graph: Graph, svg: ET.Element) -> None:
    """Every neuron has its box, or is one of those that are counted in one; or every layer."""
    if "Every layer is drawn as one box" in " ".join(texts(svg, "note")):
        assert graph.options.rankdir == "TB"  # where a page has less room beside one another
        return
    names = texts(svg, "name")
    shown = len([name for name in names if name.startswith("neurons.")])
    shown += sum([int(name.split()[1]) for name in names if name.startswith("⋮")])
    assert shown >= len({*graph.modules.values()})


def test_a_network_is_not_cut_inside() -> None:
    svg = ET.fromstring(written_out().graph().svg())
    names = texts(svg, "name")
    assert sorted(name for name in names if name.startswith("neurons.")) == [
        *("neurons.0", "neurons.0", "neurons.1", "neurons.2", "neurons.3")
    ]
    assert "left out" not in " ".join(texts(svg, "note"))


@pytest.mark.parametrize("make", [small, logistic, lambda: expression(12, 1)])
def test_what_fits_is_not_folded(make: Callable[[], Value]) -> None:
    graph = make().graph()
    svg = ET.fromstring(graph.svg())
    assert len(list(of_class(svg, "node"))) == len(graph)
    assert len(list(of_class(svg, "edge"))) == graph.stats.edges


@pytest.mark.parametrize(
    ("operations", "cut"), [(80, False), (150, False), (300, False), (450, True)]
)
def test_a_page_scrolls_rather_than_losing_a_part(operations: int, cut: bool) -> None:
    graph = expression(operations, 1, 4).graph()
    drawing = fitting.fit(graph, Options(), scrolls=True)
    assert ("left out" in " ".join(drawing.note)) is cut
    assert drawing.size[0] <= fitting.PAGE[0]
    assert "left out" in " ".join(fitting.fit(graph, Options()).note)


def test_a_formula_says_what_is_in_it_and_how_to_see_it() -> None:
    graph = TABLE["attention"]().graph()
    svg = ET.fromstring(graph.svg())
    note = " ".join(texts(svg, "note"))
    assert "A formula contains what it alone uses: " in note
    assert "; collapse=None draws every node." in note
    tips = [node.findtext(f"{SVG}title") or "" for node in of_class(svg, "formula")]
    assert all(re.search(r" = .+: \d+ nodes$", tip) for tip in tips)
    assert any(" = exp((q00 * k00 + q01 * k01) * 0.7071): " in tip for tip in tips)
    assert all(node.findtext(f"{SVG}title") for node in of_class(svg, "node"))


@pytest.mark.parametrize(("graph", "cut"), [("small", False), ("wide attention", True)])
def test_a_name_in_place_of_an_arrow_is_explained(graph: str, cut: bool) -> None:
    svg = ET.fromstring(TABLE[graph]().graph().svg())
    note = " ".join(texts(svg, "note"))
    assert bool(list(of_class(svg, "chip"))) is cut
    assert ("A name where an arrow begins stands for the box of that name." in note) is cut


def test_a_formula_of_many_long_names_ends_after_four_lines() -> None:
    xs = [Value(1.0, label="a name that goes on and on " + c) for c in "abcdef"]
    box = fitting.fit(autograd.fsum(xs).graph(), Options()).picture.boxes[-1]
    write(box, compact=True)
    assert len(box.lines) == 5
    assert box.lines[3][0].text.endswith(" …")


def test_a_small_picture_grows_and_a_large_one_does_not() -> None:
    for root, grown in ((TABLE["product"](), 1.4), (TABLE["deep network"](), 1.0)):
        svg = ET.fromstring(root.graph().svg())
        wide, high = map(float, svg.get("viewBox", "").split()[2:])
        assert abs(float(svg.get("width", "")) / wide - grown) < 0.02
        assert abs(float(svg.get("height", "")) / high - grown) < 0.02


@pytest.mark.parametrize("rankdir", ["LR", "TB"])
def test_an_arrow_has_a_gap_for_its_number(rankdir: str) -> None:
    svg = ET.fromstring(small().graph(rankdir=rankdir).svg())
    paths = [path.get("d", "") for path in svg.iter(f"{SVG}path")]
    assert [path.count("M") for path in paths] == [2] * len(texts(svg, "local"))


def test_the_steps_of_a_graph_that_fits_have_a_frame_each() -> None:
    w, h = Value(0.5, label="w"), Value(0.1, label="h0")
    for t in range(3):
        with autograd.scope(f"t={t}"):
            h = (w * h + Value(float(t), label=f"x{t}")).tanh()
    svg = ET.fromstring((h * h).graph().svg())
    assert texts(svg, "path") == ["t=0", "t=1", "t=2"]


@pytest.mark.parametrize("operations", [75, 100, 150])
def test_no_two_arrows_of_a_picture_with_formulas_are_equal(operations: int) -> None:
    edges = fitting.fit(expression(operations, 12, 5).graph(), Options()).picture.edges
    ends = [(edge.tail.id, edge.head.id) for edge in edges]
    assert len({*ends}) == len(ends)
