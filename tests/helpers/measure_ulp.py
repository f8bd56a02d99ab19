"""How many units in the last place each primitive is off, against mpmath at 60 digits.

    python -m tests.helpers.measure_ulp [--points N] [names]

prints a line for the value and for each partial of each primitive: its worst error at N
operands all over its domain, and where that is. An error over 4 ulp makes the exit code 1.

What is right is what `autograd.testing.oracle` says, whose partials are differences of values
in long numbers; at kinks it says nothing. Where terms cancel, an error counts in ulp of the
largest of them. Exempt are the sine, cosine and tangent that the C library gives at arguments
as 0x1.6ac5b262ca1ffp+849 (the double that is nearest to a multiple of π/2): some give 8 to 14
ulp there.
"""

import argparse
import math
import random
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import mpmath
from mpmath import mp, mpf

from autograd import Value
from autograd.core.primitive import RESERVED, TABLE
from autograd.testing.oracle import in_mpmath, partial
from tests.helpers.smooth import count

__all__ = ["BOUND", "Errors", "main", "measure", "points", "ulps"]

BOUND = 4.0
LARGEST, NORMAL, LEAST = sys.float_info.max, sys.float_info.min, 5e-324
Errors = dict[str, tuple[float, tuple[float, ...]]]  # worst error and its operands
EDGES = [
    *(LEAST, NORMAL, 2.0**-1021, 2.0**-511, 1e-300, 2.0**-54, 2.0**-53, 2.0**-27, 1e-3),
    *(0.5, 2.0**-0.5, 1.0, 2.0**0.5, 2.0, 0.5 * math.pi, math.pi, 10.0, 18.4, 19.1, 37.4),
    *(38.6, 354.9, 372.5, 709.0, 709.78, 710.47, 745.1, 1e9, 2.0**27, 2.0**53, 2.0**54),
    *(2.0**511, 2.0**512, 1e300, 2.0**1023, LARGEST),
]

# ---------------------------------------------------------------------- where to measure


def anywhere(draw: random.Random) -> float:
    """A float of any size, of a mild one, or beside an edge."""
    kind, sign = draw.random(), draw.choice([1.0, -1.0])
    if kind < 0.3:
        return sign * math.ldexp(draw.uniform(0.5, 1.0), draw.randint(-1073, 1024))
    if kind < 0.7:
        return sign * draw.choice([1.0, 5.0, 40.0]) * draw.random()
    near: float = draw.choice(EDGES)
    if kind < 0.85:
        return sign * _shifted(near, draw.randint(-3, 3))
    return sign * min(near * (1.0 + draw.choice([1.0, -1.0]) * _gap(draw)), LARGEST)


def _shifted(x: float, steps: int) -> float:
    for _ in range(abs(steps)):
        x = math.nextafter(x, math.copysign(math.inf, steps))
    return min(x, LARGEST)


def _gap(draw: random.Random) -> float:
    return math.exp2(-draw.uniform(0.0, 53.0))


def _ball(x: float) -> float:
    return x if abs(x) <= 1.0 else 1.0 / x


def _remainder(limit: float) -> Callable[[float], float]:
    return lambda x: x if abs(x) <= limit else math.remainder(x, limit)


INTO: dict[str, Callable[[float], float]] = {
    **dict.fromkeys(["log", "log2", "log10", "sqrt", "rsqrt"], abs),
    **dict.fromkeys(["asin", "acos", "atanh"], _ball),
    **dict.fromkeys(["exp", "expm1", "elu"], _remainder(745.2)),
    **dict.fromkeys(["sigmoid", "softplus", "silu", "bell", "tanh"], _remainder(760.0)),
    **dict.fromkeys(["sinh", "cosh"], _remainder(710.4)),
    **dict.fromkeys(["erf", "erfc", "normal_cdf", "gelu"], _remainder(40.0)),
    "exp2": _remainder(1076.0),
    "acosh": lambda x: max(abs(x), 1.0 / (abs(x) or 1.0)),
    "log1p": lambda x: x if x > -1.0 else 1.0 / x,
}


def _second(draw: random.Random, x: float) -> float:
    """A number that may be near x, or of its size."""
    kind = draw.random()
    if kind < 0.5:
        factor = 1.0 + _gap(draw) if kind < 0.2 else draw.uniform(-3.0, 3.0)
        return max(-LARGEST, min(x * factor, LARGEST))
    return anywhere(draw)


def _power(draw: random.Random) -> tuple[float, ...]:
    x = abs(anywhere(draw)) or 1.0
    kind = draw.random()
    if kind < 0.3:
        p = draw.choice([-3.0, -2.0, -1.0, -0.5, 0.5, 1.0, 1.5, 2.0, 3.0, 7.0])
        return (-x if p == round(p) and draw.random() < 0.5 else x), p
    if kind < 0.8 and x != 1.0:
        return x, draw.uniform(-746.0, 710.0) / math.log(x)
    return x, anywhere(draw)


def _gaussian(draw: random.Random) -> tuple[float, ...]:
    return _remainder(40.0)(anywhere(draw)), draw.choice([0.25, 0.5, 1.0, 2.0])


def _logits(draw: random.Random) -> tuple[float, ...]:
    x = anywhere(draw)
    kind = draw.random()
    if kind < 0.6:
        x = _remainder(1e4)(x)
        return tuple([x + draw.uniform(-1.0, 1.0) * draw.choice([1.0, 40.0]) for _ in "abc"])
    return x, _second(draw, x), _second(draw, x)


