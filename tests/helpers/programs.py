"""Random straight-line programs: lists of operations that refer to earlier results."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

from autograd.core.primitive import TABLE, Primitive
from autograd.core.value import Value
from tests.helpers.tables import table

__all__ = ["CONTROL", "OPERANDS", "SAFE", "Applied", "Listing", "decode", "programs"]

LARGEST = 1e3  # no result of a random program is larger
EASY = [1.0, 0.5, -1.0, 2.0, 0.0, -0.5, 3.0, 0.25]


def _tame(x: float) -> bool:
    return 1e-3 < abs(x) < 20.0


def _between_jumps(x: float, y: float) -> bool:
    return 0.01 < abs(y) and abs(x) < 1e3 * abs(y) and 0.01 < x / y % 1.0 < 0.99


def _distinct(*xs: float) -> bool:
    return all(abs(x - y) > 1e-3 for i, x in enumerate(xs) for y in xs[:i])


# Where each operation is smooth and mild: away from kinks, poles and the domain's edges; gelu
# and silu away from the minimum.
SAFE: dict[str, Callable[..., bool]] = {
    name: safe
    for names, safe in table(
        """
"neg identity square sin cos atan tanh asinh sigmoid bell softplus" | _tame
"abs sign relu cbrt cbrt_slope" | _tame
"gelu silu" | lambda x: _tame(x) and not -2.0 < x < -0.5
"exp exp2 expm1 sinh cosh erf erfc normal_cdf" | lambda x: -3.0 < x < 3.0
"log log2 log10 sqrt rsqrt" | lambda x: 1e-2 < x < 100.0
"asin acos atanh" | lambda x: -0.99 < x < 0.99
"add sub mul logsumexp" | lambda x, y: True
"tan" | lambda x: -1.5 < x < 1.5
"acosh" | lambda x: 1.01 < x < 50.0
"log1p" | lambda x: -0.99 < x < 50.0
"reciprocal" | lambda x: abs(x) > 1e-2
"div" | lambda x, y: abs(y) > 1e-2
"mod floordiv" | _between_jumps
"pow" | lambda x, p: 0.1 < x < 10.0 and abs(p) < 4.0
"exp_of_difference" | lambda x, y: abs(x - y) < 3.0
"gaussian" | lambda x, scale: abs(x) < 3.0 and abs(scale) < 2.0
"atan2" | lambda y, x: math.hypot(x, y) > 1e-2 and (x > 0.0 or abs(y) > 1e-3)
"hypot" | lambda x, y: math.hypot(x, y) > 1e-2
"maximum minimum" | _distinct
"leaky_relu" | lambda x, slope: abs(x) > 1e-3
"elu" | lambda x, alpha: 1e-3 < abs(x) < 3.0
"clip" | lambda x, low, high: low < high and _distinct(x, low, high)
"where" | lambda chosen, x, y: abs(chosen) > 1e-3
"sum" | lambda x, y, z: True
"dot" | lambda *xs: True
""",
        globals(),
    )
    for name in names.split()
}


def _branch(chosen: Any, x: Any, y: Any) -> Any:
    return x if chosen > 0.0 else y


def _halve(x: Any) -> Any:
    while abs(x) > 1.0:
        x = x * 0.5
    return x


# Control flow in Python, which no graph records: a branch, and a loop as long as x is large.
CONTROL: dict[str, Callable[..., Any]] = {"branch": _branch, "halve": _halve}
SAFE_CONTROL: dict[str, Callable[..., bool]] = {
    "branch": lambda chosen, x, y: abs(chosen) > 1e-3,
    "halve": lambda x: 0.501 < math.frexp(x)[0] < 0.999 or 0.0 < abs(x) < 0.999,
}
OPERANDS = {"sum": 3, "dot": 5, "branch": 3, "halve": 1}  # of a variadic operation; else 2


@dataclass(frozen=True)
class Applied:
    """An operation, and its operands: an int is an earlier result, a float a constant."""

    name: str
    operands: tuple[int | float, ...]


@dataclass(frozen=True)
class Listing:
    """Numbers to start from and steps that refer to them, and to each other, by index.

    Called with as many numbers or Values as it has starts, it returns its last result.

    >>> program = Listing((2.0, 3.0), (Applied("mul", (0, 1)), Applied("add", (2, 1.0))))
    >>> program(2.0, 3.0)
    7.0
    >>> print(program)
    v0, v1 = 2.0, 3.0
    v2 = mul(v0, v1)
    v3 = add(v2, 1.0)
    """

    starts: tuple[float, ...]
    steps: tuple[Applied, ...]

    def run(
        self, starts: Sequence[Any], table: Callable[[str], Callable[..., Any]]
    ) -> list[Any]:
        """Every result, the starts first; `table` gives the meaning of each name."""
        results = list(starts)
        for step in self.steps:
            operands = [results[i] if type(i) is int else i for i in step.operands]
            results.append((CONTROL.get(step.name) or table(step.name))(*operands))
        return results

    def record(self) -> tuple[list[Value], Value]:
        """The leaves, and the last result."""
        leaves = [Value(x) for x in self.starts]
        return leaves, self(*leaves)

    def __call__(self, *xs: Any) -> Any:
        return self.run(xs, TABLE.__getitem__)[-1]

    def __str__(self) -> str:
        names = [f"v{i}" for i in range(len(self.starts) + len(self.steps))]
        lines = [
            f"{', '.join(names[: len(self.starts)])} = {', '.join(map(repr, self.starts))}"
        ]
        for name, step in zip(names[len(self.starts) :], self.steps):
            operands = [names[i] if type(i) is int else repr(i) for i in step.operands]
            lines.append(f"{name} = {step.name}({', '.join(operands)})")
        return "\n".join(lines)


def decode(head: bytes, codes: Sequence[bytes], names: Sequence[str]) -> Listing:
    """The program that bytes stand for: two for each start, six for each step.

    Smaller bytes give a simpler program. An operation that is not safe at its operands is
    replaced by one before it that is. Operands are results that no operation has used yet,
    other results, and constants. The program's result is the one that depends on most steps;
    the other steps are left out.
    """
    starts = tuple([_start(*head[i : i + 2]) for i in range(0, len(head), 2)])
    values, steps = list(starts), list[Applied]()
    unused = list(range(len(starts)))
    for code in codes:
        for k in range(len(names)):
            name = names[(code[0] - k) % len(names)]
            operands = _operands(code[1:], _arity(name), len(values), unused)
            value = _value(name, [values[j] if type(j) is int else j for j in operands])
            if value is not None:
                unused = [j for j in unused if j not in operands] + [len(values)]
                values.append(value)
                steps.append(Applied(name, operands))
                break
    if not steps:
        return Listing(starts[:1], (Applied("add", (0, 0)),))
    roots = [i - len(starts) for i in unused if i >= len(starts)]
    return max([_needed(starts, steps[: i + 1]) for i in roots], key=lambda p: len(p.steps))


def _arity(name: str) -> int:
    arity = None if name in CONTROL else TABLE[name].arity
    return OPERANDS.get(name, 2) if arity is None else arity


def _start(high: int, low: int) -> float:
    """A number up to 3 in size: a short one, or one with all of its digits in use."""
    if high < len(EASY):
        return EASY[high]
    size = 2e-3 + (256 * (high % 128) + low) / 11111.1
    return size if high < 128 else -size


def _operands(
    codes: Sequence[int], arity: int, count: int, unused: Sequence[int]
) -> tuple[int | float, ...]:
    """For each slot one of `count` results, or, after the first, a constant."""
    found: list[int | float] = []
    for slot in range(arity):
        kind, code = codes[slot % len(codes)] % 4, codes[slot % len(codes)] // 4
        fresh = [i for i in unused if i not in found]
        if kind == 3 and slot:
            found.append(EASY[code] if code < len(EASY) else code / 15.7 - 2.0)
        elif fresh and (kind == 0 or (slot == 0 and kind != 2)):
            found.append(fresh[-1 - code % len(fresh)])
        else:
            found.append(count - 1 - code * count // 64)
    return tuple(found)


def _value(name: str, numbers: list[float]) -> float | None:
    """The operation's result, None if it is not safe at these numbers."""
    safe = SAFE_CONTROL.get(name) or SAFE.get(name)
    if safe is not None:
        if not safe(*numbers):
            return None
        value = (CONTROL.get(name) or TABLE[name])(*numbers)
    else:
        try:
            node = TABLE[name](*map(Value, numbers))
        except (ValueError, ArithmeticError):
            return None
        if not all(abs(d) < LARGEST for d in node.partials):
            return None
        value = node.data
    return float(value) if abs(value) < LARGEST else None


