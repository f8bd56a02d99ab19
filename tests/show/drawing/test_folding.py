"""Repeats are found by structure; and every picture of a large graph fits a page."""

import random
import xml.etree.ElementTree as ET
from collections.abc import Callable
from itertools import product
from operator import mul

import pytest

import autograd
import nn
from autograd import Value
from autograd.show.drawing.fitting import PAGE, fit
from autograd.show.drawing.options import Options
from tests.helpers.examples import chain
from tests.helpers.svg import check_arrows_clear, check_boxes_apart, of_class, texts
from tests.helpers.tables import table


def titles(root: Value) -> set[str]:
    boxes = fit(root.graph(), Options()).picture.boxes
    return {f"{box.times:,} × {box.formula}" for box in boxes if box.formula}


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


def doubled() -> Value:
    a, t = Value(0.4, label="a"), Value(0.3, label="x")
    for _ in range(100):
        t = t * a + t * a
    return t


def maxima() -> Value:
    xs = [Value(float(i), label=f"x{i}") for i in range(20)]
    pairs = [[x.exp(), xs[i - 1]][:: i % 2 * 2 - 1] for i, x in enumerate(xs)]
    return autograd.fsum([autograd.maximum(*pair) for pair in pairs]) * 1.0


def convolution() -> Value:
    """Its rows are alike, but all that goes from one to the next is the sum."""
    xs = [[Value(float(i * j % 3), label=f"x[{i},{j}]") for j in range(5)] for i in range(5)]
    ks = [[Value(float(i - j), label=f"k[{i},{j}]") for j in range(3)] for i in range(3)]
    places = [*product(range(3), repeat=2)]
    total = Value(0.0, label="start")
    for i, j in places:
        total = total + sum([ks[a][b] * xs[i + a][j + b] for a, b in places], Value(0.0)).relu()
    return total


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
    table(
        """
growth | {"988 × x[t-1] * 1.001"}
squares | {"60 × (w * … + b - …)²", "1 × (Σ v6) / 60.0"}
one_leaf | {"1 × Σ w * …"}
lambda: loop(100) | {"100 × tanh(x[t-1] * a + b)", "1 × x * 1.0"}
doubled | {"100 × x[t-1] * a + x[t-1] * a"}
convolution | {"81 × k * x", "9 × relu(v4 + Σ v3)", "1 × start + Σ v38"}
maxima | {"1 × Σ maximum(exp(x), x)", "1 × v61 * 1.0"}
""",
        globals(),
    ),
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


def lotka(steps: int) -> Value:
    """Two numbers that make each other: steps of Euler's method."""
    a, b, c, d = [Value(x, label=name) for x, name in zip((1.1, 0.4, 0.1, 0.4), "abcd")]
    x, y = Value(10.0, label="x0"), Value(5.0, label="y0")
    for _ in range(steps):
        dx, dy = a * x - b * x * y, c * x * y - d * y
        x, y = x + 0.05 * dx, y + 0.05 * dy
    return (x - 5.0) ** 2 + (y - 4.0) ** 2


def decay(steps: int) -> Value:
    k, y = Value(0.5, label="k"), Value(1.0, label="y0")
    for _ in range(steps):
        y = y + 0.1 * (-k * y)
    return (y - 0.1) ** 2


@pytest.mark.parametrize("make", [lotka, decay])
def test_steps_are_drawn_as_one_step_whose_state_goes_round(
    make: Callable[[int], Value],
) -> None:
    root = make(50)
    drawn = fit(root.graph(), Options()).picture
    assert {box.title for box in drawn.boxes if box.kind == "leaf"} == {
        node.label for node in root.graph() if node.label
    }  # nothing is left out
    states = {edge.tail for edge in drawn.edges if edge.goes_round}
    assert {box.title for box in states} == ({"x", "y"} if make is lotka else {"y"})
    assert all(
        box.times == 50 for box in drawn.boxes if box.kind == "formula" and box.times > 1
    )
    svg = ET.fromstring(root.graph().svg())
    check_boxes_apart(svg)
    assert len(list(of_class(svg, "edge"))) == len(drawn.edges)