def _neuron(draw: random.Random) -> tuple[float, ...]:
    """Of sizes whose products differ by less than the oracle's numbers are long."""
    return tuple([_remainder(1e9)(anywhere(draw)) for _ in range(count("dot"))])


# Where a number on the way overflows, is subnormal, or is the worst that the C library gives.
HARD: dict[str, list[tuple[float, ...]]] = {
    "cbrt": [(0.2361189590408901,), (math.nextafter(2.0**512, 0.0),)],
    "cbrt_slope": [(2.0**-615 * 1.07,)],
    "div": [(2.06e-321, -0.0009999), (1e-310, 0.03)],
    "elu": [(-745.0, 1e8), (-720.3, 3e5)],
    "gelu": [(x,) for x in (-36.9, -37.01, -37.5, -37.626076882527066, -38.1, -38.4, -38.5)],
    "hypot": [(1.7e308, 0.9e308), (5e-324, 1e-323)],
    "atan2": [(1.7e308, 0.9e308), (5e-324, 1e-323), (0.1, 1e-322), (1.2e-164, 7e-317)],
    "logsumexp": [(1e-10, -23.7777, -90.0), (-0.7, -30.3, -700.1)],
    "pow": [
        *[(19.6179644, -242.9), (1e3, 102.6), (1e-3, -102.6), (1e-3, 104.3), (-0.5, 1075.0)],
        *[(2.0**528, -1.96), (5e-324, 0.09), (1e300, 1e-3), (1e100, -2.13), (3e-170, 1.82)],
        *[(8.7e-152, 2.238), (-1e-131, -2.0), (-9.2e-302, 2.0), (1.5, 1732.5)],
    ],
    "silu": [(-745.0,), (-720.3,), (-709.0,), (-700.0,)],
}
MANY = {"pow": _power, "gaussian": _gaussian, "logsumexp": _logits, "dot": _neuron}


def points(name: str, many: int) -> Iterator[tuple[float, ...]]:
    """Operands: hard ones, and `many` more, always the same."""
    draw = random.Random(name)
    slots = count(name)
    yield from HARD.get(name, [])
    for _ in range(many):
        if name in MANY:
            yield MANY[name](draw)
            continue
        first = INTO.get(name, float)(anywhere(draw))
        operands = [first, *[_second(draw, first) for _ in range(slots - 1)]]
        if name == "clip":
            operands[1:] = sorted(operands[1:])
        if name in ("where", "take"):
            operands[0] = float(draw.randrange(2))
        yield tuple([x + 0.0 for x in operands])  # mpmath has no -0.0


# ---------------------------------------------------------------------- the errors


def ulps(got: float, wanted: Any, terms: Sequence[Any] = ()) -> float:
    """The error in units of the last place of the result, or of its largest term."""
    if math.isnan(got) or mpmath.isnan(wanted):
        return 0.0 if math.isnan(got) and mpmath.isnan(wanted) else math.inf
    size = min(max(abs(float(x)) for x in (wanted, *terms)), LARGEST)
    if math.isinf(got) and (wanted > 0) == (got > 0.0):
        error = max(mpf(2) ** 1024 - abs(wanted), mpf(0))
    elif math.isinf(got):
        return math.inf
    else:
        error = abs(mpf(got) - wanted)
    return float(min(error / math.ulp(size), mpf(10) ** 99))


FIRST = {"silu": "sigmoid", "gelu": "normal_cdf"}  # of the two terms of the partial


def _terms(name: str, slot: int | None, exact: list[Any], wanted: Any) -> list[Any]:
    """The terms, of a value or of a partial, that can cancel."""
    if slot is None and name == "dot":
        return [exact[0], exact[1] * exact[3], exact[2] * exact[4]]
    if slot is None and name in ("sum", "logsumexp"):
        return exact if name == "sum" else [max(exact)]
    if slot is not None and name in FIRST:
        first = in_mpmath()[FIRST[name]](*exact)
        return [first, wanted - first]
    return []


def measure(name: str, many: int) -> Errors:
    """The worst error of the value and of each partial, with the operands of it."""
    worst: Errors = {}
    for operands in points(name, many):
        try:
            TABLE[name](*operands)
        except (ValueError, ArithmeticError):
            continue
        y = TABLE[name](*map(Value, operands))
        exact = [mpf(x) for x in operands]
        slots: list[int | None] = [None, *range(len(y.partials))]
        for slot, got in zip(slots, (y.data, *y.partials)):
            if slot is None and not math.isfinite(got):
                continue
            try:
                wanted = (
                    in_mpmath()[name](*exact) if slot is None else partial(name, operands, slot)
                )
            except (ZeroDivisionError, OverflowError):  # a pole; mpmath's erfc from 1e154 on
                continue
            if wanted is not None:
                error = ulps(got, wanted, _terms(name, slot, exact, wanted))
                what = "value" if slot is None else f"partial {slot}"
                worst[what] = max(worst.get(what, (0.0, operands)), (error, operands))
    return worst


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the table; 1 if an error is over the bound."""
    parser = argparse.ArgumentParser(description="errors of the primitives in ulp")
    parser.add_argument("--points", type=int, default=2000, metavar="N")
    parser.add_argument("names", nargs="*", default=sorted(RESERVED))
    options = parser.parse_args(arguments)
    over = False
    with mp.workdps(60):
        for name in options.names:
            for what, (error, operands) in measure(name, options.points).items():
                where = ", ".join([x.hex() for x in operands])
                mark = "  <-- over" if error > BOUND else ""
                print(f"{name:18}{what:11}{error:10.3g}  {where}{mark}", flush=True)
                over = over or error > BOUND
    return int(over)


if __name__ == "__main__":
    sys.exit(main())
