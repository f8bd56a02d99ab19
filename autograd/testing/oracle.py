"""The operations in mpmath, their exact partials, and the chain rule over these.

Written from the mathematics, not from the rules in `autograd.core.table`.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from importlib.util import find_spec
from typing import Any

from autograd.core.operand import primal
from autograd.core.sweeps import reverse_sweep, topological_order
from autograd.core.value import Value

__all__ = ["exact_gradient", "in_mpmath", "knows", "library", "load_mpmath", "partial"]

DIGITS = (80, 1400)  # to start with; then 1e-680 beside 1e617: steps and products of floats
OPERATORS = "abs add mul neg pow sub"
SAME = """sign exp expm1 log log10 log1p sqrt sin cos tan asin acos atan atan2
sinh cosh tanh asinh acosh atanh erf erfc"""  # whose name mpmath has, too


def knows(nodes: Iterable[Value]) -> bool:
    """Whether mpmath is installed, and `in_mpmath` has the operations of all these nodes."""
    return _installed() and all(x.op is None or x.op.name in in_mpmath() for x in nodes)


@cache
def _installed() -> bool:
    return find_spec("mpmath") is not None


def load_mpmath() -> Any:
    try:
        import mpmath
    except ImportError:
        raise ImportError(
            "the mpmath oracle needs mpmath: pip install 'scalar-autograd[test]'"
        ) from None
    return mpmath


@cache
def in_mpmath() -> dict[str, Callable[..., Any]]:
    """Return the operations by name, as functions of mpmath numbers.

    A primitive of your own is replayed once you add it: `in_mpmath()["cube"] = lambda x: x**3`.

    Raises:
        ImportError: mpmath is not installed.

    >>> from mpmath import mp, mpf
    >>> with mp.workdps(30):
    ...     print(in_mpmath()["exp2"](mpf("0.5")))
    1.41421356237309504880168872421
    """
    mpmath = load_mpmath()
    same = {name: getattr(mpmath, name) for name in SAME.split()}
    return same | library(mpmath)


def library(mpmath: Any) -> dict[str, Callable[..., Any]]:
    """Return the other operations, made of those of mpmath or a module with its names."""
    mpf, exp, log = mpmath.mpf, mpmath.exp, mpmath.log

    def sigmoid(x: Any) -> Any:
        return 1 / (1 + exp(-x))

    def normal_cdf(x: Any) -> Any:
        return mpmath.erfc(-x / mpmath.sqrt(2)) / 2

    def logsumexp(*xs: Any) -> Any:
        *others, top = sorted(xs)
        return top + mpmath.log1p(mpmath.fsum([exp(x - top) for x in others]))

    def dot(bias: Any, *both: Any) -> Any:
        half = len(both) // 2
        return sum(map(operator.mul, both[:half], both[half:]), bias)

    def mod(x: Any, y: Any) -> Any:
        with mpmath.workprec(2300):  # for any quotient of floats
            return x - y * mpmath.floor(x / y)

    return {
        **{name: getattr(operator, name) for name in OPERATORS.split()},
        "div": lambda x, y: x / y,
        "mod": mod,
        "floordiv": lambda x, y: mpmath.nint((x - mod(x, y)) / y),
        **dict.fromkeys(["identity", "detach"], lambda x: x),
        "square": lambda x: x * x,
        "reciprocal": lambda x: 1 / x,
        "relu": lambda x: max(x, mpf(0)),
        "leaky_relu": lambda x, slope: x if x > 0 else slope * x,
        "maximum": lambda *xs: max(xs),
        "minimum": lambda *xs: min(xs),
        "clip": lambda x, low, high: min(max(x, low), high),
        "where": lambda chosen, x, y: x if chosen else y,
        "take": lambda index, *xs: xs[int(index)],
        "exp2": lambda x: mpf(2) ** x,
        "log2": lambda x: log(x) / log(2),
        "logsumexp": logsumexp,
        "exp_of_difference": lambda x, y: exp(x - y),
        "gaussian": lambda x, scale: exp(-scale * x * x),
        "rsqrt": lambda x: 1 / mpmath.sqrt(x),
        "cbrt": lambda x: mpmath.sign(x) * mpmath.cbrt(abs(x)),
        "unit": lambda x: mpf(2) ** mpmath.ceil(-2 - log(x) / log(2) / 2) if x else mpf(1),
        "cbrt_slope": lambda x: 1 / (3 * mpmath.cbrt(abs(x)) ** 2),
        "hypot": lambda *xs: mpmath.sqrt(sum([x * x for x in xs])),
        "bell": lambda x: sigmoid(x) * sigmoid(-x),
        "sigmoid": sigmoid,
        "softplus": lambda x: mpmath.log1p(exp(x)),
        "elu": lambda x, alpha: x if x > 0 else alpha * mpmath.expm1(x),
        "silu": lambda x: x * sigmoid(x),
        "normal_cdf": normal_cdf,
        "gelu": lambda x: x * normal_cdf(x),
        "sum": lambda *xs: mpmath.fsum(xs),
        "dot": dot,
    }


def partial(name: str, numbers: Sequence[float], slot: int) -> Any:
    """Return d(operation)/d(operand) at these numbers; None where there is no single value.

    By central differences of `in_mpmath()[name]`, whose steps are so small and numbers so long
    that at least 15 digits are right; 0 where a float would be 0, too.

    Raises:
        LookupError: `in_mpmath` has no such operation.
        ImportError: mpmath is not installed.

    >>> float(partial("tanh", (20.0,), 0))
    1.6993417021166355e-17
    """
    mpmath = load_mpmath()
    try:
        value = in_mpmath()[name]
    except KeyError:
        raise LookupError(
            f"mpmath does not know the primitive {name!r}; enter it with "
            f"autograd.testing.oracle.in_mpmath()[{name!r}] = a function of mpmath numbers"
        ) from None
    # steps are x·1e-30: with five digits to spare for jumps that are y apart
    if name in ("mod", "floordiv") and max(1.0, abs(numbers[0])) > 1e25 * abs(numbers[1]):
        return None  # jumps are closer together than the steps
    operands = [mpmath.mpf(x) for x in numbers]
    before, x, after = operands[:slot], operands[slot], operands[slot + 1 :]
    size = abs(x) or mpmath.mpf(1)
    for digits in DIGITS:
        slope = _derivative(lambda t: value(*before, t, *after), x, size, digits)
        if slope is not None and (slope or digits == DIGITS[-1]):
            return slope
        size = min(size, mpmath.mpf(1))
    return None


def _derivative(f: Callable[[Any], Any], x: Any, size: Any, digits: int) -> Any:
    """Return f'(x), or None if two steps give different ones, or the two sides do.

    With 80 digits, steps of 1e-30 leave an error of 1e-50 by round-off and of 1e-60 by
    truncation; where f is smooth the sides differ by a hundredth as much over 1e-32, at a kink
    by as much.
    """
    mpmath = load_mpmath()
    slopes = []
    for exponent, more in ((30, 0), (32, 40)):
        with mpmath.mp.workdps(digits + more):
            h = size / mpmath.mpf(10) ** exponent
            try:
                up, center, down = f(x + h), f(x), f(x - h)
            except (ValueError, ArithmeticError):
                return None
            if not all(isinstance(y, mpmath.mpf) and mpmath.isfinite(y) for y in (up, down)):
                return None
            slopes.append(((up - down) / (2 * h), abs(up - 2 * center + down) / h))
    (first, apart), (second, less) = slopes
    if abs(first - second) > abs(second) * 1e-16:
        return None
    if less > max(apart / 10, abs(second) * 1e-8):
        return None
    return second


def exact_gradient(root: Value) -> dict[Value, Any] | None:
    """Return d(root)/d(node) by the chain rule over exact partials, at the recorded numbers.

    Returns:
        mpmath numbers; None if a partial that is needed has no single value.

    Raises:
        LookupError, ImportError: as `partial`.
    """
    order, _ = topological_order(root)
    partials: dict[Value, list[Any]] = {}
    for node in order:
        op: Any = node.op
        numbers = [primal(x) for x in node.operands]
        slots = [slot for slot, x in enumerate(node.operands) if type(x) is Value]
        partials[node] = [partial(op.name, numbers, slot) for slot in slots]
        if None in partials[node]:
            return None
    return reverse_sweep(order, {root: load_mpmath().mpf(1)}, partials.__getitem__)
