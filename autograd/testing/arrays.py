"""Derivatives by hand of functions of arrays and nested structures, in any shape.

Each is checked as a Jacobian of a function from numbers to numbers; see `flat`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import Any, TypedDict, Unpack

from autograd.core.operand import primal
from autograd.testing import flat
from autograd.testing.flat import Claim, FaultError, Flat, Rows, Tolerance, weights
from autograd.testing.problem import (
    Function,
    PlainProblem,
    leaves,
    names,
    parts,
    rebuilt,
    shape_of,
    unit,
)
from autograd.testing.report import Report, raised
from autograd.testing.verdicts import Fault
from autograd.transforms import grad
from autograd.trees import children_of, flatten_like

__all__ = ["check_gradient", "check_hessian", "check_jacobian", "check_jvp", "check_vjp"]
__all__ += ["squares", "vjp_report"]

Shape = tuple[int, ...]


class Precision(TypedDict, total=False):
    """Options of `gradcheck`, too."""

    rtol: float
    atol: float
    dtype: str | None


class Allowed(Precision, total=False):
    """Options of the checks that raise."""

    allow_inconclusive: bool


def check_gradient(
    f: Function, xs: tuple[Any, ...], gradient: Function, tolerance: Tolerance, oracle: str
) -> Report:
    """Return the report on a gradient by hand: on each element of it."""
    problem = PlainProblem(f, xs)
    like = xs[0] if len(xs) == 1 else xs

    def derive() -> Claim:
        result = problem.derivative(gradient)
        row = _matching(result, like, "the result of gradient", problem)
        return Claim.of([row], unit(result), squares(xs))

    function = problem.flat(asks_complex=oracle == "complex")
    if (count := len(function.outputs)) != 1:
        raise TypeError(f"gradcheck: with `gradient`, f returns one number, not {count}")
    return flat.check_jacobian(function, derive, tolerance, math.inf)


def check_jacobian(
    f: Function, *xs: Any, jacobian: Function, **options: Unpack[Allowed]
) -> Report:
    """Check `jacobian(*xs)`, the derivatives of all results of f by all arguments.

    Args:
        f: a function of numbers, arrays and nested structures of them. It is called with
            floats, with Series and DataFrames of pandas, and with NumPy arrays in place of
            other arrays.
        xs: its arguments.
        jacobian: for an array of shape s and a result of shape r, an array of shape r + s; for
            structures a structure of such blocks, results outside and arguments within.
        options: `rtol`, `atol` and `dtype`, as of `gradcheck`; `allow_inconclusive`, as of
            `check_gradients`.

    Returns:
        The report; its `where` names the element. Of more than 40 inputs, f is called 200
        times at most, in all.

    Raises:
        GradientError: the check did not pass, or the derivative has another shape.
        TypeError, ValueError: arguments that are not finite numbers, or a derivative that is
            built in another way.

    >>> report = check_jacobian(
    ...     lambda x: [x[0] * x[1], x[1]], [2.0, 3.0], jacobian=lambda x: [[x[1], x[0]], [0, 1]]
    ... )
    >>> report.verdict, report.derivatives
    ('pass', 4)
    """
    __tracebackhide__ = True
    tolerance = _opened("jacobian", jacobian, options)
    problem = PlainProblem(f, xs, "check_jacobian")

    def derive() -> Claim:
        result = problem.derivative(jacobian)
        rows = _matrix(result, problem.y, xs, "the derivative by hand")
        return Claim.of(rows, unit(result), squares(xs))

    report = flat.check_jacobian(problem.flat(), derive, tolerance)
    return raised(report, tolerance.inconclusive)


def check_vjp(f: Function, *xs: Any, vjp: Function, **options: Unpack[Allowed]) -> Report:
    """Check `vjp(*xs, cotangent)`, as `check_jacobian` does: a cotangent of f's arguments.

    The cotangent has the shape of f's result; what comes back has the shape of the argument,
    or is a tuple for several arguments.

    >>> check_vjp(lambda x: [x * x, -x], 3.0, vjp=lambda x, u: 2.0 * x * u[0] - u[1]).verdict
    'pass'
    """
    __tracebackhide__ = True
    tolerance = _opened("vjp", vjp, options)
    problem = PlainProblem(f, xs, "check_vjp")
    function, like = problem.flat(), xs[0] if len(xs) == 1 else xs

    def pull(u: Sequence[float]) -> Claim:
        result = problem.derivative(vjp, rebuilt(problem.y, iter(u)))
        row = _matching(result, like, "the result of vjp", problem)
        return Claim.of([row], unit(result), squares(xs))

    return raised(vjp_report(function, pull, tolerance), tolerance.inconclusive)


def vjp_report(
    function: Flat, pull: Callable[[Sequence[float]], Claim], tolerance: Tolerance
) -> Report:
    """Return the report on a product with the Jacobian: the gradient of a weighted sum."""
    u = weights(len(function.outputs))

    def weighted(y: Sequence[float]) -> tuple[float]:
        return (math.fsum([w * z for w, z in zip(u, y)]),)

    scalar = function._replace(
        f=lambda point: weighted(function.f(point)),
        outputs=weighted(function.outputs),
        rows=["result"],
    )
    return flat.check_jacobian(scalar, lambda: pull(u), tolerance)


def check_jvp(f: Function, *xs: Any, jvp: Function, **options: Unpack[Allowed]) -> Report:
    """Check `jvp(*xs, *tangents)`, as `check_jacobian` does: a tangent of f's result.

    A tangent has the shape of its argument, and the result that of f's result.

    >>> check_jvp(lambda x: x * x * x, 2.0, jvp=lambda x, v: 3.0 * x * x * v).verdict
    'pass'
    """
    __tracebackhide__ = True
    tolerance = _opened("jvp", jvp, options)
    problem = PlainProblem(f, xs, "check_jvp")

    def push(v: Sequence[float]) -> list[float]:
        tangent = problem.derivative(jvp, *problem.rebuild(v))
        return _matching(tangent, problem.y, "the result of jvp")

    mixed = weights(len(problem.point))
    derive = lambda: Claim(push, push(mixed), unit(problem.y))  # noqa: E731
    report = flat.check_jacobian(problem.flat(), derive, tolerance)
    return raised(report, tolerance.inconclusive)


def check_hessian(
    f: Function,
    *xs: Any,
    hessian: Function,
    gradient: Function | None = None,
    **options: Unpack[Allowed],
) -> Report:
    """Check `hessian(*xs)` as the Jacobian of the gradient, and the gradient itself if given.

    Args:
        f: returns a number.
        xs: its arguments.
        hessian: as the `jacobian` of `check_jacobian` for the gradient.
        gradient: as of `gradcheck`; if None, f is differentiated by this library.
        options: as of `check_jacobian`.

    >>> check_hessian(lambda x: x * x * x, 2.0, hessian=lambda x: 6.0 * x).verdict
    'pass'
    """
    __tracebackhide__ = True
    tolerance = _opened("hessian", hessian, options)
    if not callable(f):
        raise TypeError(f"check_hessian takes a function, got {f!r:.80}")
    if gradient is None:
        by_library = grad(f, tuple(range(len(xs))))
        gradient = (lambda x: by_library(x)[0]) if len(xs) == 1 else by_library
    else:
        report = check_gradient(f, xs, gradient, tolerance, "differences")
        raised(report, tolerance.inconclusive)
    return check_jacobian(gradient, *xs, jacobian=hessian, **options)


def _opened(kind: str, derivative: Any, options: Allowed) -> Tolerance:
    name = f"check_{kind}"
    if not callable(derivative):
        raise TypeError(f"{name}: {kind} must be a function, got {derivative!r:.80}")
    return Tolerance.of(name, **options)


def squares(xs: Any) -> list[tuple[int, int]]:
    """Return where the numbers of square matrices begin and end in the arguments."""
    squares, start = [], 0
    for _, x in parts(xs):
        end = start + len(leaves(x, ""))
        shape = shape_of(x)
        if shape and len(shape) == 2 and shape[0] == shape[1]:
            squares.append((start, end))
        start = end
    return squares


def _misshapen(what: str, given: Shape, needed: Shape, where: Sequence[str] = ()) -> FaultError:
    """Return the fault of a derivative of another shape, with a guess at the reason."""
    more, kind = len(given) - len(needed), Fault.SHAPE
    ones = [k for k, (a, b) in enumerate(zip(given, needed)) if a != b == 1]
    squeezed = tuple([1 if k in ones else size for k, size in enumerate(given)])
    axes = [*range(more)] if given[more:] == needed else ones if squeezed == needed else []
    if more == 1 and given[:-1] == needed:
        axes = axes or [len(needed)]
    if len(given) == 2 and given == needed[::-1]:
        kind = Fault.TRANSPOSED_SHAPE
    elif math.prod(given) == math.prod(needed):
        kind = Fault.RESHAPED
    elif axes:
        kind = Fault.NOT_SUMMED
    return FaultError(kind, what, given, needed, ", ".join(map(str, axes)), where=where)


def _matching(
    tree: Any, like: Any, what: str, problem: PlainProblem | None = None
) -> list[float]:
    """Return the numbers of a tree that may have lists for the arrays and tuples of another.

    If there is a problem, the tree is one of its arguments.
    """
    count = len(problem.xs) if problem else 1
    if count > 1 and not (isinstance(tree, list | tuple) and len(tree) == count):
        raise FaultError(Fault.NO_TUPLE, what, count)
    if len(leaves(like, what)) == 1 and getattr(tree, "size", 0) == 1:
        return [primal(x) for x in leaves(tree, what)]
    places = iter(problem.names if problem else names(like, "result"))
    return [primal(x) for x in _matched(tree, like, what, places)]


def _matched(tree: Any, like: Any, what: str, places: Iterator[str]) -> list[Any]:
    given, needed = shape_of(tree), shape_of(like)
    if given is not None and needed is not None:
        where = list(islice(places, math.prod(needed)))
        if given != needed:
            raise _misshapen(what, given, needed, where)
        return leaves(tree, what)
    inner, among = children_of(tree), children_of(like)
    if inner is None or among is None or {*inner.places} != {*among.places}:
        return flatten_like(tree, like, what)  # which says how the trees differ
    part_at = dict(zip(inner.places, inner.parts))
    each = zip(among.places, among.parts)
    return [x for place, y in each for x in _matched(part_at[place], y, what + place, places)]


def _matrix(tree: Any, y: Any, xs: tuple[Any, ...], what: str) -> Rows:
    """Return the rows of a Jacobian, of each number of the result by each of the arguments.

    Nested structures of blocks are laid out so, in JAX too.
    """
    numbers = [primal(x) for x in leaves(tree, what)]
    heights, widths = [[len(leaves(x, n)) for n, x in parts(each)] for each in (y, xs)]
    given, above = shape_of(tree), shape_of(y)
    beside = shape_of(xs[0]) if len(xs) == 1 else None
    if len(heights) == len(widths) == 1 or (hasattr(tree, "shape") and above and beside):
        # lists of numbers are arrays, too, if the matrix is one
        heights, widths = [sum(heights)], [sum(widths)]
        r, s = above or (), beside or ()
        if given is not None and given not in {
            top + side for top in _or_one(r) for side in _or_one(s)
        }:
            raise _misshapen(what, given, r + s)
    if len(numbers) != sum(heights) * sum(widths):
        wanted = f"{sum(heights)} × {sum(widths)}"
        raise ValueError(f"{what} must have {wanted} numbers, got {len(numbers)}")
    rows, start = Rows(), 0
    for height in heights:
        band: Rows = [[] for _ in range(height)]
        for width in widths:
            for row in band:
                row += numbers[start : start + width]
                start += width
        rows += band
    return rows


def _or_one(shape: Shape) -> set[Shape]:
    """Return a shape, and where it holds one number, the others that do."""
    return {shape, (), (1,)} if math.prod(shape) == 1 else {shape}
