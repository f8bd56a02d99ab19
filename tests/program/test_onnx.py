"""Programs as ONNX models: what onnxruntime computes."""

import math
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import autograd
import nn
from autograd import Value
from autograd.core.primitive import TABLE
from autograd.program import compile
from tests.helpers.operands import LOGS, NAMES, POINTS, operands
from tests.helpers.program_rows import SEVERAL

np = pytest.importorskip("numpy")
onnx: Any = pytest.importorskip("onnx", reason="ONNX is not installed")
runtime: Any = pytest.importorskip("onnxruntime", reason="onnxruntime is not installed")


def ran(program: Any, path: Path, *args: Any) -> Any:
    """The output of its model."""
    file = path / "model.onnx"
    program.onnx(file)
    onnx.checker.check_model(str(file), full_check=True)
    session = runtime.InferenceSession(str(file), providers=["CPUExecutionProvider"])
    given = [np.asarray(arg, dtype=float) for arg in args]
    given = [
        each.reshape([-1 if size == "samples" else size for size in want.shape])
        for each, want in zip(given, session.get_inputs())
    ]
    feeds = {want.name: x for want, x in zip(session.get_inputs(), given)}
    [value] = session.run(["value"], feeds)
    return value


def agree(f: Callable[..., Any], path: Path, *args: Any, **options: Any) -> None:
    fast = compile(f, **options)
    expected = fast(*args)
    same(ran(fast.program, path, *args), expected)


def same(got: Any, expected: Any) -> None:
    expected = np.asarray(expected)
    np.testing.assert_allclose(got.reshape(expected.shape), expected, rtol=1e-12, atol=1e-14)


# ONNX, or onnxruntime in 64 bits, lacks these.
LACKS = {
    *["acos", "acosh", "asin", "asinh", "atan", "atan2", "atanh", "cbrt", "cosh", "erf"],
    *["erfc", "expm1", "floordiv", "hypot", "log1p", "mod", "sinh"],
}
LACKS |= {"cbrt_slope", "elu", "gelu", "normal_cdf"}  # whose rules need one of them


@pytest.mark.parametrize("name", sorted({*NAMES} - LACKS))
def test_each_operation(name: str, tmp_path: Path) -> None:
    args = operands(name)
    agree(TABLE[name], tmp_path, *args, in_axes=(0,) * len(args))


@pytest.mark.parametrize("name", sorted(LACKS & {*NAMES}))
def test_an_operation_that_onnx_lacks_is_refused_by_name(name: str, tmp_path: Path) -> None:
    args = operands(name)
    fast = compile(TABLE[name], in_axes=(0,) * len(args))
    fast(*args)
    with pytest.raises(NotImplementedError, match=r"ONNX has no \w+ in 64 bits"):
        fast.program.onnx(tmp_path / "model.onnx")
    assert not [*tmp_path.iterdir()]


def net(seed: int = 3) -> nn.MLP:
    random.seed(seed)
    return nn.MLP(4, [5, 3], activation="tanh")


def test_a_net_and_its_loss(tmp_path: Path) -> None:
    model, source = net(), np.random.default_rng(1)
    xs, ys = source.normal(size=(7, 4)), np.array([0.0, 1.0, 2.0, 2.0, 1.0, 0.0, 1.0])

    def loss(w: Any, x: Any, y: Any) -> Any:
        return nn.cross_entropy([[w * z for z in model(x)]], [y])

    for reduce in ("mean", "sum"):
        agree(loss, tmp_path, 0.5, xs, ys, in_axes=(None, 0, 0), reduce=reduce)
    w = np.array([model.layers[0].neurons[0].w[0].data] * 6)
    agree(
        lambda w, x: (w[:4] @ x + w[5]) * w[4], tmp_path, w, xs, in_axes=(None, 0), reduce="sum"
    )


REFUSED = {  # by the operation that ONNX lacks
    "hypot and a strong zero": "hypot",
    "take": "floordiv",
    "take of numbers": "floordiv",
    "dot and mod": "mod",
    "where": "floordiv",
    "clip and atan2": "atan2",
    "operations that depend on no operand": "cbrt",
}


