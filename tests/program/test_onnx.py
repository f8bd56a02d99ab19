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


@pytest.mark.parametrize("name", NAMES)
def test_each_operation(name: str, tmp_path: Path) -> None:
    args = operands(name)
    agree(TABLE[name], tmp_path, *args, in_axes=(0,) * len(args))


@pytest.mark.parametrize("name", ["erf", "erfc"])
def test_composed_error_functions(name: str, tmp_path: Path) -> None:
    xs = np.concatenate([np.linspace(-7.0, 26.0, 500), 10.0 ** np.linspace(-300, 0, 50)])
    fast = compile(TABLE[name], in_axes=(0,))
    fast(xs)
    expected = [TABLE[name](x) for x in xs.tolist()]
    np.testing.assert_allclose(ran(fast.program, tmp_path, xs), expected, rtol=1e-13)


EDGES = [0.0, -0.0, 1.0, -1.0, 2.0, 1e200, -1e200, 1e-200, 1e308]


@pytest.mark.parametrize("name", ["atan2", "hypot"])
def test_zeros_of_both_signs_and_numbers_of_any_size(name: str, tmp_path: Path) -> None:
    ys, xs = [np.ravel(each) for each in np.meshgrid(EDGES, EDGES)]
    fast = compile(TABLE[name], in_axes=(0, 0))
    fast(ys[:1], xs[:1])
    expected = np.array([TABLE[name](y, x) for y, x in zip(ys.tolist(), xs.tolist())])
    found = ran(fast.program, tmp_path, ys, xs).reshape(-1)
    np.testing.assert_allclose(found, expected, rtol=1e-13, atol=0.0)


@pytest.mark.parametrize("number", [0.0, -0.0, -2.0])
def test_angles_of_a_number(number: float, tmp_path: Path) -> None:
    xs = np.array([1.0, -1.0, 0.5, -1e200])
    for f in (lambda x: autograd.atan2(number, x), lambda x: autograd.atan2(x, number)):
        agree(f, tmp_path, xs, in_axes=(0,))


@pytest.mark.parametrize("name", ["sinh", "cosh", "log1p", "acosh", "asinh"])
def test_as_far_as_the_result_is_finite(name: str, tmp_path: Path) -> None:
    xs = np.array([1.0, 1.0 + 1e-15, 1.5, 30.0, 700.5, 709.9, 710.0])
    more = (
        [1e-20, 1e-10, -700.0, -710.4] if name in ("sinh", "cosh") else [1e100, 1e154, 1.7e308]
    )
    xs = np.array([*xs, *more])
    fast = compile(TABLE[name], in_axes=(0,))
    expected = [TABLE[name](x) for x in xs.tolist()]
    assert fast(xs) is not None
    np.testing.assert_allclose(ran(fast.program, tmp_path, xs).ravel(), expected, rtol=1e-13)


def test_expm1_where_exp_is_subnormal(tmp_path: Path) -> None:
    agree(autograd.expm1, tmp_path, np.linspace(-750.0, -30.0, 500), in_axes=(0,))


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


@pytest.mark.parametrize("f", [row.f for row in SEVERAL.values()], ids=[*SEVERAL])
def test_several_operands(f: Callable[..., Any], tmp_path: Path) -> None:
    agree(f, tmp_path, POINTS, in_axes=(0,), reduce="sum")
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


def test_a_sign(tmp_path: Path) -> None:
    signed = autograd.primitive("tests.signed", lambda x: math.copysign(x, -2.0), max)
    agree(signed, tmp_path, np.array([-3.0, 3.0]), in_axes=(0,))
