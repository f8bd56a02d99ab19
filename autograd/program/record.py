"""Record a function: once as it runs, once more at other numbers, to see what it reads out."""

from __future__ import annotations

from collections.abc import Callable, Container, Sequence
from dataclasses import dataclass
from typing import Any

from autograd.core.no_grad import recording
from autograd.core.operand import primal, real
from autograd.core.value import Value
from autograd.program.tape import Tape
from autograd.program.watch import Guard, Watch
from autograd.trees import Rebuild, flatten

__all__ = ["Recording", "record"]

SHIFTS = (1e-3, -1e-3, 1e-6, -1e-6, 1e-10)


@dataclass
class Recording:
    """A function's tape, and what it takes to feed it and to build its result.

    Attributes:
        tape: outputs and guards are its roots.
        closed: the Values from outside the function that it uses. They follow the inputs.
        guards: the questions asked, one a root of the tape after the outputs.
        rebuild: puts the outputs into the shape of the function's result.
        single: whether the result is a number.
        sure: whether the numbers read out could be checked. If not, the tape must not be used.
    """

    tape: Tape
    closed: list[Value]
    guards: list[Guard]
    rebuild: Rebuild
    single: bool
    sure: bool


class _Run:
    """One call of the function on fresh leaves."""

    def __init__(
        self,
        f: Callable[..., Any],
        numbers: Sequence[float],
        rebuild: Rebuild,
        before: Sequence[Guard] = (),
    ) -> None:
        self.leaves = [Value(x) for x in numbers]
        with recording(), Watch(self.leaves, before) as watch:
            self.returned = f(*rebuild(self.leaves))
            self.outputs, self.rebuild = flatten(self.returned, "the result of f")
        if any(leaf.grad for leaf in self.leaves):
            raise ValueError(
                f"compile: {_called(f)} calls backward(), whose gradients are numbers that a "
                "program can't follow; use autograd.grad or jvp inside of it"
            )
        self.guards = watch.guards
        self.roots = [*self.outputs, *[guard.node for guard in self.guards]]

    def order(self, outside: Container[int]) -> list[Value]:
        """The nodes that outputs and guards depend on, each after its inputs.

        What lies below `outside` is left out.
        """
        order: list[Value] = []
        seen: set[int] = set()
        stack: list[Any] = [x for x in self.roots[::-1] if type(x) is Value]
        while stack:
            node = stack.pop()
            if node is None:
                order.append(stack.pop())
                continue
            key = id(node)
            if key not in seen:
                seen.add(key)
                inputs = node.inputs
                if not inputs or key in outside:
                    order.append(node)
                else:
                    stack += (node, None)
                    stack += inputs[::-1]
        return order


def record(
    f: Callable[..., Any],
    numbers: Sequence[float],
    rebuild: Rebuild,
    varying: Sequence[bool],
    known: Sequence[Value] = (),
) -> Recording:
    """Run f on fresh leaves that hold `numbers`; the tape of what it computed.

    Args:
        f: the function.
        numbers: its inputs.
        rebuild: puts leaves into the shape of f's arguments, a tuple.
        varying: for each input, whether each lane has its own.
        known: Values from outside that come first among the closed ones, used or not.

    Raises:
        ValueError: f computes with numbers that it has read out of Values, or draws random
            ones, so that the tape would give wrong results.
        Whatever f raises at these numbers.
    """
    first = _Run(f, numbers, rebuild)
    with recording():
        plain = flatten(f(*rebuild([Value(x) for x in numbers])), "the result of f")[0]
    if not all(map(_equal, map(primal, plain), map(primal, first.outputs))):
        raise ValueError(
            f"compile: {_called(f)} gives different results for the same numbers: it draws "
            "random numbers, counts its calls or compares with `is`. Draw numbers outside, and "
            "pass them as arguments"
        )
    second = _shifted(f, numbers, rebuild, first)
    orders = [run.order(()) for run in (first, second)]
    outside = {id(x) for x in orders[0]} & {id(x) for x in orders[1]}
    if outside:  # what lies below is not the function's
        orders = [run.order(outside) for run in (first, second)]
    tape, closed = _tape(first, orders[0], outside, varying, known)
    if second is not first:
        _compare(f, first, tape, _tape(second, orders[1], outside, varying, known)[0])
    single = type(first.returned) is Value or real(first.returned) is not None
    return Recording(tape, closed, first.guards, first.rebuild, single, second is not first)


