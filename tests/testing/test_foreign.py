"""Gradients by hand and of other frameworks, each right or with one fault: all are told apart.

A row is what went wrong, the check, and what its report must say; a right one passes.
"""

from __future__ import annotations

import math  # noqa: F401  (rows name it)
import random
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from autograd.testing import (
    GradientError,
    check_gradients,
    check_hessian,  # noqa: F401  (rows name these)
    check_jacobian,  # noqa: F401
    check_jax,
    check_jvp,  # noqa: F401
    check_scipy,
    check_torch,
    check_vjp,
)
from tests.helpers.tables import table

DRAW = np.random.default_rng(7)
X, V, P = DRAW.normal(size=(5, 3)), np.array([0.4, -0.3, 0.9]), np.array([0.3, 1.7, 0.8])
W = DRAW.normal(size=(3, 3))
ANOTHER = "differences give another value"
INFINITE = "it is infinite where differences are not"
NAN, RANDOM = "it is NaN where f is finite", "the derivative is nondeterministic"
LONG = np.linspace(-4.0, 4.0, 100, dtype="f4")
HILBERT = 1.0 / (np.arange(6.0) + np.arange(1.0, 7.0)[:, None])
Row = tuple[str, Callable[[], Any], str]  # what went wrong, the check, and its words


def loss(w: Any) -> Any:
    return np.mean(np.tanh(X @ w))


def slope(w: Any) -> Any:
    return X.T @ (1.0 - np.tanh(X @ w) ** 2) / len(X)


def curve(w: Any) -> Any:
    t = np.tanh(X @ w)
    return X.T @ np.diag(-2.0 * t * (1.0 - t * t)) @ X / len(X)


def jacobian(x: Any) -> Any:
    return (1.0 - np.tanh(W @ x) ** 2)[:, None] * W


def layer(x: Any) -> Any:
    return np.tanh(W @ x)


def noise() -> float:
    return 1.0 + 1e-5 * random.random()


def single(f: Any) -> Any:
    """Of arrays in float32."""
    return lambda x: np.asarray(f(np.asarray(x, "f4")), "f4")


class Kept:
    """As layers keep what their backward pass takes."""

    def loss(self, w: Any) -> Any:
        self.w = w
        return loss(w)

    def slope(self, w: Any) -> Any:
        return slope(self.w)


KEPT = Kept()


def doubled(f: Any) -> Any:
    """Of twice what it is given, by changing that."""

    def changed(x: Any) -> Any:
        x *= 2.0
        return f(x)

    return changed


def by_hand(gradient: Any, f: Any = loss, x: Any = V, **options: Any) -> Callable[[], None]:
    return lambda: check_gradients(f, x, gradient=gradient, **options)


