"""An operation that is added to the table alone works everywhere."""

import json
import math
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

import autograd
import nn
from autograd import Value, primitive, value_and_grad
from autograd.core.primitive import TABLE, Primitive
from autograd.testing import check_gradients
from tests.helpers.in_c import built, needs_compiler

np = pytest.importorskip("numpy")
POINTS = [[-3.0, 0.5], [-0.2, 2.0], [0.0, 1.0], [0.7, 0.1], [40.0, 3.0]]


def squash(x: float, a: float) -> float:
    if a <= 0.0:
        raise ValueError
    return x / math.sqrt(a + x * x) if abs(x) < 30.0 else math.copysign(1.0, x)


def slope(out: Any, x: Any, a: Any) -> Any:
    return a / (a + x * x) ** 1.5 if -30.0 < x < 30.0 else 0.0


def slope_of_scale(out: Any, x: Any, a: Any) -> Any:
    return -0.5 * x / ((a + x * x) ** 0.5) ** 3.0 if -30.0 < x < 30.0 else 0.0


@pytest.fixture(params=["squash", "tests.squash"])
def op(request: Any) -> Iterator[Primitive]:
    yield primitive(request.param, squash, slope, slope_of_scale, domain="a > 0")
    del TABLE[request.param]


def results(f: Any) -> list[Any]:
    """By each point, the value and the gradient of one pass by Values."""
    return [value_and_grad(f)(x) for x in POINTS]


def test_by_values_and_in_the_checker(op: Primitive) -> None:
    with pytest.raises(ValueError):
        op(1.0, -1.0)
    for x in POINTS:
        check_gradients(lambda x: op(x[0] * x[0], x[1]), x)
    wrong = primitive("tests.wrong", squash, slope_of_scale, slope_of_scale)
    with pytest.raises(AssertionError):
        check_gradients(lambda x: wrong(x[0], x[1]), POINTS[1])


@pytest.mark.parametrize("kernel", ["", "numpy"])
def test_compiled(op: Primitive, kernel: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AUTOGRAD_KERNEL", kernel)
    fast = autograd.compile(lambda x: op(x[0], x[1]) * x[1] + x[0])
    for x, (value, gradient) in zip(POINTS, results(fast.f)):
        got, d = fast.value_and_grad(x)
        assert got == pytest.approx(value, rel=1e-14)
        assert d == pytest.approx(gradient, rel=1e-13, abs=1e-15)
    with pytest.raises(ValueError):
        fast([1.0, -1.0])
    every = autograd.compile(fast.f, in_axes=0)
    assert every(np.array(POINTS)) == pytest.approx([y for y, _ in results(fast.f)], rel=1e-14)
    source = fast.program.source("numpy")
    assert "np.sqrt" in source
    assert "each" not in source


@needs_compiler
def test_in_c(op: Primitive, tmp_path: Path) -> None:
    fast = autograd.compile(lambda x: op(x[0], x[1]) * x[1] + x[0])
    fast(POINTS[0])
    call = built(fast.program.source("c"), tmp_path)
    for x, (value, gradient) in zip(POINTS, results(fast.f)):
        [out], d = call(x, [1.0])
        assert out == pytest.approx(value, rel=1e-15)
        assert d == pytest.approx(gradient, rel=1e-13, abs=1e-15)
    assert math.isnan(call([1.0, -1.0], [1.0])[0][0])


@pytest.mark.skipif(shutil.which("node") is None, reason="needs Node.js")
def test_in_javascript(op: Primitive) -> None:
    fast = autograd.compile(lambda x: op(x[0], x[1]) * x[1] + x[0])
    fast(POINTS[0])
    script = fast.program.source("javascript")
    script += f"const points = {json.dumps(POINTS)};\n"
    script += "const found = points.map((x) => gradient(x, [], [1]));\n"
    script += (
        "let error;\ntry { value([1, -1], []); } catch (caught) { error = caught.type; }\n"
    )
    script += "console.log(JSON.stringify([found, error]));"
    told = subprocess.run(["node"], input=script, capture_output=True, text=True, check=True)
    found, error = json.loads(told.stdout)
    for (value, gradient), ([out], d, _) in zip(results(fast.f), found):
        assert out == pytest.approx(value, rel=1e-15)
        assert d == pytest.approx(gradient, rel=1e-13, abs=1e-15)
    assert error == "ValueError"


def test_in_jax_and_onnx(op: Primitive, tmp_path: Path) -> None:
    jax: Any = pytest.importorskip("jax", reason="JAX is not installed")
    before = jax.config.jax_enable_x64
    jax.config.update("jax_enable_x64", True)
    fast = autograd.compile(lambda x: op(x[0], x[1]) * x[1] + x[0])
    fast(POINTS[0])
    theirs = jax.jit(jax.value_and_grad(fast.program.jax()))
    for x, (value, gradient) in zip(POINTS, results(fast.f)):
        got, d = theirs(np.array(x))
        assert float(got) == pytest.approx(value, rel=1e-14)
        assert d.tolist() == pytest.approx(gradient, rel=1e-13, abs=1e-15)
    hessian = autograd.hessian(fast.f)(POINTS[0])
    got = jax.hessian(fast.program.jax())(np.array(POINTS[0]))
    assert np.allclose(got, hessian, rtol=1e-12)
    assert math.isnan(float(theirs(np.array([1.0, -1.0]))[0]))
    jax.config.update("jax_enable_x64", before)
    runtime: Any = pytest.importorskip("onnxruntime", reason="ONNX is not installed")
    fast.program.onnx(tmp_path / "model.onnx")
    session = runtime.InferenceSession(str(tmp_path / "model.onnx"))
    for x, (value, _) in zip(POINTS, results(fast.f)):
        [got] = session.run(["value"], {session.get_inputs()[0].name: np.array(x)})
        assert float(got) == pytest.approx(value, rel=1e-13)


def shown(op: Primitive, x: Sequence[float]) -> Any:
    a, b = Value(x[0], label="a"), Value(x[1], label="b")
    y = op(a, b)
    y.label = "y"
    y.backward()
    return y


def test_in_latex_and_pictures(op: Primitive) -> None:
    graph = shown(op, [0.7, 0.1]).graph()
    latex = graph.latex()
    assert r"\operatorname{squash}\left(a, b\right)" in latex
    assert (
        r"\frac{\partial y}{\partial a} &= \frac{b}{{\left(b + a \cdot a\right)}^{1.5}}"
        in latex
    )
    assert r"\frac{\partial y}{\partial a} &= 0" in shown(op, [40.0, 3.0]).graph().latex()
    assert "squash" in graph.svg()
    assert "squash" in graph.html()


def test_an_activation_is_drawn_in_its_layer() -> None:
    halve = primitive("tests.halve", lambda x: x / 2.0, lambda out, x: 0.5, traits="activation")
    y = nn.MLP(1, [1, 1], activation=halve)([Value(1.0)])
    [node] = [node for node in y.graph().nodes if node.op is halve]
    assert node.name == "layers.0.neurons.0.out"
    del TABLE["tests.halve"]
