"""Derivatives written by hand: gradients, Jacobians and products with them, of any shape.

Up to 40 inputs, each element has its verdict. Of more, the derivatives along five random
directions are checked: a wrong element changes its row in all of them, and passes only if
that is less than what the differences leave unsure. It is then searched for by halves.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from itertools import islice
from typing import Any, NamedTuple, TypedDict, Unpack

from autograd.core.operand import number, primal
from autograd.testing.decide import (
    MULTIPLE,
    SHARP,
    TWELVE_DIGITS,
    Question,
    by_exact,
    decide,
    starts,
)
from autograd.testing.differences import CALLS, Line, Samples, estimated_noise
from autograd.testing.problem import (
    UNITS,
    FaultError,
    Function,
    Move,
    PlainProblem,
    leaves,
    names,
    parts,
    rebuilt,
    shape_of,
    unit,
    weights,
)
from autograd.testing.report import Case, Report, raised, remark, summary, unsteady
from autograd.transforms import grad
from autograd.trees import children_of, flatten_like

__all__ = ["Tolerance", "check_gradient", "check_hessian", "check_jacobian", "check_jvp"]
__all__ += ["check_vjp"]

NINE_DIGITS = 1e-9  # a derivative by hand that has them is right, but for its own round-off
ELEMENTS = 40  # inputs that are checked one by one
PROJECTIONS = 5  # of 40 calls each
ENOUGH = 3  # most of them have to be told for each row
STEP = 2.0**-14  # of a plain central difference, whose errors are well below 1e-6
AGAIN = 5  # times that f and a derivative that does not pass are computed again, at most
Claim = Callable[[Sequence[float]], Sequence[float]]  # the derivative along a direction
Rows = list[list[float]]


class Precision(TypedDict, total=False):
    """What `gradcheck` takes, too."""

    rtol: float
    atol: float
    dtype: str | None


class Allowed(Precision, total=False):
    """What those take that raise."""

    allow_inconclusive: bool


class Claimed(NamedTuple):
    """A derivative by hand, as it was computed once.

    Attributes:
        along: what it is along a direction.
        numbers: all of it, to be compared with what it is the next time.
        result: as it came.
        rows: a row for each output, if it came as a matrix.
    """

    along: Claim
    numbers: Sequence[float]
    result: Any
    rows: Rows | None = None


Shape = tuple[int, ...]


class MisshapenError(FaultError):
    """A derivative by hand has another shape than it must have; with a guess at the reason."""

    def __init__(
        self, what: str, found: Shape, needed: Shape, where: Sequence[str] = ()
    ) -> None:
        more, guess = len(found) - len(needed), ""
        ones = [k for k, (a, b) in enumerate(zip(found, needed)) if a != b == 1]
        squeezed = tuple([1 if k in ones else size for k, size in enumerate(found)])
        axes = range(more) if found[more:] == needed else ones if squeezed == needed else ()
        if len(found) == 2 and found == needed[::-1]:
            guess = ": is it transposed?"
        elif math.prod(found) == math.prod(needed):
            guess = ": reshape it"
        elif axes:
            guess = f": is it not summed over axis {', '.join(map(str, axes))}?"
        elif more == 1 and found[:-1] == needed:
            guess = f": is it not summed over axis {more + len(needed) - 1}?"
        reason = f"{what} has the shape {found}, and must have {needed}{guess}"
        super().__init__(reason, where)


class Tolerance(NamedTuple):
    """What is allowed beside the error of differences, and the round-off of f if given."""

    rtol: float = 0.0
    atol: float = 0.0
    unit: float = 0.0
    inconclusive: bool = False

    @classmethod
    def of(
        cls,
        who: str,
        rtol: Any = 0.0,
        atol: Any = 0.0,
        dtype: Any = None,
        allow_inconclusive: Any = False,
    ) -> Tolerance:
        """From arguments, which are checked."""
        found = [number(rtol, f"{who}: rtol"), number(atol, f"{who}: atol")]
        if not all(0.0 <= x < math.inf for x in found):
            raise ValueError(f"{who}: rtol and atol must be 0 or more, got {rtol!r}, {atol!r}")
        if dtype is not None and str(dtype) not in UNITS:
            known = ", ".join(UNITS)
            raise ValueError(f"{who}: dtype must be one of {known}, got {dtype!r:.80}")
        grain = 0.0 if dtype is None else UNITS[str(dtype)]
        return cls(found[0], found[1], grain, bool(allow_inconclusive))


class Comparison:
    """The derivatives of a function at a point, as they are claimed and by differences."""

    def __init__(
        self,
        problem: PlainProblem,
        derive: Callable[[], Claimed],
        tolerance: Tolerance,
        oracle: str = "differences",
    ) -> None:
        self.problem, self.derive, self.oracle = problem, derive, oracle
        self.rtol, self.atol, grain, _ = tolerance
        result = problem.result(problem.point)
        self.claimed = derive()  # after f, as a backward pass is
        self.outputs = problem.numbers(result)
        self.rows = names(result, "result")
        self.grain = grain or max(unit(result), unit(problem.xs))
        coarse = max(unit(self.claimed.result), self.grain)
        # half the digits that one extrapolation leaves, whose error is about grain ** (4 / 5)
        self.sharp = max(SHARP, coarse**0.4)
        self.digits = max(NINE_DIGITS, 8.0 * coarse)
        self.spent: list[Samples] = []
        self.seen: list[tuple[Sequence[float], list[Case]]] = []  # by direction

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
        report = summary(cases, calls)
        times = 1 if report or calls >= CALLS - 2 else min(AGAIN, CALLS - 1 - calls)
        if any(problem.outputs(problem.point) != self.outputs for _ in range(times)):
            return unsteady(problem.names, "f")
        if not all(self.is_same(self.derive()) for _ in range(1 if report else AGAIN)):
            return unsteady(problem.names, "the derivative")
        guess = "" if report else self.transposed()
        return summary(cases, calls + 1 + times, guess)

    def is_same(self, again: Claimed) -> bool:
        """Whether a derivative is what it was, but for round-off."""
        return all(
            a == b or str(a) == str(b) or abs(a - b) <= self.allowed(max(abs(a), abs(b)))
            for a, b in zip(self.claimed.numbers, again.numbers)
        )

    def allowed(self, size: float) -> float:
        """The round-off of a derivative of this size, and what the caller allows."""
        return self.digits * size + self.atol + (self.rtol and self.rtol * size)

    def transposed(self) -> str:
        """A guess: whether the matrix, or that of one argument, is right but transposed."""
        rows = self.claimed.rows
        for other in [] if rows is None else _transposes(rows, self.problem.xs):
            along = _product(other)
            pairs = [
                (claimed, case.decision)
                for direction, cases in self.seen
                for claimed, case in zip(along(direction), cases)
            ]
            if all(
                decision.verdict == "inconclusive"
                or abs(claimed - decision.numeric)
                <= MULTIPLE * decision.error + self.allowed(abs(claimed))
                for claimed, decision in pairs
            ):
                return "it is transposed"
        return ""

    def by_input(self, i: int) -> list[Case]:
        """The derivatives of all outputs by one input."""
        basis = [float(k == i) for k in range(len(self.problem.point))]
        problem, outputs = self.problem, range(len(self.outputs))
        move = problem.at(i)
        return self.look(problem.names[i], problem.point[i], move, basis, outputs)

    def at_random(self) -> list[Case]:
        """Those along random directions; if one is wrong, those by the input to blame."""
        point, rng, count = self.problem.point, random.Random(0), len(self.outputs)
        mean = sum(map(abs, point)) / len(point) or 1.0
        cases, verdicts = list[Case](), list[str]()
        for _ in range(PROJECTIONS):
            v = [(abs(x) or mean) * rng.choice([1, -1]) * rng.uniform(1.0, 2.0) for x in point]
            move = self.problem.toward(v)
            cases += self.look("a random direction", 1.0, move, v, range(count))
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
            return (high - low) / (2.0 * STEP) - self.claimed.along(part)[output]

        whole = off(suspects)
        while len(suspects) > 1:
            middle = len(suspects) // 2
            left = off(suspects[:middle])
            here = abs(left) >= abs(whole - left)
            suspects = suspects[:middle] if here else suspects[middle:]
            whole = left if here else whole - left
        return suspects[0]

    def look(
        self, name: str, x: float, move: Move, v: Sequence[float], some: Sequence[int]
    ) -> list[Case]:
        """What is claimed of some outputs beside differences along one line."""
        samples = Samples(self.problem.along(move))
        complex_step = cache(lambda: _complex_step(self.problem, move, x))
        self.spent.append(samples)
        cases, claims = list[Case](), self.claimed.along(v)
        for j in some:
            grain, round_ = 2.0 * self.grain, self.problem.round
            line = Line(samples, x, self.outputs[j], 0.0, grain, j, round_)
            line.noise = estimated_noise(line)
            analytic = claims[j]
            allowed = self.atol + (self.rtol and self.rtol * abs(analytic))
            own = self.allowed(abs(analytic))
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
        self.seen.append((v, cases))
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
    like = problem.xs[0] if len(problem.xs) == 1 else problem.xs

    def derive() -> Claimed:
        result = problem.derivative(gradient)
        return _by_rows([_matching(result, like, "the result of gradient", problem)], result)

    return _compared(problem, derive, tolerance, oracle, 1)


def _compared(
    problem: PlainProblem,
    derive: Callable[[], Claimed],
    tolerance: Tolerance,
    oracle: str = "differences",
    outputs: int | None = None,
) -> Report:
    """The report on a derivative; of a gradient, element by element."""
    try:
        comparison = Comparison(problem, derive, tolerance, oracle)
    except FaultError as error:
        return remark(error.where or problem.names, "fail", str(error))
    if outputs is not None and (count := len(comparison.outputs)) != outputs:
        raise TypeError(f"gradcheck: with `gradient`, f returns one number, not {count}")
    return comparison.report(ELEMENTS if outputs is None else math.inf)


def _by_rows(rows: Rows, result: Any) -> Claimed:
    return Claimed(_product(rows), [x for row in rows for x in row], result, rows)


def _product(rows: Sequence[Sequence[float]]) -> Claim:
    return lambda v: [math.fsum([a * b for a, b in zip(row, v) if b]) for row in rows]


def _transposes(rows: Rows, xs: Any) -> Iterator[Rows]:
    """A square matrix transposed; or, of a row, the numbers of each square argument."""
    if len(rows) == len(rows[0]) > 1:
        yield [list(column) for column in zip(*rows)]
    start = 0
    for _, x in parts(xs) if len(rows) == 1 else ():
        count = len(leaves(x, ""))
        end, size = start + count, math.isqrt(count)
        if getattr(x, "shape", ()) == (size, size):
            square = [rows[0][k : k + size] for k in range(start, end, size)]
            turned = [x for column in zip(*square) for x in column]
            yield [rows[0][:start] + turned + rows[0][end:]]
        start = end


def _matching(
    tree: Any, like: Any, what: str, problem: PlainProblem | None = None
) -> list[float]:
    """The numbers of a tree that may have lists for the arrays and tuples of another one.

    It is one of arguments if there is a problem.
    """
    count = len(problem.xs) if problem else 1
    if count > 1 and not (isinstance(tree, list | tuple) and len(tree) == count):
        raise FaultError(f"{what} must be a tuple of {count}, one for each argument")
    if len(leaves(like, what)) == 1 and getattr(tree, "size", 0) == 1:
        return [primal(x) for x in leaves(tree, what)]
    places = iter(problem.names if problem else names(like, "result"))
    return [primal(x) for x in _matched(tree, like, what, places)]


def _matched(tree: Any, like: Any, what: str, places: Iterator[str]) -> list[Any]:
    found, needed = shape_of(tree), shape_of(like)
    if found is not None and needed is not None:
        where = list(islice(places, math.prod(needed)))
        if found != needed:
            raise MisshapenError(what, found, needed, where)
        return leaves(tree, what)
    inner, among = children_of(tree), children_of(like)
    if inner is None or among is None or {*inner.places} != {*among.places}:
        return flatten_like(tree, like, what)  # which says what is wrong
    given = dict(zip(inner.places, inner.parts))
    each = zip(among.places, among.parts)
    return [x for end, y in each for x in _matched(given[end], y, what + end, places)]


def _matrix(tree: Any, y: Any, xs: tuple[Any, ...], what: str) -> Rows:
    """The rows of a Jacobian: in each number or array of the result, by each of the arguments.

    This is how nested structures of blocks are laid out, those of JAX too.
    """
    found = [primal(x) for x in leaves(tree, what)]
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
            raise MisshapenError(what, given, r + s)
    if len(found) != sum(heights) * sum(widths):
        wanted = f"{sum(heights)} × {sum(widths)}"
        raise ValueError(f"{what} must have {wanted} numbers, got {len(found)}")
    rows, start = Rows(), 0
    for height in heights:
        band: Rows = [[] for _ in range(height)]
        for width in widths:
            for row in band:
                row += found[start : start + width]
                start += width
        rows += band
    return rows


def _or_one(shape: Shape) -> set[Shape]:
    """A shape, and where it holds one number, those that say so in other ways."""
    return {shape, (), (1,)} if math.prod(shape) == 1 else {shape}


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
    problem, tolerance = _opened("jacobian", f, xs, jacobian, options)
    y = problem.result(problem.point)

    def derive() -> Claimed:
        given = problem.derivative(jacobian)
        return _by_rows(_matrix(given, y, xs, "the derivative by hand"), given)

    return raised(_compared(problem, derive, tolerance), tolerance.inconclusive)


def check_vjp(f: Function, *xs: Any, vjp: Function, **options: Unpack[Allowed]) -> Report:
    """Check `vjp(*xs, cotangent)`, as `check_jacobian` does: a cotangent of f's arguments.

    The cotangent has the shape of f's result; what comes back has that of the argument, or is
    a tuple for several.

    >>> check_vjp(lambda x: [x * x, -x], 3.0, vjp=lambda x, u: 2.0 * x * u[0] - u[1]).verdict
    'pass'
    """
    __tracebackhide__ = True
    if not callable(vjp):
        raise TypeError(f"check_vjp: vjp must be a function, got {vjp!r:.80}")
    tolerance = Tolerance.of("check_vjp", **options)
    return raised(vjp_report(f, xs, vjp, tolerance), tolerance.inconclusive)


def vjp_report(
    f: Function,
    xs: tuple[Any, ...],
    vjp: Function,
    tolerance: Tolerance,
    called: list[str] | None = None,
) -> Report:
    """What `check_vjp` finds; the numbers of xs may be called by other names."""
    problem = PlainProblem(f, xs, "check_vjp")
    y = problem.result(problem.point)
    u = weights(len(problem.numbers(y)))
    like = xs[0] if len(xs) == 1 else xs
    if not tolerance.unit:
        tolerance = tolerance._replace(unit=max(unit(y), unit(xs)))

    def weighted(*args: Any) -> float:
        return math.fsum([w * z for w, z in zip(u, leaves(f(*args), "the result of f"))])

    def derive() -> Claimed:
        given = problem.derivative(vjp, rebuilt(y, iter(u)))
        return _by_rows([_matching(given, like, "the result of vjp", problem)], given)

    along = PlainProblem(weighted, xs, "check_vjp")
    problem.names = along.names = called or along.names
    return _compared(along, derive, tolerance)


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
        tangent = problem.derivative(jvp, *problem.rebuild(v))
        return _matching(tangent, y, "the result of jvp")

    mixed = weights(len(problem.point))
    derive = lambda: Claimed(claim, claim(mixed), y)  # noqa: E731
    return raised(_compared(problem, derive, tolerance), tolerance.inconclusive)


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
    problem, tolerance = _opened("hessian", f, xs, hessian, options)
    if gradient is None:
        by_library = grad(f, tuple(range(len(xs))))
        gradient = (lambda x: by_library(x)[0]) if len(xs) == 1 else by_library
    else:
        found = check_gradient(problem, gradient, tolerance, "differences")
        raised(found, tolerance.inconclusive)
    return check_jacobian(gradient, *xs, jacobian=hessian, **options)
