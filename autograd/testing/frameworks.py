"""Derivatives in other frameworks, which are imported only when they are checked."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any, Unpack

from autograd.testing.arrays import Allowed, check_jacobian, check_vjp
from autograd.testing.problem import Function, mapped
from autograd.testing.report import Report

__all__ = ["check_jax", "check_scipy", "check_torch"]


def check_torch(f: Any, *args: Any, **options: Unpack[Allowed]) -> Report:
    """Check what PyTorch's `backward` gives for f, as `check_vjp` does.

    Args:
        f: a subclass of `torch.autograd.Function`, a module, whose parameters are checked,
            too, or any function of tensors.
        args: its arguments: tensors, and structures of them. Those of floats are checked, in
            float64, unless `dtype="float32"` says that f takes no other.
        options: as of `check_vjp`.
    """
    __tracebackhide__ = True
    import torch  # pyright: ignore[reportMissingImports]

    kind = torch.float32 if options.get("dtype") == "float32" else torch.float64
    module: Any = copy.deepcopy(f).to(kind) if isinstance(f, torch.nn.Module) else None
    parameters = {} if module is None else dict(module.named_parameters())
    apply = getattr(f, "apply", f) if isinstance(f, type) else f

    def call(parameters: Any, *args: Any) -> Any:
        if module is None:
            return apply(*args)
        return torch.func.functional_call(module, parameters, args)

    given = (parameters, *args)
    checked: dict[Any, Any] = {}  # names and arrays, in the order in which they are given

    def numbers(x: Any) -> Any:
        return x.detach().cpu().numpy() if isinstance(x, torch.Tensor) else x

    def is_checked(x: Any) -> bool:
        return isinstance(x, torch.Tensor) and x.is_floating_point()

    def enter(x: Any) -> None:
        if is_checked(x):
            count = len(checked)
            name = [*parameters][count] if count < len(parameters) else count - len(parameters)
            checked[name] = numbers(x.to(kind))

    def tensors(arrays: dict[Any, Any]) -> tuple[Any, list[Any]]:
        new = [torch.as_tensor(each, dtype=kind).requires_grad_() for each in arrays.values()]
        rest = iter(new)
        change = lambda x: next(rest).to(x.device) if is_checked(x) else x  # noqa: E731
        return mapped(given, change), new

    def vjp(arrays: dict[Any, Any], seed: Any) -> Any:
        xs, inputs = tensors(arrays)
        outputs, seeds = list[Any](), list[Any]()
        mapped(call(*xs), outputs.append)
        mapped(seed, seeds.append)
        some = [(y, torch.as_tensor(u).to(y)) for y, u in zip(outputs, seeds) if is_graph(y)]
        slopes = torch.autograd.grad(
            [y for y, _ in some], inputs, [u for _, u in some], materialize_grads=True
        )
        return dict(zip(arrays, map(numbers, slopes)))

    def is_graph(y: Any) -> bool:
        return isinstance(y, torch.Tensor) and y.requires_grad

    mapped(given, enter)
    value = lambda arrays: mapped(call(*tensors(arrays)[0]), numbers)  # noqa: E731
    return check_vjp(value, checked, vjp=vjp, **options)


def check_jax(f: Function, *args: Any, **options: Unpack[Allowed]) -> Report:
    """Check what `jax.vjp` gives for f, by `custom_vjp` or `custom_jvp`, as `check_vjp` does.

    It is computed in float64, unless `dtype="float32"` says that f takes no other.
    """
    __tracebackhide__ = True
    import jax  # pyright: ignore[reportMissingImports]

    def numbers(tree: Any) -> Any:
        return mapped(tree, jax.device_get)

    def vjp(*xs: Any) -> Any:
        *primals, u = xs
        y, pull = jax.vjp(f, *primals)
        seeds = iter(jax.tree.leaves(u))
        like = jax.tree.map(lambda leaf: jax.numpy.asarray(next(seeds), leaf.dtype), y)
        slopes = numbers(pull(like))
        return slopes if len(slopes) > 1 else slopes[0]

    kind = "float32" if options.get("dtype") == "float32" else "float64"
    with jax.enable_x64(kind == "float64"):
        xs = jax.tree.map(lambda x: jax.device_get(jax.numpy.asarray(x, kind)), args)
        return check_vjp(lambda *xs: numbers(f(*xs)), *xs, vjp=vjp, **options)


def check_scipy(
    fun: Function,
    jac: Function,
    hess: Function | None = None,
    *,
    x0: Any,
    **options: Unpack[Allowed],
) -> Report:
    """Check `jac` and `hess` as `scipy.optimize` takes them, as `check_jacobian` does.

    Args:
        fun: of an array, returns a number, or an array as `least_squares` takes it.
        jac: its gradient, or its Jacobian; sparse matrices and operators are taken, too.
        hess: the Jacobian of `jac`.
        x0: where.
        options: as of `check_jacobian`.

    >>> import numpy as np
    >>> check_scipy(np.sum, np.ones_like, x0=np.array([1.0, 2.0])).verdict
    'pass'
    """
    __tracebackhide__ = True
    report = check_jacobian(fun, x0, jacobian=_dense(jac), **options)
    if hess is not None:
        report = check_jacobian(_dense(jac), x0, jacobian=_dense(hess), **options)
    return report


def _dense(f: Function) -> Callable[[Any], Any]:
    def dense(x: Any) -> Any:
        import numpy

        found = f(x)
        if hasattr(found, "matmat"):  # a linear operator
            return found @ numpy.eye(found.shape[1])
        return found.toarray() if hasattr(found, "toarray") else found

    return dense