def numpy_rows() -> list[Row]:
    return [*table("""
"right" | by_hand(slope) | ""
"right in a list" | by_hand(lambda w: [*slope(w)]) | ""
"right in float32" | by_hand(single(slope), single(loss), V.astype("f4")) | ""
"right in float32, beside a large term" |
    by_hand(single(slope), lambda w: single(loss)(w) + np.float32(9), V.astype("f4")) | ""
"right in float32, from a float" | by_hand(single(slope), lambda w: float(single(loss)(w))) |
    ""
"right at a kink" | by_hand(np.sign, lambda x: np.sum(np.abs(x)), np.eye(2)) | ""
"right and infinite" | by_hand(lambda x: math.inf, math.sqrt, 0.0) | ""
"right but for round-off that differs" |
    by_hand(lambda w: slope(w) * (1.0 + 1e-14 * random.random())) | ""
"right by what f kept" | by_hand(KEPT.slope, KEPT.loss) | ""
"right Jacobian" | lambda: check_jacobian(layer, V, jacobian=jacobian) | ""
"right vjp" | lambda: check_vjp(layer, V, vjp=lambda x, u: jacobian(x).T @ u) | ""
"right jvp" | lambda: check_jvp(layer, V, jvp=lambda x, v: jacobian(x) @ v) | ""
"right Hessian" | lambda: check_hessian(loss, V, hessian=curve, gradient=slope) | ""
"twice" | by_hand(lambda w: 2.0 * slope(w)) | f"{ANOTHER}; it is twice what"
"half" | by_hand(lambda w: 0.5 * slope(w)) | f"{ANOTHER}; it is half of what"
"the sign" | by_hand(lambda w: -slope(w)) | f"{ANOTHER}; its sign is wrong"
"a sum for a mean" | by_hand(lambda w: 5.0 * slope(w)) | f"{ANOTHER}; it is 5 times"
"a mean for a sum" | by_hand(slope, lambda w: 5 * loss(w)) | f"{ANOTHER}; it is 1/5 of"
"float32, a sum for a mean" |
    by_hand(single(np.exp), lambda x: single(np.exp)(x).mean(), LONG) | "it is 100 times"
"log2 by log" | by_hand(lambda x: 1 / x, np.log2, 3.0) | "it is log(2) times"
"nothing" | by_hand(np.zeros_like) | f"{ANOTHER}; it is 0"
"one part in 1,000" | by_hand(lambda w: 1.001 * slope(w)) | ANOTHER
"float32, one part in 20" |
    by_hand(single(lambda w: 1.05 * slope(w)), single(loss), V.astype("f4")) | ANOTHER
"one element" | by_hand(lambda w: slope(w) * [1.0, 1.01, 1.0]) | "argument 0[1]"
"NaN" | by_hand(lambda w: slope(w) * [1.0, 1.0, math.nan]) | NAN
"0 / 0 at 0" |
    by_hand(lambda x: np.divide(x, np.linalg.norm(x)), np.linalg.norm, np.zeros(2)) | NAN
"infinite" | by_hand(lambda w: slope(w) * [1.0, math.inf, 1.0]) | INFINITE
"infinite at an edge" | by_hand(lambda x: math.inf, lambda x: x * math.sqrt(x), 0.0) |
    INFINITE
"random" | by_hand(lambda w: slope(w) * noise()) | RANDOM
"dropout" | by_hand(slope, lambda w: loss(w) * noise()) | "f is nondeterministic"
"random vjp" | lambda: check_vjp(layer, V, vjp=lambda x, u: jacobian(x).T @ u * noise()) |
    RANDOM
"random jvp" | lambda: check_jvp(layer, V, jvp=lambda x, v: jacobian(x) @ v * noise()) |
    RANDOM
"a column" | by_hand(lambda w: slope(w)[:, None]) | "(3, 1), and must have (3,): reshape it"
"a bias by sample" |
    by_hand(lambda b: 1.0 - np.tanh(X + b) ** 2, lambda b: np.sum(np.tanh(X + b))) |
    "(5, 3), and must have (3,): is it not summed over axis 0?"
"one gradient for two arguments" |
    lambda: check_gradients(lambda w, b: np.sum(w + b), V, V, gradient=lambda w, b: w) |
    "gradient must be a tuple of 2, one for each argument"
"the gradient in place" | by_hand(doubled(lambda w: slope(0.5 * w))) |
    "the derivative changes its arguments in place"
"a matrix the other way round" |
    by_hand(lambda w: slope(w @ P)[:, None] * P, lambda w: loss(w @ P), W * 0.1) | ""
"a gradient transposed" |
    by_hand(lambda w: P[:, None] * slope(w @ P), lambda w: loss(w @ P), W * 0.1) |
    f"{ANOTHER}; it is transposed"
"a Jacobian transposed" | lambda: check_jacobian(layer, V, jacobian=lambda x: jacobian(x).T) |
    f"{ANOTHER}; it is transposed"
"a Jacobian of another shape" |
    lambda: check_jacobian(lambda x: W[:2] @ x, V, jacobian=lambda x: W[:2].T) |
    "(3, 2), and must have (2, 3): is it transposed?"
"a Hessian by half" |
    lambda: check_hessian(loss, V, hessian=lambda w: curve(w) / 2.0, gradient=slope) |
    f"{ANOTHER}; it is half of"
""", globals() | locals()),
        ("right, of a system that rounds",
         by_hand(lambda b: np.linalg.solve(HILBERT, np.ones(6)),
                 lambda b: np.sum(np.linalg.solve(HILBERT, b)), np.ones(6)), ""),
        ("a bias by sample, the second argument",
         lambda: check_gradients(
             lambda w, b: np.sum(X @ w + b), V, 0.1, gradient=lambda w, b: (X.sum(0), X[:, 0])),
         "gradient[1] has the shape (5,), and must have (): is it not summed over axis 0?"),
        ("the cotangent in place", lambda: check_vjp(
            layer, V, vjp=lambda x, u: jacobian(x).T @ doubled(lambda u: 0.5 * u)(u)),
         "the derivative changes its arguments in place")]  # fmt: skip