def _shifted(
    f: Callable[..., Any], numbers: Sequence[float], rebuild: Rebuild, first: _Run
) -> _Run:
    """A run that goes the same way at numbers a little apart; `first` if they all raise."""
    for shift in SHIFTS:
        moved = [
            x + shift * (1.0 + (i % 7) / 8.0) * (abs(x) or 1.0) for i, x in enumerate(numbers)
        ]
        try:
            return _Run(f, moved, rebuild, first.guards)
        except Exception:  # out of its domain
            continue
    return first


def _equal(a: float, b: float) -> bool:
    return a == b or (a != a and b != b)


def _compare(f: Callable[..., Any], first: _Run, tape: Tape, other: Tape) -> None:
    """Raise ValueError where a run at other numbers has computed otherwise."""
    places = [guard.place for guard in first.guards if guard.what in ("float", "hash")]
    advice = "compute with Values only, and draw random numbers outside"
    if places:
        advice = f"it reads a number out in {places[0]}; compute with the Value itself"
    if tape.ops != other.ops or tape.args != other.args:
        raise ValueError(
            f"compile: {_called(f)} computes in another way when its numbers change a little, "
            f"without comparing them as Values: {advice}"
        )
    for i, (a, b) in enumerate(zip(tape.values, other.values)):
        if not _equal(a, b):
            user = next((k for k, args in enumerate(tape.args) if i in args), None)
            where = "its result" if user is None else f"an operand of {tape.ops[user]}"
            raise ValueError(
                f"compile: {_called(f)} uses a plain number, {where}, that changes with its "
                f"arguments (from {a!r} to {b!r}), so a program would keep an old one: {advice}"
            )


def _tape(
    run: _Run,
    order: list[Value],
    outside: set[int],
    varying: Sequence[bool],
    known: Sequence[Value],
) -> tuple[Tape, list[Value]]:
    tape = Tape()
    places: dict[int, int] = {}
    uniform = lanes = 0
    for leaf, varies in zip(run.leaves, varying):
        count = lanes if varies else uniform
        places[id(leaf)] = tape.add("lane" if varies else "input", (), float(count))
        lanes, uniform = lanes + varies, uniform + (not varies)
    used = _by_use(order) if outside else []
    mine = [x for x in used if id(x) in outside and id(x) not in places]
    closed = list({id(x): x for x in [*known, *mine]}.values())
    for i, x in enumerate(closed):
        places[id(x)] = tape.add("input", (), float(uniform + i))

    ops, args, values = tape.ops, tape.args, tape.values

    def place(x: Any) -> int:
        if type(x) is Value:
            return places[id(x)]
        ops.append("const")
        args.append(())
        values.append(x)
        return len(ops) - 1

    for node in order:
        key = id(node)
        if key in places:
            continue
        operands = node.operands
        if not operands:
            places[key] = place(node._data)
            continue
        mine = []
        for x in operands:
            if type(x) is Value:
                mine.append(places[id(x)])
            else:  # as `place` does, written out for speed
                mine.append(len(ops))
                ops.append("const")
                args.append(())
                values.append(x)
        places[key] = len(ops)
        ops.append(node.op.name)
        args.append(tuple(mine))
        values.append(0.0)
    tape.roots = [(place(y), None) for y in run.roots]
    tape.outputs = len(run.outputs)
    return tape, closed


def _by_use(order: list[Value]) -> list[Value]:
    """The nodes in the order in which levels use them: the weights of a layer side by side."""
    levels: dict[int, int] = {}
    for node in order:
        inputs = [x for x in node.operands if type(x) is Value]
        levels[id(node)] = 1 + max([levels.get(id(x), 0) for x in inputs], default=-1)
    used: dict[int, Value] = {}
    for node in sorted(order, key=lambda node: levels[id(node)]):
        for x in node.operands:
            if type(x) is Value:
                used.setdefault(id(x), x)
    return list({**used, **{id(x): x for x in order}}.values())


def _called(f: Callable[..., Any]) -> str:
    return getattr(f, "__qualname__", repr(f))
