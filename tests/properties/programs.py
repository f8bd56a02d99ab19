"""Random straight-line programs: each step is safe at the values that it meets."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

from autograd import Value
from autograd.primitives import TABLE

__all__ = ["Program", "Step", "programs"]


def _tame(x: float) -> bool:
    return 1e-3 < abs(x) < 20.0


def _between(low: float, high: float) -> Callable[..., bool]:
    return lambda x: low < x < high


def _apart(*xs: float) -> bool:
    return all(abs(x - y) > 1e-3 for i, x in enumerate(xs) for y in xs[:i])


def _named(names: str, safe: Callable[..., bool]) -> dict[str, Callable[..., bool]]:
    return dict.fromkeys(names.split(), safe)


SAFE: dict[str, Callable[..., bool]] = {
    **_named("neg square sin cos atan tanh asinh sigmoid softplus", _tame),
    **_named("abs sign relu cbrt", _tame),
    **_named("gelu silu", lambda x: _tame(x) and not -2.0 < x < -0.5),  # not at the minimum
    **_named("exp exp2 expm1 sinh cosh erf erfc", _between(-3.0, 3.0)),
    **_named("log log2 log10 sqrt", _between(1e-2, 100.0)),
    **_named("asin acos atanh", _between(-0.99, 0.99)),
    **_named("add sub mul", lambda x, y: True),
    "tan": _between(-1.5, 1.5),
    "acosh": _between(1.01, 50.0),
    "log1p": _between(-0.99, 50.0),
    "reciprocal": lambda x: abs(x) > 1e-2,
    "div": lambda x, y: abs(y) > 1e-2,
    "pow": lambda x, p: 0.1 < x < 10.0 and abs(p) < 4.0,
    "atan2": lambda y, x: math.hypot(x, y) > 1e-2,
    "hypot": lambda x, y: math.hypot(x, y) > 1e-2,
    "maximum": _apart,
    "minimum": _apart,
    "logsumexp": lambda x, y: True,
    "leaky_relu": lambda x, slope: abs(x) > 1e-3,
    "elu": lambda x, alpha: 1e-3 < abs(x) < 3.0,
    "clip": lambda x, low, high: low < high and _apart(x, low, high),
    "where": lambda chosen, x, y: True,
    "sum": lambda x, y, z: True,
    "dot": lambda bias, u, v, x, y: True,
}
ARITY = {"sum": 3, "dot": 5, "hypot": 2, "maximum": 2, "minimum": 2, "logsumexp": 2}
LARGEST = 1e3


@dataclass(frozen=True)
class Step:
    """An operation, and where its operands come from: an earlier result or a constant."""

    name: str
    operands: tuple[int | float, ...]


@dataclass(frozen=True)
class Program:
    """Numbers to start from and steps that refer to them, and to each other, by index."""

    starts: tuple[float, ...]
    steps: tuple[Step, ...]

    def run(self, starts: list[Any], table: Callable[[str], Callable[..., Any]]) -> list[Any]:
        """Every result, the starts first; `table` gives the meaning of each name."""
        results = list(starts)
        for step in self.steps:
            operands = [results[i] if type(i) is int else i for i in step.operands]
            results.append(table(step.name)(*operands))
        return results

    def record(self) -> tuple[list[Value], Value]:
        """The leaves, and the last result."""
        leaves = [Value(x) for x in self.starts]
        return leaves, self.run(leaves, TABLE.__getitem__)[-1]


@st.composite
def programs(draw: st.DrawFn, longest: int = 12) -> Program:
    start = st.floats(-3.0, 3.0).filter(lambda x: abs(x) > 1e-3)
    starts = draw(st.lists(start, min_size=1, max_size=4))
    values, steps = list(starts), []
    for _ in range(draw(st.integers(1, longest))):
        name = draw(st.sampled_from(sorted(SAFE)))
        arity = ARITY.get(name) or len(TABLE[name].rules)
        indices = st.integers(0, len(values) - 1)
        operands: list[int | float] = [draw(indices)]
        operands += [draw(indices | st.floats(-2.0, 2.0)) for _ in range(arity - 1)]
        numbers = [values[i] if type(i) is int else float(i) for i in operands]
        if not SAFE[name](*numbers):
            continue
        value = TABLE[name](*numbers)
        if abs(value) < LARGEST:
            values.append(value)
            steps.append(Step(name, tuple(operands)))
    if not steps:
        steps.append(Step("add", (0, 0)))
    return Program(tuple(starts), tuple(steps))