def scipy_rows() -> list[Row]:
    optimize: Any = pytest.importorskip("scipy.optimize", reason="SciPy is not installed")
    sparse: Any = pytest.importorskip("scipy.sparse")

    x = np.array([1.3, 0.7, 0.8])
    rosen: Any = optimize.rosen
    jac: Any = optimize.rosen_der
    hess: Any = optimize.rosen_hess
    residuals: Any = lambda x: np.array([10.0 * (x[1] - x[0] ** 2), 1.0 - x[0]])  # noqa: E731
    rows: Any = lambda x: np.array([[-20.0 * x[0], 10.0], [-1.0, 0.0]])  # noqa: E731
    check: Any = lambda *fs, **options: lambda: check_scipy(*fs, x0=x, **options)  # noqa: E731
    return table("""
"right" | check(rosen, jac) | ""
"right, of order 2" | check(rosen, jac, hess, order=2) | ""
"right and sparse" | check(rosen, jac, lambda x: sparse.csr_array(hess(x))) | ""
"right residuals" | lambda: check_scipy(residuals, rows, x0=x[:2]) | ""
"twice" | check(rosen, lambda x: 2.0 * jac(x)) | f"{ANOTHER}; it is twice"
"a column" | check(rosen, lambda x: jac(x)[:, None]) | "(3, 1), and must have (3,)"
"NaN" | check(rosen, lambda x: jac(x) * [1.0, math.nan, 1.0]) | NAN
"random" | check(rosen, lambda x: jac(x) * noise()) | RANDOM
"residuals transposed" | lambda: check_scipy(residuals, lambda x: rows(x).T, x0=x[:2]) |
    f"{ANOTHER}; it is transposed"
"order 2: half" | check(rosen, jac, lambda x: hess(x) / 2.0) | "it is half of"
"order 2: random" | check(rosen, jac, lambda x: hess(x) * noise()) | RANDOM
"order 2: the diagonal alone" | check(rosen, jac, lambda x: np.diag(np.diag(hess(x)))) |
    f"{ANOTHER}; it is 0"
""", globals() | locals())  # fmt: skip


def torch_rows() -> list[Row]:
    torch: Any = pytest.importorskip("torch", reason="PyTorch is not installed")

    def cube(pull: Any) -> Any:
        """x³ of a tensor, with this backward pass of x and the cotangent."""

        def forward(context: Any, x: Any) -> Any:
            context.save_for_backward(x)
            return x**3

        def backward(context: Any, g: Any) -> Any:
            return pull(*context.saved_tensors, g)

        body = {"forward": staticmethod(forward), "backward": staticmethod(backward)}
        return type("Cube", (torch.autograd.Function,), body)

    right: Any = lambda x, g: 3.0 * x * x * g  # noqa: E731
    x = torch.tensor([0.7, 1.3, -0.4])

    def check(pull: Any, x: Any = x, **options: Any) -> Callable[[], Any]:
        return lambda: check_torch(cube(pull), x, **options)

    net = torch.nn.Sequential(torch.nn.Linear(3, 2), torch.nn.Tanh())
    body = {"forward": lambda self, x: self.weight @ x + self.bias.detach()}
    bias = type("Frozen", (torch.nn.Linear,), body)(3, 1)
    return table(r"""
"right" | check(right) | ""
"right, of order 2" | check(right, order=2) | ""
"right in float32" | check(right, dtype="float32") | ""
"right in float32, of order 2" | check(right, dtype="float32", order=2) | ""
"right module, of order 2" | lambda: check_torch(net, x, order=2) | ""
"right float32 module" | lambda: check_torch(net, x, dtype="float32") | ""
"right, of two results" | lambda: check_torch(lambda x: (x**2, x.sum()), x) | ""
"a module, detached" | lambda: check_torch(bias, x) |
    f"{ANOTHER}; it is 0\n  at        parameter bias[0]"
"in a dict, detached" | lambda: check_torch(lambda x, d: x * d['y'].detach(), x, {'y': x}) |
    "argument 1['y'][1]"
"twice" | check(lambda x, g: 6.0 * x * x * g) | f"{ANOTHER}; it is twice"
"the sign" | check(lambda x, g: -right(x, g)) | f"{ANOTHER}; its sign is wrong"
"transposed" | check(lambda x, g: right(x, g).T, torch.tensor(W)) |
    f"{ANOTHER}; it is transposed"
"NaN" | check(lambda x, g: right(x, g) * math.nan) | NAN
"random" | check(lambda x, g: right(x, g) * (1.0 + 1e-5 * torch.rand(()))) | RANDOM
"detached" | lambda: check_torch(lambda x: x.detach() ** 3, x) | f"{ANOTHER}; it is 0"
"order 2: x detached" | check(lambda x, g: right(x.detach(), g), order=2) |
    f"{ANOTHER}; it is 0"
"order 2: half detached" | check(lambda x, g: 3.0 * x * x.detach() * g, order=2) |
    f"{ANOTHER}; it is half of"
"order 2: cotangent detached" | check(lambda x, g: right(x, g.detach()), order=2) |
    "cotangent["
"order 2: once" |
    check(torch.autograd.function.once_differentiable(lambda x, g: right(x, g)), order=2) |
    f"{ANOTHER}; it is 0"
""", globals() | locals())  # fmt: skip


