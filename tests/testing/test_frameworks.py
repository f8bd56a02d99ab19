"""Custom backward passes of other frameworks; run where these are installed."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np
import pytest

from autograd.testing import check_jax, check_scipy, check_torch
from tests.testing.measure import verdict

COUNT = 100  # functions, half of which have a mistake


def torch_function(torch: Any, power: float, scale: float, share: float) -> Any:
    """(scale·x)**power + x·y, its slope in x times `share`."""

    class Custom(torch.autograd.Function):  # type: ignore[misc]
        @staticmethod
        def forward(context: Any, x: Any, y: Any) -> Any:
            context.save_for_backward(x, y)
            return (scale * x) ** power + x * y

        @staticmethod
        def backward(context: Any, g: Any) -> Any:
            x, y = context.saved_tensors
            slope = power * scale * (scale * x) ** (power - 1.0) + y
            return g * slope * share, g * x

    return Custom


def jax_function(jax: Any, power: float, scale: float, share: float) -> Any:
    """The same, by `custom_vjp` and `custom_jvp` in turn."""

    def f(x: Any, y: Any) -> Any:
        return (scale * x) ** power + x * y

    def slopes(x: Any, y: Any) -> Any:
        return share * (power * scale * (scale * x) ** (power - 1.0) + y), x

    def push(xs: Any, us: Any) -> Any:
        return f(*xs), sum([u * d for u, d in zip(us, slopes(*xs))])

    if power % 2.0:
        custom = jax.custom_vjp(f)
        pull = lambda xs, g: tuple(g * d for d in slopes(*xs))  # noqa: E731
        custom.defvjp(lambda x, y: (f(x, y), (x, y)), pull)
    else:
        custom = jax.custom_jvp(f)
        custom.defjvp(push)
    return custom


def drawn(
    make: Any, array: Any, mistake: float = 1.001
) -> Iterator[tuple[Any, Any, Any, bool]]:
    """Functions, their arguments, and whether there is a mistake."""
    draw = np.random.default_rng(0)
    for k in range(COUNT):
        x, y = [array(draw.uniform(0.5, 2.0, size=k % 7 + 1)) for _ in range(2)]
        yield make(2.0 + k % 5, 0.5 + 0.01 * k, mistake if k % 2 else 1.0), x, y, k % 2 == 1


@pytest.mark.slow
def test_custom_functions_of_pytorch() -> None:
    torch: Any = pytest.importorskip("torch", reason="PyTorch is not installed")
    make = partial(torch_function, torch)
    for f, x, y, wrong in drawn(make, torch.tensor):
        assert verdict(check_torch, f, x, y) == ("fail" if wrong else "pass")
    mild = make(2.0, 1.0, 1.0)
    single = torch.tensor([1.0, 2.0])
    assert check_torch(lambda x, n: {"y": mild.apply(x, x), "n": n}, single, torch.tensor([3]))
    assert check_torch(torch.sin, single, dtype="float32")
    net = torch.nn.Sequential(torch.nn.Linear(3, 2), torch.nn.Tanh())
    assert check_torch(net, torch.ones(3)).derivatives == 11
    broken = torch.nn.Linear(3, 2)
    broken.register_full_backward_hook(lambda module, grads, _: (grads[0] * 1.001,))
    assert verdict(check_torch, broken, torch.ones(3)) == "fail"


def test_what_has_no_floats_is_not_checked() -> None:
    torch: Any = pytest.importorskip("torch", reason="PyTorch is not installed")
    for f, x, words in [
        (torch.sin, torch.tensor([1, 2]), "at least one argument must be"),
        (torch.sin, 1.0, "at least one argument must be"),
        (lambda x: x.sum().item(), torch.ones(2), "f must return at least one"),
    ]:
        with pytest.raises(TypeError, match=f"check_torch: {words} .*tensor of floats"):
            check_torch(f, x)


@pytest.mark.parametrize("kind", ["bfloat16", "float16", "float32"])
def test_tensors_of_few_digits_are_checked_in_float64(kind: str) -> None:
    torch: Any = pytest.importorskip("torch", reason="PyTorch is not installed")
    x = torch.tensor([1.0, 2.0], dtype=getattr(torch, kind))
    assert check_torch(lambda x, y: torch.sin(x) * y, x, x, order=2)
    wrong = lambda x: x.detach() * x  # noqa: E731
    assert verdict(check_torch, wrong, x) == "fail"


@pytest.mark.slow
def test_custom_functions_of_jax() -> None:
    jax: Any = pytest.importorskip("jax", reason="JAX is not installed")
    for f, x, y, wrong in drawn(partial(jax_function, jax), jax.numpy.asarray):
        assert verdict(check_jax, f, x, y) == ("fail" if wrong else "pass")
    tree = {"a": jax.numpy.ones(2), "b": [0.5]}
    assert check_jax(lambda t: {"y": jax.numpy.sin(t["a"]) * t["b"][0]}, tree)
    assert check_jax(jax.numpy.sin, jax.numpy.ones(2), dtype="float32")


def test_functions_of_scipy() -> None:
    optimize: Any = pytest.importorskip("scipy.optimize")
    sparse: Any = pytest.importorskip("scipy.sparse")
    x = np.array([1.3, 0.7, 0.8])
    rosen, slope, hessian = optimize.rosen, optimize.rosen_der, optimize.rosen_hess
    linear: Any = pytest.importorskip("scipy.sparse.linalg")
    forms = (np.asarray, sparse.csr_array, linear.aslinearoperator)
    for hess in (None, *[lambda x, form=form: form(hessian(x)) for form in forms]):
        assert check_scipy(rosen, slope, hess, x0=x)
    assert verdict(check_scipy, rosen, lambda x: 1.001 * slope(x), x0=x) == "fail"
    assert verdict(check_scipy, rosen, slope, lambda x: 1.001 * hessian(x), x0=x) == "fail"
    with pytest.raises(TypeError, match="check_scipy: jac must be a function, got '2-point'"):
        check_scipy(rosen, "2-point", x0=x)  # type: ignore[arg-type]
    residuals = lambda x: np.array([10.0 * (x[1] - x[0] ** 2), 1.0 - x[0]])  # noqa: E731
    jacobian = lambda x: np.array([[-20.0 * x[0], 10.0], [-1.0, 0.0]])  # noqa: E731
    assert check_scipy(residuals, jacobian, x0=x[:2])
