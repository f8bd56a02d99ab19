"""Derivatives in other frameworks, which are imported only when they are checked.

The arguments of a function become one vector, and it is checked as any from numbers to numbers.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import accumulate
from typing import Any, NamedTuple, Unpack

from autograd.testing.arrays import Allowed, check_jacobian, squares, vjp_report
from autograd.testing.flat import UNITS, Claim, Flat, Tolerance, weights
from autograd.testing.problem import Function, mapped, names, parts, rounding
from autograd.testing.report import GradientError, Report, added, raised

__all__ = ["check_jax", "check_scipy", "check_torch"]


class Vectors(NamedTuple):
    """A function from a vector of a framework to a vector, and its product with cotangents.

    Attributes:
        value: the function.
        pull: takes any such function, a vector and a cotangent, and returns a cotangent.
        vector, numbers: make a vector of floats, and floats of a vector.
        inputs: the names and NumPy arrays of the parts of the vector.
        kind: the type of its numbers.
    """

    value: Function
    pull: Callable[[Function, Any, Any], Any]
    vector: Callable[[Sequence[float]], Any]
    numbers: Callable[[Any], list[float]]
    inputs: list[tuple[str, Any]]
    kind: str

    def report(self, second: bool, tolerance: Tolerance) -> Report:
        """Compare the product with differences, and the product of the product if asked to."""
        arrays = [x for _, x in self.inputs]
        labels = [each for name, x in self.inputs for each in names(x, name)]
        point = [float(t) for x in arrays for t in x.ravel()]
        report = self._compared(self.value, point, labels, squares(arrays), tolerance)
        if not report or not second:
            return report
        value, count = self.value, len(self.numbers(self.value(self.vector(point))))
        product = lambda both: self.pull(value, both[count:], both[:count])  # noqa: E731
        cotangents = [f"cotangent[{k}]" for k in range(count)]
        point, labels = [*weights(count), *point], [*cotangents, *labels]
        above = self._compared(product, point, labels, [], tolerance)
        return added(report, replace(above, order=2))

    def _compared(
        self,
        value: Function,
        point: list[float],
        labels: list[str],
        places: Sequence[tuple[int, int]],
        tolerance: Tolerance,
    ) -> Report:
        unit = UNITS[self.kind]

        def f(xs: Sequence[float]) -> tuple[float, ...]:
            return tuple(self.numbers(value(self.vector(xs))))

        def pull(u: Sequence[float]) -> Claim:
            slope = self.pull(value, self.vector(point), self.vector(u))
            return Claim.of([self.numbers(slope)], unit, places)

        flat = Flat(f, point, f(point), labels, ["result"], unit, rounding(unit))
        return vjp_report(flat, pull, tolerance)


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

    second, tolerance, name = _asked("check_torch", order, options)
    kind = getattr(torch, name)
    apply = getattr(f, "apply", f) if isinstance(f, type) else f
    trees = {f"argument {i}": x for i, x in enumerate(args)}
    if isinstance(f, torch.nn.Module):
        module: Any = copy.deepcopy(f).to(kind)
        state = dict(module.named_parameters())
        call, count = torch.func.functional_call, len(state)
        apply = lambda *xs: call(module, dict(zip(state, xs)), xs[count:])  # noqa: E731
        trees = {f"parameter {name}": x for name, x in state.items()} | trees

    def is_float(x: Any) -> bool:
        return isinstance(x, torch.Tensor) and x.is_floating_point()

    def floats(tree: Any, name: str) -> list[tuple[str, Any]]:
        return [(at, x.to("cpu", kind)) for at, x in parts(tree, name) if is_float(x)]

    def value(vector: Any) -> Any:
        pieces = iter(vector.split([x.size for _, x in inputs]))
        change = lambda x: next(pieces).reshape(x.shape).to(x.device) if is_float(x) else x  # noqa: E731
        results = floats(apply(*[mapped(tree, change) for tree in trees.values()]), "")
        if not results:
            raise TypeError("check_torch: f must return at least one tensor of floats")
        return torch.cat([y.reshape(-1) for _, y in results])

    def pull(value: Function, vector: Any, u: Any) -> Any:
        y = value(vector)
        if not y.requires_grad:
            return torch.zeros_like(vector)
        options = {"create_graph": True, "materialize_grads": True}
        return torch.autograd.grad(y, [vector], u, **options)[0]

    given = [each for at, tree in trees.items() for each in floats(tree, at)]
    inputs = [(at, x.detach().numpy()) for at, x in given]
    if not inputs:
        raise TypeError("check_torch: at least one argument must be a tensor of floats")
    vector: Any = lambda xs: torch.tensor(xs, dtype=kind, requires_grad=True)  # noqa: E731
    numbers: Any = lambda y: y.detach().tolist()  # noqa: E731
    vectors = Vectors(value, pull, vector, numbers, inputs, name)
    return raised(vectors.report(second, tolerance), tolerance.inconclusive)


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
    from jax.flatten_util import ravel_pytree  # pyright: ignore[reportMissingImports]

    second, tolerance, name = _asked("check_jax", order, options)
    numpy = jax.numpy

    def value(vector: Any) -> Any:
        pieces = zip(numpy.split(vector, ends), shapes)
        return ravel_pytree(f(*mapped(args, lambda _: numpy.reshape(*next(pieces)))))[0]

    def pull(value: Function, vector: Any, u: Any) -> Any:
        y, pull = jax.vjp(value, vector)
        return pull(u.astype(y.dtype))[0]

    with jax.enable_x64(name == "float64"):
        each = [pair for i, x in enumerate(args) for pair in parts(x, f"argument {i}")]
        inputs = [(place, jax.device_get(numpy.asarray(x, name))) for place, x in each]
        shapes = [x.shape for _, x in inputs]
        ends = [*accumulate([x.size for _, x in inputs])][:-1]
        vector: Any = lambda xs: numpy.asarray(xs, name)  # noqa: E731
        numbers: Any = lambda y: y.tolist()  # noqa: E731
        vectors = Vectors(value, pull, vector, numbers, inputs, name)
        return raised(vectors.report(second, tolerance), tolerance.inconclusive)


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


def _asked(who: str, order: Any, options: Allowed) -> tuple[bool, Tolerance, str]:
    """Return whether the second derivatives are wanted, the tolerance, and the type."""
    kind = "float32" if options.get("dtype") == "float32" else "float64"
    return _second(who, order), Tolerance.of(who, **options), kind


def _second(who: str, order: Any) -> bool:
    """Whether the second derivatives are wanted."""
    if order not in (1, 2) or isinstance(order, bool):
        raise ValueError(f"{who}: order must be 1 or 2, got {order!r:.80}")
    return bool(order == 2)


def _dense(f: Function, name: str) -> Function:
    if not callable(f):
        raise TypeError(f"check_scipy: {name} must be a function, got {f!r:.80}")

    def dense(x: Any) -> Any:
        import numpy

        matrix = f(x)
        if hasattr(matrix, "matmat"):  # a linear operator
            return matrix @ numpy.eye(matrix.shape[1])
        return matrix.toarray() if hasattr(matrix, "toarray") else matrix

    return dense