def _needed(starts: tuple[float, ...], steps: list[Applied]) -> Listing:
    """The program without the starts and steps that its last result does not depend on."""
    count = len(starts)
    needed = {count + len(steps) - 1}
    for i in reversed(range(len(steps))):
        if count + i in needed:
            needed.update([k for k in steps[i].operands if type(k) is int])
    places = {old: new for new, old in enumerate(sorted(needed))}
    kept = [
        Applied(step.name, tuple([places[k] if type(k) is int else k for k in step.operands]))
        for i, step in enumerate(steps)
        if count + i in needed
    ]
    return Listing(tuple([x for i, x in enumerate(starts) if i in needed]), tuple(kept))


def programs(
    max_inputs: int = 4,
    max_ops: int = 12,
    primitives: Iterable[str | Primitive] | None = None,
    control_flow: bool = False,
) -> st.SearchStrategy[Listing]:
    """A strategy for random straight-line programs with shared sub-expressions.

    Each step is smooth and mild at its operands, so that a derivative which differs from
    differences is wrong. Programs shrink: with one rule broken, to one operation or two.

    Args:
        max_inputs, max_ops: the most starts, and the most operations.
        primitives: names or primitives, yours as well; the library's if None.
        control_flow: with branches and loops in Python, too, that depend on values.

    >>> from hypothesis import find
    >>> print(find(programs(primitives=["sin"]), lambda program: len(program.steps) == 2))
    v0 = 1.0
    v1 = sin(v0)
    v2 = sin(v1)
    """
    chosen = sorted(SAFE) if primitives is None else primitives
    names = [p.name if isinstance(p, Primitive) else p for p in chosen]
    names += sorted(CONTROL) if control_flow else []
    head = st.integers(1, max_inputs).flatmap(
        lambda n: st.binary(min_size=2 * n, max_size=2 * n)
    )
    codes = st.lists(st.binary(min_size=6, max_size=6), min_size=1, max_size=max_ops)
    return _programs(head, codes, names)


@st.composite
def _programs(
    draw: st.DrawFn,
    head: st.SearchStrategy[bytes],
    codes: st.SearchStrategy[list[bytes]],
    names: list[str],
) -> Listing:
    """Composite, so that a failing example is shown as the program itself."""
    return decode(draw(head), draw(codes), names)