def jax_rows() -> list[Row]:
    jax: Any = pytest.importorskip("jax", reason="JAX is not installed")

    stop = jax.lax.stop_gradient

    def check(pull: Any, **options: Any) -> Callable[[], Any]:
        f = jax.custom_vjp(lambda x: x**3)
        f.defvjp(lambda x: (x**3, x), lambda x, g: (pull(x, g),))
        return lambda: check_jax(f, np.array([0.7, 1.3, -0.4]), **options)

    def check_jvp_rule(push: Any, **options: Any) -> Callable[[], Any]:
        f = jax.custom_jvp(lambda x: x**3)
        f.defjvp(lambda xs, us: (xs[0] ** 3, push(xs[0], us[0])))
        return lambda: check_jax(f, np.array([0.7, 1.3, -0.4]), **options)

    def shaken(x: Any, g: Any) -> Any:
        return right(x, g) * noise()

    right: Any = lambda x, g: 3.0 * x * x * g  # noqa: E731
    return table("""
"right" | check(right) | ""
"right, of order 2" | check(right, order=2) | ""
"right in float32" | check(right, dtype="float32") | ""
"right jvp, of order 2" | check_jvp_rule(right, order=2) | ""
"right in float32, of order 2" | check_jvp_rule(right, dtype="float32", order=2) | ""
"half" | check(lambda x, g: 1.5 * x * x * g) | f"{ANOTHER}; it is half of"
"NaN" | check(lambda x, g: right(x, g) * jax.numpy.nan) | NAN
"random" | check(shaken) | RANDOM
"the sign of a jvp" | check_jvp_rule(lambda x, u: -right(x, u)) | "its sign is wrong"
"order 2: x stopped" | check(lambda x, g: right(stop(x), g), order=2) |
    f"{ANOTHER}; it is 0"
"order 2: half stopped" | check(lambda x, g: 3.0 * x * stop(x) * g, order=2) |
    f"{ANOTHER}; it is half of"
"order 2: cotangent stopped" | check(lambda x, g: right(x, stop(g)), order=2) |
    f"{ANOTHER}; it is 0"
"order 2: half stopped in a jvp" |
    check_jvp_rule(lambda x, u: 3.0 * x * stop(x) * u, order=2) | "it is half of"
""", globals() | locals())  # fmt: skip


def told(name: str, check: Callable[[], Any], words: str) -> str:
    """Return what is wrong with a check's message; nothing if it says what it should."""
    random.seed(0)
    try:
        check()
    except GradientError as error:
        report = error.report
        order = 2 if "order 2: " in name else 1
        named = report.verdict == "fail" and words and words in str(report)
        return "" if named and report.order == order else f"{name}: {report}"
    return f"{name}: passes" if words else ""


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("rows", [numpy_rows, scipy_rows, torch_rows, jax_rows])
def test_right_ones_pass_and_faults_are_named(rows: Callable[[], list[Row]]) -> None:
    found = rows()
    assert len(found) >= 12
    assert not [words for words in [told(*row) for row in found] if words]