@pytest.mark.parametrize("name", SEVERAL)
def test_several_operands(name: str, tmp_path: Path) -> None:
    f = SEVERAL[name].f
    if name not in REFUSED:
        agree(f, tmp_path, POINTS, in_axes=(0,), reduce="sum")
        agree(f, tmp_path, POINTS[0])
        return
    fast = compile(f, in_axes=(0,))
    fast(POINTS)
    with pytest.raises(NotImplementedError, match=f"ONNX has no {REFUSED[name]} in 64 bits"):
        fast.program.onnx(tmp_path / "model.onnx")


CHOICES: list[Callable[..., Any]] = [
    lambda x: autograd.take(x, autograd.where(x[0] > 1.0, 2.0, 0.0)),
    lambda x: autograd.take([2.0, 7.0], autograd.where(x[0] > 1.0, 1.0, 0.0)) * x[1].sin(),
    lambda x: autograd.where(x[0] > x[1], x[0] * x[2], x[1].exp()),
    lambda x: autograd.where(x[0] != x[1], autograd.clip(x[2], -1.0, 1.0), 0.0),
    lambda x: pow(1.0, x[1]) * autograd.leaky_relu(0.5, x[2]),
]


@pytest.mark.parametrize("f", CHOICES)
def test_choices(f: Callable[..., Any], tmp_path: Path) -> None:
    agree(f, tmp_path, POINTS[:3], in_axes=(0,), reduce="sum")
    agree(f, tmp_path, POINTS[0])


def test_infinite_logs(tmp_path: Path) -> None:
    agree(lambda x: autograd.logsumexp(x), tmp_path, LOGS, in_axes=(0,))


def cubes(w: Any, points: Any) -> Any:
    """A sum over samples, written out: it is found to be one body in many lanes."""
    return sum((w[0] * x + w[1]) ** 3 if x is not points[3] else x for x in points) / 20.0


def test_samples_that_were_found(tmp_path: Path) -> None:
    agree(cubes, tmp_path, np.array([0.5, 1.0]), np.linspace(-1.0, 1.0, 20))


def test_another_way_gives_nan(tmp_path: Path) -> None:
    fast = compile(lambda x: x * x if 0.0 < x < 9.0 else -x, in_axes=(0,))
    fast([1.0, 2.0])
    assert ran(fast.program, tmp_path, [1.0, 2.0]).tolist() == [1.0, 4.0]
    got = ran(fast.program, tmp_path, [1.0, -2.0])
    assert got[0] == 1.0
    assert np.isnan(got[1])


def test_several_results(tmp_path: Path) -> None:
    k = Value(3.0)
    fast = compile(lambda x, y: [x[0] * y, k * x[1]], in_axes=(0, None))
    points = np.array([[1.0, 2.0], [3.0, 4.0]])
    expected = fast(points, 2.0)
    same(ran(fast.program, tmp_path, points, 2.0), expected)
    inputs = onnx.load(tmp_path / "model.onnx").graph.input
    assert [each.name for each in inputs] == ["x", "y"]


@pytest.mark.parametrize("sign", [2.0, -2.0, 0.0, -0.0])
def test_a_sign(sign: float, tmp_path: Path) -> None:
    """A rule may take the sign of a number, or of an operand."""
    signed = autograd.primitive("tests.signed", lambda x: math.copysign(x, sign), max)
    agree(signed, tmp_path, np.array([-3.0, 3.0]), in_axes=(0,))
    other = autograd.primitive("tests.other", math.copysign, max, max)
    agree(lambda x: other(3.0, x), tmp_path, np.array([sign, 1.0]), in_axes=(0,))


def test_a_rule_of_operations_that_onnx_has(tmp_path: Path) -> None:
    rule = lambda x: autograd.exp(-x * x) + autograd.sigmoid(x)  # noqa: E731
    own = autograd.primitive("tests.bump", rule, lambda out, x: x)
    agree(own, tmp_path, np.array([-3.0, 0.5, 3.0]), in_axes=(0,))


@pytest.mark.parametrize("name", ["softplus", "logsumexp"])
def test_tails_are_right_in_absolute_terms(name: str, tmp_path: Path) -> None:
    xs = np.array([-50.0, -1e-9, 0.0, 30.0, 700.0])
    pairs = np.stack([xs, 0.0 * xs], 1) if name == "logsumexp" else xs
    fast = compile(lambda x: TABLE[name](x), in_axes=(0,))
    expected = np.asarray(fast(pairs))
    found = ran(fast.program, tmp_path, pairs).reshape(expected.shape)
    assert found == pytest.approx(expected, rel=1e-14, abs=1e-15)
