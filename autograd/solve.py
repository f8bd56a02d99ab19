"""Equations solved by Newton's method, whose solutions differentiate.

The iteration itself runs on floats. At the solution x of f(x, p) = 0 two more Newton steps are
recorded, as functions of p. The first is right to first order in p, by the implicit function
theorem; and as each step doubles the number of right digits, it doubles that of right
derivatives (Griewank & Walther, "Evaluating Derivatives", 2008, chapter 15): after the second,
those up to the third order are.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from autograd.core.operand import describe, primal
from autograd.core.primitive import TABLE
from autograd.core.value import Value
from autograd.lu import SingularError, solved
from autograd.transforms import value_and_jacobian
from autograd.trees import flatten, without_axes

__all__ = ["fixed_point", "root"]

ITERATIONS = 200
STEPS = 2  # that are recorded
HALVINGS = 30  # of a Newton step
SLOW = (
    8  # steps in a row, each more than a quarter of the one before: the root is a multiple one
)
CLOSE = 2.0**-51  # relative to x: a step that ends the iteration
NEAR = 1e-8  # relative to the largest x so far: a step that rounding may well have caused
DOMAIN = (ValueError, ArithmeticError)  # what f raises where it is not defined

Row = list[Any]


def root(f: Callable[..., Any], x0: Any, *params: Any) -> Any:
    """x where f(x, *params) = 0, near x0; it differentiates in the params.

    Newton's method with the exact Jacobian; a step that does not make the residual smaller, or
    that leaves the domain of f, is halved.

    Args:
        f: gives as many numbers as x has.
        x0: where to begin: a number, or a list, dict or array of them.
        params: further arguments of f. Where they are Values, or f uses Values from outside, so
            is the result; derivatives of it are right up to the third order.

    Returns:
        The solution in the shape of x0. It does not depend on x0 as far as derivatives go.

    Raises:
        RuntimeError: there is no convergence, or the Jacobian is singular on the way; or at the
            solution, if that is to be differentiated.
        TypeError, ValueError: f is not a function, x0 is not numeric, or f gives another
            number of numbers than x0 has.
        Whatever f raises at x0.

    >>> root(lambda x, a: x * x - a, 1.0, 2.0)
    1.414213562373095
    >>> from autograd import grad
    >>> grad(lambda a: root(lambda x: x * x - a, 1.0))(4.0)
    0.25
    >>> root(lambda v: [v[0] + v[1] - 3.0, v[0] * v[1] - 2.0], [0.0, 1.5])
    [1.0, 2.0]
    """
    return _Equations("root", f, x0, params).solution()


def fixed_point(f: Callable[..., Any], x0: Any, *params: Any) -> Any:
    """x where f(x, *params) = x, near x0; it differentiates in the params.

    Solved as the equation f(x) - x = 0; arguments and errors as `root`.

    >>> from autograd import cos, grad
    >>> fixed_point(cos, 1.0)
    0.7390851332151607
    >>> grad(lambda a: fixed_point(lambda x: cos(a * x), 1.0))(1.0)
    -0.29747434150983226
    """
    return _Equations("fixed_point", f, x0, params).solution()


class _Equations:
    """f(x, *params) = 0, or = x, in flat lists."""

    def __init__(
        self, name: str, f: Callable[..., Any], x0: Any, params: tuple[Any, ...]
    ) -> None:
        if not callable(f):
            raise TypeError(f"{name} takes a function, got {f!r:.80}")
        self.name, self.f, self.params = name, f, params
        leaves, self.rebuild = flatten(x0, f"{name}: x0")
        self.x = [plain(x) for x in leaves]
        self.plain = []
        for i, each in enumerate(params):
            leaves, rebuild = flatten(each, f"{name}: parameter {i}")
            self.plain.append(rebuild([plain(p) for p in leaves]))
        self.both = value_and_jacobian(self.residual)
        self.singular = False

    def residual(self, x: Row, *params: Any) -> Row:
        results, _ = flatten(
            without_axes(self.f(self.rebuild(x), *params)), f"{self.name}: the result of f"
        )
        if len(results) != len(x):
            raise ValueError(
                f"{self.name}: f gives {len(results)} number(s) for the {len(x)} of x0; there "
                "must be as many equations as unknowns"
            )
        return [y - a for y, a in zip(results, x)] if self.name == "fixed_point" else results

    def solution(self) -> Any:
        """The solution, with what it depends on."""
        x: Row = self.iterate()
        for _ in range(STEPS):
            f, jacobian = self.both(x, *self.params)
            if not any(type(y) is Value for y in [*f, *[d for row in jacobian for d in row]]):
                break
            step = None if self.singular else solve(jacobian, f)
            if step is None:
                raise RuntimeError(
                    f"{self.name}: the Jacobian is singular at the solution {self.shown(x)}, "
                    "which has no derivative there"
                )
            x = [a - d for a, d in zip(x, step)]
        return self.rebuild(x)

    def iterate(self) -> Row:
        """The solution as floats; as Values where a program is recorded."""
        x, largest, length, slow = self.x, [abs(a) for a in self.x], 0.0, 0
        f, jacobian = self.at(x)
        size, step = norm(f), x
        for _ in range(ITERATIONS):
            if size == 0.0:
                return x
            if not size < math.inf:
                raise self.failed("the result of f is not finite", x, size)
            newton = solve(jacobian, f)
            if newton is None:
                raise self.failed("the Jacobian is singular; start elsewhere", x, size)
            step = newton
            before, length = length, norm(step)
            slow = slow + 1 if length > 0.25 * before else 0
            self.singular = slow >= SLOW
            if small(step, CLOSE, map(abs, x)):
                return [a - d for a, d in zip(x, step)]
            factor = 1.0
            for _ in range(HALVINGS):
                new = [a - factor * d for a, d in zip(x, step)]
                try:
                    f, jacobian = self.at(new)
                    after = norm(f)
                    if after < (1.0 - 1e-4 * factor) * size:
                        break
                except DOMAIN:
                    pass
                factor /= 2.0
            else:
                if small(step, NEAR, largest):
                    return x
                raise self.failed(
                    "no step makes the residual smaller; start elsewhere", x, size
                )
            x, size = new, after
            largest = [max(a, abs(b)) for a, b in zip(largest, x)]
        if small(step, CLOSE, largest):  # slowly, to a multiple root at 0
            return x
        raise self.failed(f"no convergence in {ITERATIONS} steps", x, size)

    def at(self, x: Row) -> tuple[Row, list[Row]]:
        f, jacobian = self.both(x, *self.plain)
        return [plain(y) for y in f], [[plain(d) for d in row] for row in jacobian]

    def shown(self, x: Row) -> str:
        return f"x = {describe([primal(a) for a in x])}"

    def failed(self, why: str, x: Row, size: Any) -> RuntimeError:
        where = f"at {self.shown(x)} the residual is {primal(size):.3g}"
        return RuntimeError(f"{self.name}: {why}: {where}")


def plain(x: Any) -> Any:
    """The float that x holds; x itself where a program that is being recorded follows that."""
    number = primal(x)
    return number if type(number) is float else x


def norm(f: Row) -> Any:
    """The Euclidean norm."""
    return TABLE["hypot"](*f)


def small(step: Row, share: float, of: Iterable[Any]) -> bool:
    """Whether no entry of a step is larger than this share of these numbers."""
    return all(abs(d) <= share * a for d, a in zip(step, of))


def solve(matrix: Sequence[Sequence[Any]], right: Sequence[Any]) -> Row | None:
    """x where matrix · x = right; None if singular."""
    try:
        return [x for [x] in solved([*map(list, matrix)], [[b] for b in right])]
    except SingularError:
        return None