def test_a_loss_over_ten_samples_has_each_leaf_once() -> None:
    w, b = Value(0.5, label="w"), Value(0.1, label="b")
    xs = [Value(float(i), label=f"x{i}") for i in range(10)]
    ys = [Value(float(i % 3), label=f"y{i}") for i in range(10)]
    loss = autograd.sum([(w * x + b - y) ** 2 for x, y in zip(xs, ys)]) / 10.0
    drawn = fit(loss.graph(), Options()).picture
    assert [box.title for box in drawn.boxes if box.title in "wbxy"] == ["w", "x", "b", "y"]
    arrows = [(edge.tail.title, edge.head.title) for edge in drawn.edges]
    assert len({*arrows}) == len(arrows)
    assert "Σ (w * x + b - y)²" in [box.formula for box in drawn.boxes]


def kalman(steps: int) -> Value:
    """The likelihood of a Kalman filter: its parts reach the loss at different depths."""
    q, r, a = [Value(x, label=name) for x, name in zip((0.1, 0.5, 0.9), "qra")]
    x, p, loss = Value(0.0, label="x0"), Value(1.0, label="p0"), Value(0.0, label="start")
    for t in range(steps):
        z = Value(float(t % 3), label=f"z{t}")
        x, p = a * x, a * a * p + q
        s, e = p + r, z - x
        loss = loss + s.log() + e * e / s
        x, p = x + p / s * e, (1.0 - p / s) * p
    return loss


def test_a_filter_is_one_step_and_loses_no_leaf() -> None:
    root = kalman(8)
    drawn = fit(root.graph(), Options()).picture
    assert {box.title for box in drawn.boxes if box.kind != "formula"} == {
        *("q", "r", "a", "x0", "p0", "start", "z")
    } | {box.title for box in drawn.boxes if box.kind == "operation"}
    assert max(box.times for box in drawn.boxes) == 8
    assert "left out" not in drawn.note


def test_no_box_stands_alone_in_a_row() -> None:
    for length in range(12, 40):
        t = Value(0.3, label="x")
        for _ in range(length):
            t = t.sin()
        boxes = fit(t.graph(collapse=None), Options(collapse=None)).picture.boxes
        rows = [box.row for box in boxes]
        assert all(rows.count(row) > 1 for row in rows)


def recurrent(steps: int, wide: int) -> Value:
    """A recurrent network, written by hand: units that read all of them of the step before."""
    w = [[Value(0.3, label=f"W{i}{j}") for j in range(wide)] for i in range(wide)]
    u, h = [[Value(0.1, label=f"{name}{i}") for i in range(wide)] for name in "uh"]
    for t in range(steps):
        x = Value(float(t % 3), label=f"x{t}")
        products = [(row, h, a * x) for row, a in zip(w, u)]
        if wide > 4:
            h = [autograd.dot(*each).tanh() for each in products]
        else:
            h = [(sum(map(mul, row, h), start) + 0.5).tanh() for row, h, start in products]
    return (h[0] + h[-1] - 1.0) ** 2


def test_a_recurrent_network_is_one_step_with_its_units() -> None:
    drawn = fit(recurrent(12, 2).graph(), Options()).picture
    formulas = {box.formula for box in drawn.boxes if box.times == 12}
    for i in "01":  # so the leaves that it names have boxes
        assert f"u{i} * x + W{i}0 * h0[t-1] + W{i}1 * h1[t-1] + 0.5" in formulas
    assert {edge.tail.title for edge in drawn.edges if edge.goes_round} == {"h0", "h1"}


@pytest.mark.parametrize(("wide", "read"), [(4, "W * h[t-1]"), (5, "tanh(u * x + Σ W·h[t-1])")])
def test_many_units_of_a_step_are_drawn_once(wide: int, read: str) -> None:
    found = {text.partition(" × ")[2] for text in titles(recurrent(4, wide))}
    assert read in found
    assert len(found) < 5


def test_no_row_breaks_within_a_step() -> None:
    w, u, b, h = [Value(x, label=name) for x, name in zip((0.5, 0.8, 0.1, 0.0), "wubh")]
    for t in range(4):
        h = (w * h + u * Value(float(t), label=f"x{t}") + b).tanh()
    rows: dict[int, set[int]] = {}
    for box in fit((h - 1.0).graph(), Options()).picture.boxes:
        rows.setdefault(box.step, set()).add(box.row)
    assert [len(rows[step]) for step in range(4)] == [1] * 4
    assert len(set.union(*rows.values())) > 1
