"""The paths of a leaf to the result: all of them are lit, and their products add up."""

import itertools
import math
from collections.abc import Iterator

import pytest

import nn
from autograd import Stepper, Value
from autograd.show.snapshot import Node, Snapshot
from autograd.show.text import format_number
from tests.helpers.chromium import Opener
from tests.helpers.pages import readme, shared


def every(graph: Snapshot, node: Node, leaf: Node) -> Iterator[tuple[float, list[str]]]:
    """The products of all paths from a node down to the leaf, and their arrows."""
    if node is leaf:
        yield 1.0, []
    for slot, (x, partial) in enumerate(zip(node.inputs, node.partials)):
        for product, arrows in every(graph, x, leaf):
            yield partial * product, [f"graph-e{node.index}-{slot}", *arrows]


def test_all_paths_are_lit_and_add_up_to_the_gradient(open_page: Opener) -> None:
    y = shared()
    graph = Stepper(y).graph
    y.backward()
    page = open_page(Stepper(y).html())
    leaves = [node for node in graph if node.op is None]
    assert page.locator("#leaf option").all_inner_texts()[1:] == [x.name for x in leaves]
    for leaf in leaves:
        page.select_option("#leaf", label=leaf.name)
        paths = sorted(every(graph, graph.root, leaf), key=lambda path: -abs(path[0]))
        said = page.locator("#paths li b").all_inner_texts()
        assert said == [format_number(product) for product, _ in paths]
        assert math.fsum(product for product, _ in paths) == pytest.approx(leaf.value.grad)
        assert page.inner_text("#paths .result") == format_number(leaf.value.grad)
        lit = "[...document.querySelectorAll('.edge.path')].map((e) => e.id).sort()"
        assert page.evaluate(lit) == sorted({*itertools.chain(*[a for _, a in paths])})
        page.hover("#paths li >> nth=1")
        assert page.evaluate(lit) == sorted(paths[1][1])
        page.mouse.move(2, 2)
        assert len(page.evaluate(lit)) > len(paths[1][1])
    page.select_option("#leaf", label="x")
    assert page.inner_text("#paths h2") == "4 paths from x to y"
    assert page.inner_text("#paths li >> nth=0").startswith("y ← v3 ← x: 1.0 × ")
    page.keyboard.press("Escape")
    assert page.is_hidden("#paths")
    assert page.locator(".path").count() == 0


def test_of_many_paths_the_largest_are_told_and_the_rest_as_one(open_page: Opener) -> None:
    x = Value(0.5, label="x")
    y = x
    for _ in range(40):
        y = y * 0.75 + y * 0.25
    y.label = "y"
    page = open_page(Stepper(y).html())
    page.select_option("#leaf", label="x")
    assert page.inner_text("#paths h2") == "1,099,511,627,776 paths from x to y"
    items = page.locator("#paths li").all_inner_texts()
    assert len(items) == 21
    assert items[0].endswith(f"= {format_number(0.75**40)}")
    assert "… 33 more …" not in items[0]
    assert "… 73 more …" in items[0]
    assert items[-1].startswith("The other 1,099,511,627,756 together: ")
    top = 0.75**40 + 19 * 0.75**39 * 0.25
    assert items[-1].endswith(format_number(1.0 - top))
    assert page.inner_text("#paths .result") == "1.0"


def test_the_largest_of_all_are_found(open_page: Opener) -> None:
    model = nn.MLP(2, [4, 4, 1], activation="tanh")
    y = model([Value(0.5, label="x"), Value(-1.0, label="z")])
    stepper = Stepper(y)
    leaf = next(node for node in stepper.graph if node.name == "x")
    products = [product for product, _ in every(stepper.graph, stepper.graph.root, leaf)]
    page = open_page(stepper.html())
    found = page.evaluate("(i) => pathsOf(nodes[i])", leaf.index)
    largest = sorted(map(abs, products), reverse=True)[:20]
    assert found["many"] == len(products) == 16
    assert [abs(path["product"]) for path in found["largest"]] == pytest.approx(largest)


def test_paths_follow_the_numbers_and_hide_while_guessing(open_page: Opener) -> None:
    page = open_page(readme().graph().html())
    page.select_option("#leaf", label="a")
    assert page.inner_text("#paths h2") == "The only path from a to L"
    assert page.inner_text("#paths .result") == "6.0"
    page.fill("[aria-label='value of b']", "5")
    assert page.inner_text("#paths .result") == "-10.0"
    page = open_page(Stepper(readme()).html())
    page.select_option("#leaf", label="a")
    page.check("#guessing")
    assert page.is_hidden("#paths")
    page.uncheck("#guessing")
    assert page.is_visible("#paths")
