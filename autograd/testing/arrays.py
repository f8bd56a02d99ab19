"""Derivatives written by hand: gradients, Jacobians and products with them, of any shape.

Up to 40 inputs, each element has its verdict. Of more, the derivatives along five random
directions are checked: a wrong element changes its row in all of them, and passes only if
that is less than what the differences leave unsure. It is then searched for by halves.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, NamedTuple, TypedDict, Unpack

from autograd.core.operand import number, primal
from autograd.testing.decide import SHARP, TWELVE_DIGITS, Question, by_exact, decide, starts
from autograd.testing.differences import Line, Samples, estimated_noise
from autograd.testing.problem import (
    UNITS,
    Function,
    Move,
    PlainProblem,
    as_array,
    blocks,
    children,
    leaves,
    names,
    rebuilt,
    unit,
    weights,
)
from autograd.testing.report import Case, GradientError, Report, remark, summary, unsteady
from autograd.transforms import grad
from autograd.trees import flatten, flatten_like

__all__ = ["Tolerance", "check_gradient", "check_hessian", "check_jacobian", "check_jvp"]
__all__ += ["check_vjp"]

NINE_DIGITS = 1e-9  # a derivative by hand that has them is right, but for its own round-off
ELEMENTS = 40  # inputs that are checked one by one
PROJECTIONS = 5  # of 40 calls each
ENOUGH = 3  # most of them have to be told for each row
STEP = 2.0**-14  # of a plain central difference, whose errors are well below 1e-6
Claim = Callable[[Sequence[float]], Sequence[float]]  # the derivative along a direction


class Allowed(TypedDict, total=False):
    """What `gradcheck` takes, too."""

    rtol: float
    atol: float
    dtype: str | None


class Tolerance(NamedTuple):
    """What is allowed beside the error of differences, and the round-off of f if given."""

    rtol: float = 0.0
    atol: float = 0.0
    unit: float = 0.0

    @classmethod
    def of(cls, who: str, rtol: Any = 0.0, atol: Any = 0.0, dtype: Any = None) -> Tolerance:
        """From arguments, which are checked."""
        found = [number(rtol, f"{who}: rtol"), number(atol, f"{who}: atol")]
        if not all(0.0 <= x < math.inf for x in found):
            raise ValueError(f"{who}: rtol and atol must be 0 or more, got {rtol!r}, {atol!r}")
        if dtype is not None and str(dtype) not in UNITS:
            known = ", ".join(UNITS)
            raise ValueError(f"{who}: dtype must be one of {known}, got {dtype!r:.80}")
        return cls(found[0], found[1], 0.0 if dtype is None else UNITS[str(dtype)])


class Comparison:
    """The derivatives of a function at a point, as they are claimed and by differences."""

    def __init__(
        self,
        problem: PlainProblem,
        claim: Claim,
        claimed: Any,
        tolerance: Tolerance,
        oracle: str = "differences",
    ) -> None:
        self.problem, self.claim, self.oracle = problem, claim, oracle
        self.rtol, self.atol, grain = tolerance
        result = problem.result(problem.point)
        self.outputs = problem.numbers(result)
        self.rows = names(result, "result")
        self.grain = grain or max(unit(result), unit(problem.xs))
        # half the digits that one extrapolation leaves, whose error is about grain ** (4 / 5)
        self.sharp = max(SHARP, self.grain**0.4)
        self.digits = max(NINE_DIGITS, 8.0 * max(unit(claimed), self.grain))
        self.spent: list[Samples] = []

    def report(self, most: float = ELEMENTS) -> Report:
        """The verdict on all that is claimed; one by one for at most so many inputs."""
        problem, count = self.problem, len(self.problem.point)
        for value in self.outputs:
            if not math.isfinite(value):
                return remark(problem.names, "inconclusive", f"f is {value!r} there")
        if count <= most:
            cases = [case for i in range(count) for case in self.by_input(i)]
            calls = max([len(samples.seen) for samples in self.spent], default=0)
        else:
            cases = self.at_random()
            calls = sum([len(samples.seen) for samples in self.spent])
        if problem.outputs(problem.point) != self.outputs:
            return unsteady(problem.names)
        return summary(cases, calls + 2)

    def by_input(self, i: int) -> list[Case]:
        """The derivatives of all outputs by one input."""
        basis = [float(k == i) for k in range(len(self.problem.point))]
        problem, outputs = self.problem, range(len(self.outputs))
        move = problem.at(i)
        return self.look(problem.names[i], problem.point[i], move, self.claim(basis), outputs)

    def at_random(self) -> list[Case]:
        """Those along random directions; if one is wrong, those by the input to blame."""
        point, rng, count = self.problem.point, random.Random(0), len(self.outputs)
        mean = sum(map(abs, point)) / len(point) or 1.0
        cases, verdicts = list[Case](), list[str]()
        for _ in range(PROJECTIONS):
            v = [(abs(x) or mean) * rng.choice([1, -1]) * rng.uniform(1.0, 2.0) for x in point]
            move = self.problem.toward(v)
            cases += self.look("a random direction", 1.0, move, self.claim(v), range(count))
            verdicts = [case.decision.verdict for case in cases]
            if "fail" in verdicts:
                return self.by_input(self.culprit(v, verdicts.index("fail") % count))
        told = {j for j in range(count) if verdicts[j::count].count("pass") >= ENOUGH}
        kept = [verdicts[k] == "pass" or k % count not in told for k in range(len(cases))]
        return [case for case, keep in zip(cases, kept) if keep]

    def culprit(self, v: Sequence[float], output: int) -> int:
        """The input that is most to blame for a difference along v, by halves."""
        suspects = list(range(len(v)))

        def off(some: Sequence[int]) -> float:
            part = [0.0] * len(v)
            for i in some:
                part[i] = v[i]
            move = self.problem.toward(part)
            high, low = [self.problem.outputs(move(1.0 + h))[output] for h in (STEP, -STEP)]
            return (high - low) / (2.0 * STEP) - self.claim(part)[output]

        whole = off(suspects)
        while len(suspects) > 1:
            middle = len(suspects) // 2
            left = off(suspects[:middle])
            here = abs(left) >= abs(whole - left)
            suspects = suspects[:middle] if here else suspects[middle:]
            whole = left if here else whole - left
        return suspects[0]

    def look(
        self, name: str, x: float, move: Move, claims: Sequence[float], some: Sequence[int]
    ) -> list[Case]:
        """What is claimed of some outputs beside differences along one line."""
        samples = Samples(self.problem.along(move))
        complex_step = cache(lambda: _complex_step(self.problem, move, x))
        self.spent.append(samples)
        cases = []
        for j in some:
            grain, round_ = 2.0 * self.grain, self.problem.round
            line = Line(samples, x, self.outputs[j], 0.0, grain, j, round_)
            line.noise = estimated_noise(line)
            analytic = claims[j]
            allowed = self.atol + (self.rtol and self.rtol * abs(analytic))
            own = self.digits * abs(analytic) + allowed
            decision = decide(
                Question(line, analytic, 0.0, own, self.sharp, allowed), starts(x)
            )
            used = "differences"
            if decision.verdict == "inconclusive" and self.oracle == "complex":
                exact = complex_step()[j] if complex_step() else math.nan
                if abs(exact - decision.numeric) <= 4.0 * decision.error < math.inf:
                    used = "complex step"
                    near = own + TWELVE_DIGITS * abs(exact)
                    decision = by_exact(exact, analytic, near, f"a {used}")._replace(line=line)
            where = f"{self.rows[j]} by {name}" if len(self.rows) > 1 else name
            cases.append(Case(where, x, analytic, decision, None, used))
        return cases


def _complex_step(problem: PlainProblem, move: Move, x: float) -> list[float]:
    """Im f(x + ih) / h of all outputs, to all digits; none if f takes no complex numbers.

    Source: Squire and Trapp, "Using complex variables to estimate derivatives", 1998.
    """
    step = 1e-30 * (abs(x) or 1.0)
    try:
        return [z.imag / step for z in problem.complex(move(complex(x, step)))]
    except Exception:  # whatever f raises
        return []


def check_gradient(
    problem: PlainProblem, gradient: Function, tolerance: Tolerance, oracle: str
) -> Report:
    """What `gradcheck` finds of a gradient by hand: each element of it."""
    result = gradient(*problem.rebuild(problem.point))
    like = problem.xs[0] if len(problem.xs) == 1 else problem.xs
    slopes = _matching(result, like, "the result of gradient")
    comparison = Comparison(problem, _product([slopes]), result, tolerance, oracle)
    if (count := len(comparison.outputs)) != 1:
        raise TypeError(f"gradcheck: with `gradient`, f returns one number, not {count}")
    return comparison.report(math.inf)


def _product(rows: Sequence[Sequence[float]]) -> Claim:
    return lambda v: [math.fsum([a * b for a, b in zip(row, v) if b]) for row in rows]


def _matching(tree: Any, like: Any, what: str) -> list[float]:
    """The numbers of a tree that may have lists for the arrays and tuples of another one."""
    given, wanted = _lists(tree), _lists(like)
    if len(leaves(like, what)) == 1 and getattr(tree, "size", 0) == 1:
        given, wanted = flatten(given, what)[0], [0.0]
    return [primal(x) for x in flatten_like(given, wanted, what)]


def _lists(tree: Any) -> Any:
    """A tree with lists in place of arrays and tuples, and dicts in place of dataclasses."""
    if isinstance(tree, list | tuple):
        return [_lists(child) for child in tree]
    found, array = children(tree), as_array(tree)
    if found is not None:
        return {end: _lists(child) for end, child in found}
    return tree if array is None else array.tolist()


def _matrix(tree: Any, y: Any, xs: tuple[Any, ...], what: str) -> list[list[float]]:
    """The rows of a Jacobian: in each number or array of the result, by each of the arguments.

    This is how nested structures of blocks are laid out, those of JAX too.
    """
    found = [primal(x) for x in leaves(tree, what)]
    heights = [len(numbers) for _, numbers, _ in blocks(y, "")]
    widths = [len(numbers) for _, numbers, _ in blocks(xs, "")]
    if len(found) != sum(heights) * sum(widths):
        wanted = f"{sum(heights)} × {sum(widths)}"
        raise ValueError(f"{what} must have {wanted} numbers, got {len(found)}")
    rows, start = list[list[float]](), 0
    for height in heights:
        band: list[list[float]] = [[] for _ in range(height)]
        for width in widths:
            for row in band:
                row += found[start : start + width]
                start += width
        rows += band
    return rows


def _raised(report: Report) -> Report:
    __tracebackhide__ = True
    if not report:
        raise GradientError(report)
    return report


def _opened(
    kind: str, f: Function, xs: tuple[Any, ...], derivative: Any, options: Allowed
) -> tuple[PlainProblem, Tolerance]:
    name = f"check_{kind}"
    if not callable(derivative):
        raise TypeError(f"{name}: {kind} must be a function, got {derivative!r:.80}")
    return PlainProblem(f, xs, name), Tolerance.of(name, **options)


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
        options: `rtol`, `atol` and `dtype`, as of `gradcheck`.

    Returns:
        The report; its `where` names the element. Of more than 40 inputs, f is called 200
        times at most, in all.

    Raises:
        GradientError: the check did not pass.
        TypeError, ValueError: arguments that are not finite numbers, or another shape.

    >>> report = check_jacobian(
    ...     lambda x: [x[0] * x[1], x[1]], [2.0, 3.0], jacobian=lambda x: [[x[1], x[0]], [0, 1]]
    ... )
    >>> report.verdict, report.derivatives
    ('pass', 4)
    """
    __tracebackhide__ = True
    problem, tolerance = _opened("jacobian", f, xs, jacobian, options)
    y, given = problem.result(problem.point), jacobian(*problem.rebuild(problem.point))
    rows = _matrix(given, y, xs, "the derivative by hand")
    return _raised(Comparison(problem, _product(rows), given, tolerance).report())


