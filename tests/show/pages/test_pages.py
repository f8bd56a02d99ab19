"""The pages as files: sealed, deterministic, with every number from Python."""

import base64
import hashlib
import json
import math
import re
from collections.abc import Callable
from html.parser import HTMLParser
from typing import Any

import pytest

import autograd
import nn
from autograd import Stepper, Value, primitive
from autograd.show.pages.document import inline
from tests.helpers.boundaries import trained


def product() -> Value:
    return Value(2.0, label="a") * Value(math.inf, label="</script>")


PAGES: dict[str, Callable[[], str]] = {
    "steps": lambda: Stepper(product()).html(),
    "graph": lambda: product().graph().html(),
    "curves": lambda: nn.History.from_dict({"loss": [math.nan, 1.0]}).html(),
    "training": lambda: trained().html(),
    "formula": lambda: autograd.play("log(x)*w", x=2.0, w=math.inf).html(),
    "live training": lambda: nn.play(
        nn.MLP(2, [3, 1], init=nn.init.constant(0.5)), [[0, 1]], [1], loss=nn.hinge_loss
    ).html(),
}


class Elements(HTMLParser):
    """Every element and its attributes."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))


@pytest.mark.parametrize("make", PAGES.values(), ids=PAGES.keys())
def test_the_policy_allows_the_pages_own_scripts_alone(make: Any) -> None:
    page = make()
    elements = Elements(page)
    policy = next(a["content"] or "" for tag, a in elements.tags if "http-equiv" in a)
    assert policy.startswith("default-src 'none'; script-src 'sha256-")
    assert "unsafe" not in policy
    texts = re.findall(r"<(script|style)>(.*?)</\1>", page, re.DOTALL)
    assert len(re.findall("<style", page)) == sum(kind == "style" for kind, _ in texts)
    for kind, text in texts:
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert f"'sha256-{digest}'" in policy.split(f"{kind}-src")[1].split(";")[0]
    for tag, attributes in elements.tags:
        assert tag not in {"img", "link", "iframe", "object", "embed", "base"}
        assert not {"style", "src", "srcset", "action"} & attributes.keys()
        assert not [name for name in attributes if name.startswith("on")]
        assert (attributes.get("href") or "#").startswith("#")
    ids = [attributes["id"] for _, attributes in elements.tags if "id" in attributes]
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize("make", PAGES.values(), ids=PAGES.keys())
def test_the_same_again_is_the_same_bytes(make: Any) -> None:
    assert make() == make()


def test_the_data_are_valid_json() -> None:
    for make in PAGES.values():
        text = make().split('type="application/json" id="data">')[1].split("</script>")[0]
        data = json.loads(text)
        assert not re.search(r"[:,\[](NaN|-?Infinity)", text)
        assert len(data.get("keys", data.get("values", data.get("w")))) > 1


def test_an_iframe_keeps_the_page_to_itself() -> None:
    frame = inline('<p title="a">&amp;</p>')
    assert frame.index("<script>") < frame.index("<iframe")  # which listens from the start
    assert '<iframe srcdoc="&lt;p title=&quot;a&quot;&gt;&amp;amp;&lt;/p&gt;"' in frame
    assert 'sandbox="allow-scripts"' in frame


def test_a_page_of_a_graph_has_the_picture_that_was_asked_for() -> None:
    y = Value(1.0, label="x")
    for _ in range(250):
        y = y.tanh()
    assert y.steps().html().count('class="node ') == 251  # a pass is drawn whole
    for options, boxes in (
        ({"depth": 3}, 4),
        ({"max_nodes": None}, 251),
        ({"collapse": None}, 200),
    ):
        page = y.graph(rankdir="TB", **options).html()
        assert page.count('class="node ') == boxes
        assert ("left out" in page) is (boxes < 251)
        assert page.count('<tr id="row-') == 251


def test_a_page_knows_the_box_of_every_node() -> None:
    graph = nn.MLP(2, [3, 1]).graph([0.5, -0.2], collapse="layer", format=".2f")
    text = graph.html().split('id="data">')[1].split("</script>")[0]
    data = json.loads(text)
    boxes = {graph.nodes[int(index)].name: box for index, box in data["groups"].items()}
    assert {name: box for name, box in boxes.items() if name.endswith(".b")} == {
        **{f"layers.0.neurons.{i}.b": "g0" for i in range(3)},
        "layers.1.neurons.0.b": "g1",
    }
    assert not {"x0", "x1"} & boxes.keys()
    assert data["format"] == ".2f"


def test_a_step_moves_what_looks_like_no_data() -> None:
    x, w = Value(2.0, label="x_1"), Value(3.0, label="w")
    assert '"steps":[1]' in (x * w).graph().html()


def test_a_page_says_why_its_numbers_cannot_be_changed() -> None:
    looked = primitive("tests.looked", lambda x: {1.0: 2.0}[x], lambda out, x: 1.0)
    page = looked(Value(1.0)).graph().html()
    assert "The numbers cannot be changed here: tests.looked" in page
