"""Derivatives in other frameworks, which are imported only when they are checked."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any, Unpack

from autograd.testing.arrays import Allowed, Tolerance, check_jacobian, vjp_report
from autograd.testing.problem import Function, mapped, names, parts, weights
from autograd.testing.report import GradientError, Report, added, raised

__all__ = ["check_jax", "check_scipy", "check_torch"]


def check_torch(f: Any, *args: Any, order: int = 1, **options: Unpack[Allowed]) -> Report:
    """Check what PyTorch's `backward` gives for f, as `check_vjp` does.

    Args:
        f: a subclass of `torch.autograd.Function`, a module, whose parameters are checked,
            too, or any function of tensors.
        args: its arguments: tensors, and structures of them. Those of floats are checked, in
            float64, unless `dtype="float32"` says that f takes no other.
        order: 2 to check the backward of `backward`, too: by the arguments and by the
            cotangents that it takes.
        options: as of `check_vjp`.

    Raises:
        RuntimeError: whatever PyTorch raises, of a `backward` with the wrong shape, say.
        TypeError: no argument or no result is a tensor of floats.

    >>> def test_tanh():
    ...     assert check_torch(torch.nn.Tanh(), torch.tensor([0.5, -1.5]))
    """
    __tracebackhide__ = True
    import torch  # pyright: ignore[reportMissingImports]

    tolerance, second = Tolerance.of("check_torch", **options), _second("check_torch", order)
    kind = torch.float32 if options.get("dtype") == "float32" else torch.float64
    module: Any = copy.deepcopy(f).to(kind) if isinstance(f, torch.nn.Module) else None
    parameters = {} if module is None else dict(module.named_parameters())
    apply = getattr(f, "apply", f) if isinstance(f, type) else f

    def numbers(x: Any) -> Any:
        return x.detach().cpu().numpy() if isinstance(x, torch.Tensor) else x

    def is_float(x: Any) -> bool:
        return isinstance(x, torch.Tensor) and x.is_floating_point()

    def named(tree: Any, name: str) -> Iterator[tuple[str, Any]]:
        """Its tensors of floats."""
        yield from [(each, x) for each, x in parts(tree, name) if is_float(x)]

    def checked(tree: Any) -> list[Any]:
        return [x for _, x in named(tree, "")]

    def first(parameters: Any, *args: Any) -> Any:
        if module is None:
            return apply(*args)
        return torch.func.functional_call(module, parameters, args)

    def pulled(outputs: Any, inputs: list[Any], seeds: list[Any], **more: Any) -> Any:
        pairs = [(y, u.to(y)) for y, u in zip(outputs, seeds) if y.requires_grad]
        if not pairs:
            return [torch.zeros_like(x) for x in inputs]
        ys, us = zip(*pairs)
        return torch.autograd.grad(ys, inputs, us, materialize_grads=True, **more)

    def backward(seeds: list[Any], *given: Any) -> Any:
        return pulled(checked(first(*given)), checked(given), seeds, create_graph=True)

    def compared(call: Any, given: Any, labels: list[str]) -> Report:
        def tensors(arrays: dict[Any, Any]) -> tuple[Any, list[Any]]:
            new = [torch.as_tensor(x, dtype=kind).requires_grad_() for x in arrays.values()]
            rest = iter(new)
            floats = {id(x) for x in checked(given)}
            change = lambda x: next(rest).to(x.device) if id(x) in floats else x  # noqa: E731
            return mapped(given, change), new

        def vjp(arrays: dict[Any, Any], seed: Any) -> Any:
            xs, inputs = tensors(arrays)
            seeds = [torch.as_tensor(u, dtype=kind) for u in seed]
            return dict(zip(arrays, map(numbers, pulled(checked(call(*xs)), inputs, seeds))))

        def value(arrays: dict[Any, Any]) -> Any:
            found = checked(call(*tensors(arrays)[0]))
            if not found:
                raise TypeError("check_torch: f must return at least one tensor of floats")
            return [numbers(y) for y in found]

        arrays = [numbers(x.to(kind)) for x in checked(given)]
        if not arrays:
            raise TypeError("check_torch: at least one argument must be a tensor of floats")
        called = [each for x, label in zip(arrays, labels) for each in names(x, label)]
        return vjp_report(value, (dict(zip(labels, arrays)),), vjp, tolerance, called)

    given, labels = (parameters, *args), [f"parameter {name}" for name in parameters]
    labels += [name for i, x in enumerate(args) for name, _ in named(x, f"argument {i}")]
    report = compared(first, given, labels)
    if report and second:
        outputs = checked(first(*mapped(given, lambda x: x.to(kind) if is_float(x) else x)))
        seeds = [torch.tensor(weights(y.numel()), dtype=kind).reshape(y.shape) for y in outputs]
        labels = [*[f"cotangent {k}" for k in range(len(seeds))], *labels]
        above = compared(backward, (seeds, *given), labels)
        report = added(report, replace(above, order=2))
    return raised(report, tolerance.inconclusive)


def check_jax(f: Function, *args: Any, order: int = 1, **options: Unpack[Allowed]) -> Report:
    """Check what `jax.vjp` gives for f, by `custom_vjp` or `custom_jvp`, as `check_vjp` does.

    It is computed in float64, unless `dtype="float32"` says that f takes no other.

    Args:
        f: a function of arrays and structures of them.
        args: its arguments.
        order: 2 to check the `vjp` of its `vjp`, too: by the arguments and by the cotangent.
        options: as of `check_vjp`.

    >>> def test_softplus():
    ...     assert check_jax(jax.nn.softplus, jax.numpy.array([0.5, -1.5]))
    """
    __tracebackhide__ = True
    import jax  # pyright: ignore[reportMissingImports]

    tolerance, second = Tolerance.of("check_jax", **options), _second("check_jax", order)
    kind = "float32" if options.get("dtype") == "float32" else "float64"

    def pulled(f: Function, u: Any, *xs: Any) -> Any:
        y, pull = jax.vjp(f, *xs)
        seeds = iter(jax.tree.leaves(u))
        return pull(jax.tree.map(lambda leaf: jax.numpy.asarray(next(seeds), leaf.dtype), y))

    def numbers(tree: Any) -> Any:
        return mapped(tree, jax.device_get)

    def compared(f: Function, xs: Any) -> Report:
        def vjp(*xs: Any) -> Any:
            *primals, u = xs
            slopes = numbers(pulled(f, u, *primals))
            return slopes if len(slopes) > 1 else slopes[0]

        return vjp_report(lambda *xs: numbers(f(*xs)), xs, vjp, tolerance)

    with jax.enable_x64(kind == "float64"):
        xs = jax.tree.map(lambda x: jax.device_get(jax.numpy.asarray(x, kind)), args)
        report = compared(f, xs)
        if report and second:
            leaves, shape = jax.tree.flatten(jax.tree.map(numbers, f(*xs)))
            new = [jax.numpy.asarray(weights(y.size), y.dtype).reshape(y.shape) for y in leaves]
            above = compared(
                lambda *xs: pulled(f, *xs), (numbers(jax.tree.unflatten(shape, new)), *xs)
            )
            report = added(report, replace(above, order=2))
    return raised(report, tolerance.inconclusive)


def check_scipy(
    fun: Function,
    jac: Function,
    hess: Function | None = None,
    *,
    x0: Any,
    order: int | None = None,
    **options: Unpack[Allowed],
) -> Report:
    """Check `jac` and `hess` as `scipy.optimize` takes them, as `check_jacobian` does.

    Args:
        fun: of an array, returns a number, or an array as `least_squares` takes it.
        jac: its gradient, or its Jacobian; sparse matrices and operators are taken, too.
        hess: the Jacobian of `jac`.
        x0: where.
        order: 1 to leave `hess` alone; 2, as if `hess` is given, to check it, too.
        options: as of `check_jacobian`.

    Raises:
        ValueError: `order=2` without `hess`.

    >>> import numpy as np
    >>> check_scipy(np.sum, np.ones_like, x0=np.array([1.0, 2.0])).verdict
    'pass'
    """
    __tracebackhide__ = True
    second = hess is not None if order is None else _second("check_scipy", order)
    if second and hess is None:
        raise ValueError("check_scipy: order=2 checks hess: give it, too")
    slopes = _dense(jac, "jac")
    report = check_jacobian(fun, x0, jacobian=slopes, **options)
    if report and second and hess is not None:
        try:
            above = check_jacobian(slopes, x0, jacobian=_dense(hess, "hess"), **options)
        except GradientError as error:
            raise GradientError(replace(error.report, order=2)) from None
        report = added(report, replace(above, order=2))
    return report


def _second(who: str, order: Any) -> bool:
    """Whether the second derivatives are wanted."""
    if order not in (1, 2) or isinstance(order, bool):
        raise ValueError(f"{who}: order must be 1 or 2, got {order!r:.80}")
    return bool(order == 2)


def _dense(f: Function, name: str) -> Callable[[Any], Any]:
    if not callable(f):
        raise TypeError(f"check_scipy: {name} must be a function, got {f!r:.80}")

    def dense(x: Any) -> Any:
        import numpy

        found = f(x)
        if hasattr(found, "matmat"):  # a linear operator
            return found @ numpy.eye(found.shape[1])
        return found.toarray() if hasattr(found, "toarray") else found

    return dense