def check_vjp(f: Function, *xs: Any, vjp: Function, **options: Unpack[Allowed]) -> Report:
    """Check `vjp(*xs, cotangent)`, as `check_jacobian` does: a cotangent of f's arguments.

    The cotangent has the shape of f's result; what comes back has that of the argument, or is
    a tuple for several.

    >>> check_vjp(lambda x: [x * x, -x], 3.0, vjp=lambda x, u: 2.0 * x * u[0] - u[1]).verdict
    'pass'
    """
    __tracebackhide__ = True
    problem, tolerance = _opened("vjp", f, xs, vjp, options)
    y = problem.result(problem.point)
    u = weights(len(problem.numbers(y)))
    given = vjp(*problem.rebuild(problem.point), rebuilt(y, iter(u)))
    like = xs[0] if len(xs) == 1 else xs
    row = _matching(given, like, "the result of vjp")
    if not tolerance.unit:
        tolerance = tolerance._replace(unit=max(unit(y), unit(xs)))

    def weighted(*args: Any) -> float:
        return math.fsum([w * z for w, z in zip(u, leaves(f(*args), "the result of f"))])

    along = PlainProblem(weighted, xs, "check_vjp")
    return _raised(Comparison(along, _product([row]), given, tolerance).report())


def check_jvp(f: Function, *xs: Any, jvp: Function, **options: Unpack[Allowed]) -> Report:
    """Check `jvp(*xs, *tangents)`, as `check_jacobian` does: a tangent of f's result.

    A tangent has the shape of its argument, and what comes back that of f's result.

    >>> check_jvp(lambda x: x * x * x, 2.0, jvp=lambda x, v: 3.0 * x * x * v).verdict
    'pass'
    """
    __tracebackhide__ = True
    problem, tolerance = _opened("jvp", f, xs, jvp, options)
    y = problem.result(problem.point)

    def claim(v: Sequence[float]) -> list[float]:
        primals, tangents = problem.rebuild(problem.point), problem.rebuild(v)
        return _matching(jvp(*primals, *tangents), y, "the result of jvp")

    return _raised(Comparison(problem, claim, y, tolerance).report())


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
        options: `rtol`, `atol` and `dtype`, as of `gradcheck`.

    >>> check_hessian(lambda x: x * x * x, 2.0, hessian=lambda x: 6.0 * x).verdict
    'pass'
    """
    __tracebackhide__ = True
    problem, tolerance = _opened("hessian", f, xs, hessian, options)
    if gradient is None:
        by_library = grad(f, tuple(range(len(xs))))
        gradient = (lambda x: by_library(x)[0]) if len(xs) == 1 else by_library
    else:
        _raised(check_gradient(problem, gradient, tolerance, "differences"))
    return check_jacobian(gradient, *xs, jacobian=hessian, **options)
