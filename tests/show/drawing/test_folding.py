"""What repeats is found by structure; and every picture of a large graph fits a page."""

import random
import xml.etree.ElementTree as ET
from collections.abc import Callable

import pytest

import autograd
import nn
from autograd import Value
from autograd.show.drawing.fitting import PAGE, repeats
from tests.show.drawing.examples import chain
from tests.show.drawing.test_svg import check_arrows_clear, check_boxes_apart, of_class, texts


def titles(root: Value) -> set[str]:
    formulas = repeats(root.graph()).formulas.values()
    return {f"{each.times:,} × {each.text}" for each in formulas}


def growth() -> Value:
    total = Value(1.0, label="x")
    for _ in range(988):
        total = total * 1.001
    return total


def squares(n: int = 60) -> Value:
    w, b = Value(0.5, label="w"), Value(0.1, label="b")
    terms = [(w * float(i) + b - float(i % 7)) ** 2 for i in range(n)]
    total = terms[0]
    for term in terms[1:]:
        total = total + term
    return total / float(n)


def one_leaf() -> Value:
    w = Value(0.5, label="w")
    return autograd.fsum([w * float(i) for i in range(1000)])


def loop(n: int) -> Value:
    a, b, t = Value(0.9, label="a"), Value(0.1, label="b"), Value(0.3, label="x")
    for _ in range(n):
        t = (t * a + b).tanh()
    return t * 1.0


def maxima() -> Value:
    xs = [Value(float(i), label=f"x{i}") for i in range(20)]
    pairs = [[x.exp(), xs[i - 1]][:: i % 2 * 2 - 1] for i, x in enumerate(xs)]
    return autograd.fsum([autograd.maximum(*pair) for pair in pairs]) * 1.0


def tangle() -> Value:
    random.seed(5)
    xs = [Value(random.random(), label=f"x{i}") for i in range(50)]
    for _ in range(20_000):
        a, b = random.choice(xs[-60:]), random.choice(xs[-60:])
        xs.append(random.choice([a + b, a * b, a.sin(), a - b]).tanh())
    return xs[-1]


def scattered() -> Value:
    random.seed(1)
    xs = [Value(random.random(), label=f"x{i}") for i in range(9)]
    for _ in range(300):
        a, b = random.choices(xs[-9:], k=2)
        xs.append(random.choice([a + b, a * b, a.sin(), a - b, a.cos(), a.atan()]).tanh())
    return autograd.fsum(xs[-9:])


def samples() -> Value:
    random.seed(3)
    model = nn.MLP(2, [16, 16, 1])
    points = [[random.random(), random.random()] for _ in range(200)]
    loss: Value = nn.mse_loss([model(x) for x in points], [x * y for x, y in points])
    return loss


@pytest.mark.parametrize(
    ("root", "found"),
    [
        (growth, {"987 × … * 1.001", "1 × v988 * 1.001"}),
        (squares, {"60 × (w * … + b - …)²", "1 × (Σ v6) / 60.0"}),
        (one_leaf, {"1 × Σ w * …"}),
        (lambda: loop(100), {"100 × tanh(… * a + b)", "1 × v303 * 1.0"}),
        (maxima, {"1 × (Σ maximum(x, exp(x))) * 1.0"}),
        (lambda: squares(1), {"1 × (w * 0.0 + b - 0.0)² / 1.0"}),
    ],
)
def test_what_repeats(root: Callable[[], Value], found: set[str]) -> None:
    assert titles(root()) == found


@pytest.mark.slow
@pytest.mark.parametrize(
    "root",
    [
        growth,
        one_leaf,
        squares,
        tangle,
        scattered,
        samples,
        lambda: loop(10_000),
        lambda: chain(10_000),
    ],
)
def test_a_picture_of_a_large_graph_fits_a_page(root: Callable[[], Value]) -> None:
    svg = ET.fromstring(root().graph().svg())
    check_boxes_apart(svg)
    width, height = float(svg.get("width", "")), float(svg.get("height", ""))
    assert width <= PAGE[0] + 60
    assert height <= PAGE[1] + 60
    note = " ".join(texts(svg, "note"))
    assert "draws every node" in note or "max_nodes=None" in note


@pytest.mark.parametrize("length", [12, 40])
def test_a_long_chain_is_cut_into_rows(length: int) -> None:
    t = Value(0.3, label="x")
    for i in range(length):
        t = (t.sin() if i % 3 else t.cosh()) + float(i)
    svg = ET.fromstring(t.graph(collapse=None).svg())
    check_boxes_apart(svg)
    assert float(svg.get("width", "")) <= PAGE[0]
    assert len(texts(svg, "local")) == 2 * length


@pytest.mark.slow
def test_an_arrow_to_another_row_begins_at_a_name() -> None:
    x = Value(0.3, label="x")
    far = t = x
    for _ in range(40):
        t = t.sin()
        far = t * x
    early = [x.exp() for _ in range(6)]
    many = autograd.sum([t, *early])

    def lanes(count: int) -> Value:
        rows = [x * float(i) for i in range(count)]
        for _ in range(40):
            rows = [y.sin() for y in rows]
        return autograd.fsum(rows)

    for root in (far, many, lanes(4), lanes(16)):
        graph = root.graph(collapse=None, max_nodes=None)
        svg = ET.fromstring(graph.svg())
        check_boxes_apart(svg)
        check_arrows_clear(svg)
        assert float(svg.get("width", "")) <= PAGE[0]
        assert len(list(of_class(svg, "edge"))) == graph.stats.edges
        names = {name for node in of_class(svg, "node") for name in texts(node, "name")}
        assert names > {*texts(svg, "chip")} > set()
