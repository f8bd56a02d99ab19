"""Programs written for other engines' Values, and NumPy's object arrays."""

from __future__ import annotations

import random
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import pytest

from autograd import Value
from tests.core.microgpt import PlainValue, train


def readme_example(value: Callable[[float], Any]) -> tuple[Any, Any, Any]:
    """The expression on micrograd's front page."""
    a = value(-4.0)
    b = value(2.0)
    c = a + b
    d = a * b + b**3
    c += c + 1
    c += 1 + c + (-a)
    d += d * 2 + (b + a).relu()
    d += 3 * d + (b - a).relu()
    e = c - d
    f = e**2
    g = f / 2.0
    g += 10.0 / f
    g.backward()
    return g.data, a.grad, b.grad


def test_micrograds_front_page() -> None:
    g, a, b = readme_example(Value)
    assert (f"{g:.4f}", f"{a:.4f}", f"{b:.4f}") == ("24.7041", "138.8338", "645.5773")
    assert g == 24.70408163265306


def test_micrograds_front_page_to_micrograds_bits() -> None:
    engine = pytest.importorskip("micrograd.engine", reason="micrograd is not installed")
    assert readme_example(Value)[0] == readme_example(engine.Value)[0]
    for ours, theirs in zip(readme_example(Value)[1:], readme_example(engine.Value)[1:]):
        assert ours == pytest.approx(theirs, rel=4 * 2.0**-52, abs=0.0)


def test_micrograds_names() -> None:
    a, b = Value(2.0, label="a"), Value(3.0)
    y = a * b
    assert (y._prev, y._op, a._prev, a._op) == ({a, b}, "*", set(), "")
    assert (a + b)._op == "+"
    assert a.relu()._op == "ReLU"
    assert a.tanh()._op == "tanh"


# What micrograd 0.1.0 prints with its own Value, to the last digit.
MICROGRAD_LOSSES = [
    0.8958441028683222,
    1.723590533697202,
    0.742900631385113,
    0.7705641260584202,
    0.3692793385976538,
    0.31354548191852194,
    0.2814234349772435,
    0.26888733313983904,
    0.2567147286057417,
    0.27048625516379227,
]


def moons_losses(nn: Any, value: Callable[[float], Any], steps: int) -> list[float]:
    """micrograd's demo: two moons, an SVM loss, weight decay and gradient descent."""
    datasets = pytest.importorskip("sklearn.datasets", reason="scikit-learn is not installed")
    points, classes = datasets.make_moons(n_samples=100, noise=0.1, random_state=1337)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(nn, "Value", value)
        random.seed(1337)
        model = nn.MLP(2, [16, 16, 1])
        losses = []
        for step in range(steps):
            scores = [model(list(map(value, point))) for point in points]
            hinges = [(1 + -t * score).relu() for t, score in zip(2 * classes - 1, scores)]
            data_loss = sum(hinges) * (1.0 / len(hinges))
            loss = data_loss + 1e-4 * sum(p * p for p in model.parameters())
            model.zero_grad()
            loss.backward()
            for p in model.parameters():
                p.data -= (1.0 - 0.9 * step / 100) * p.grad
            losses.append(loss.data)
    return losses


def test_micrograds_own_network_on_our_value() -> None:
    nn = pytest.importorskip("micrograd.nn", reason="micrograd is not installed")
    losses = moons_losses(nn, Value, len(MICROGRAD_LOSSES))
    assert losses == pytest.approx(MICROGRAD_LOSSES, rel=1e-12, abs=0.0)


def test_a_small_gpt() -> None:
    assert train(Value, 20) == pytest.approx(train(PlainValue, 20), rel=1e-10, abs=0.0)


# ---------------------------------------------------------------- NumPy

np = pytest.importorskip("numpy", reason="NumPy is not installed")

UFUNCS = """
exp exp2 expm1 log log2 log10 log1p sqrt cbrt sin cos tan arcsin arccos arctan sinh cosh tanh
arcsinh arctanh absolute negative square reciprocal
"""


def values(*numbers: float) -> Any:
    return np.array([Value(x) for x in numbers], dtype=object)


@pytest.mark.parametrize("name", UFUNCS.split())
def test_a_ufunc_maps_over_an_object_array(name: str) -> None:
    ufunc, xs = getattr(np, name), values(0.25, 0.75)
    result = ufunc(xs)
    assert [type(y) for y in result] == [Value, Value]
    wanted = ufunc(np.array([0.25, 0.75]))
    assert [y.data for y in result] == pytest.approx(list(wanted), rel=2.0**-51, abs=0.0)
    assert all(y.inputs[0] is x for x, y in zip(xs, result))


def test_ufuncs_of_two_arrays() -> None:
    xs, ys = values(0.25, 0.75), values(2.0, 0.5)
    for ufunc in (np.arctan2, np.hypot, np.add, np.subtract, np.multiply, np.divide, np.power):
        result = ufunc(xs, ys)
        wanted = ufunc(np.array([0.25, 0.75]), np.array([2.0, 0.5]))
        assert [y.data for y in result] == pytest.approx(list(wanted), rel=2.0**-51, abs=0.0)
    assert np.maximum(xs, ys).tolist() == [ys[0], xs[1]]
    assert np.arccosh(values(2.0))[0].data == Value(2.0).acosh().data


def test_a_layer_of_object_arrays() -> None:
    w = values(0.5, -1.0, 2.0, 0.25).reshape(2, 2)
    x = np.array([3.0, 4.0])
    loss = np.tanh(w @ x).sum()
    loss.backward()
    slopes = 1.0 - np.tanh(np.array([[0.5, -1.0], [2.0, 0.25]]) @ x) ** 2
    grads = np.array([[p.grad for p in row] for row in w])
    assert grads == pytest.approx(np.outer(slopes, x), rel=1e-9)


def test_arrays_spread_over_an_operator() -> None:
    v: Any = Value(2.0)
    numbers = np.array([1.0, 3.0])
    for left, right in ((v, numbers), (numbers, v)):
        assert [y.data for y in left * right] == [2.0, 6.0]
        assert [y.data for y in left + right] == [3.0, 5.0]
    assert [y.data for y in v - numbers] == [1.0, -1.0]
    assert [y.data for y in numbers / v] == [0.5, 1.5]
    assert [y.data for y in v**numbers] == [2.0, 8.0]
    assert (numbers > v).tolist() == [False, True]


@pytest.mark.parametrize(
    "kind", [np.float64, np.float32, np.int64, np.int8, np.array, Fraction]
)
def test_numbers_of_other_kinds(kind: Callable[[int], Any]) -> None:
    two, v = kind(2), Value(3.0)
    results = [two * v, v * two, two + v, v + two, two - v, v - two, two / v, v / two, two**v]
    assert all(type(y) is Value for y in results)
    assert [y.data for y in results] == [6.0, 6.0, 5.0, 5.0, -1.0, 1.0, 2 / 3, 1.5, 8.0]
    assert two < v
    assert v > two
    (v * two).backward()
    assert (type(v.grad), v.grad) == (float, 2.0)


def test_numpy_numbers_as_data() -> None:
    x = Value(np.float32(0.1))
    x.grad = np.float64(2.0)
    assert (type(x.data), x.data, type(x.grad)) == (float, float(np.float32(0.1)), float)
