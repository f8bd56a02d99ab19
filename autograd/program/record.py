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

__all__ = ["Recording", "agrees", "record"]

SHIFTS = (1e-3, 1e-6, -1e-6, 1e-10)


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
    sure: bool = True


@dataclass
class _Run:
    """One call of the function on fresh leaves."""

    leaves: list[Value]
    watch: Watch
    returned: Any
    outputs: list[Any]
    rebuild: Rebuild

    def order(self, outside: Container[int]) -> list[Value]:
        """The nodes that outputs and guards depend on."""
        operands = [x for guard in self.watch.guards for x in guard.operands]
        heads = [x for x in [*self.outputs, *operands] if type(x) is Value]
        return _walk(heads, self.watch.conditions, outside)


def record(
    f: Callable[..., Any], numbers: Sequence[float], rebuild: Rebuild, varying: Sequence[bool]
) -> Recording:
    """Run f on fresh leaves that hold `numbers`; the tape of what it computed.

    Args:
        f: the function.
        numbers: its inputs.
        rebuild: puts leaves into the shape of f's arguments, a tuple.
        varying: for each input, whether each lane has its own.

    Raises:
        ValueError: f reads numbers out of Values and computes on without them, or draws random
            numbers, so that the tape would give wrong results.
        Whatever f raises at these numbers.
    """
    first = _run(f, numbers, rebuild)
    with recording():
        plain = flatten(f(*rebuild([Value(x) for x in numbers])), "the result of f")[0]
    if not all(map(_equal, map(primal, plain), map(primal, first.outputs))):
        raise ValueError(
            f"compile: {_called(f)} gives different results for the same numbers; it draws "
            "random numbers or counts its calls. Draw them outside, and pass them as arguments"
        )
    second, sure = _shifted(f, numbers, rebuild, first)
    orders = [run.order(()) for run in (first, second)]
    outside = {id(x) for x in orders[0]} & {id(x) for x in orders[1]}
    if outside:  # what lies below is not the function's
        orders = [run.order(outside) for run in (first, second)]
    tape, closed = _tape(first, orders[0], outside, varying)
    single = type(first.returned) is Value or real(first.returned) is not None
    result = Recording(tape, closed, first.watch.guards, first.rebuild, single, sure)
    if not sure:
        return result
    other, _ = _tape(second, orders[1], outside, varying)
    if tape.ops != other.ops or tape.args != other.args:
        raise ValueError(
            f"compile: {_called(f)} computes in another way when its numbers change a little, "
            f"without comparing them as Values{_reads(first)}"
        )
    for i, (a, b) in enumerate(zip(tape.values, other.values)):
        if not _equal(a, b):
            raise ValueError(_stale(f, tape, i, a, b) + _reads(first))
    return result


def agrees(
    recording: Recording,
    f: Callable[..., Any],
    numbers: Sequence[float],
    rebuild: Rebuild,
    varying: Sequence[bool],
) -> bool:
    """Whether f computes the same at other numbers, if it asks the same questions there."""
    try:
        run = _run(f, numbers, rebuild)
    except Exception:  # it is raised when this lane's turn comes
        return True
    if not _same_way(recording.guards, run.watch.guards):
        return True
    outside = {id(x) for x in recording.closed}
    tape, _ = _tape(run, run.order(outside), outside, varying)
    mine = recording.tape
    same = (tape.ops, tape.args) == (mine.ops, mine.args)
    return same and all(map(_equal, mine.values, tape.values))


def _run(f: Callable[..., Any], numbers: Sequence[float], rebuild: Rebuild) -> _Run:
    leaves = [Value(x) for x in numbers]
    with recording(), Watch() as watch:
        returned = f(*rebuild(leaves))
    outputs, shape = flatten(returned, "the result of f")
    return _Run(leaves, watch, returned, outputs, shape)


def _shifted(
    f: Callable[..., Any], numbers: Sequence[float], rebuild: Rebuild, first: _Run
) -> tuple[_Run, bool]:
    """A run at numbers a little apart that goes the same way; and whether there is one.

    An input that a guard holds at one number stays there. Any other that a guard depends on
    which turns out otherwise stays too, but then what is read out of it has not been checked.
    """
    fixed: set[int] = set()
    pinned: set[int] = set()
    places = {id(x): i for i, x in enumerate(first.leaves)}
    while True:
        run = first
        for shift in SHIFTS:
            moved = [
                x if i in fixed else x + shift * (1.0 + (i % 7) / 8.0) * (abs(x) or 1.0)
                for i, x in enumerate(numbers)
            ]
            try:
                run = _run(f, moved, rebuild)
            except Exception:  # out of its domain: try nearer
                continue
            if _same_way(first.watch.guards, run.watch.guards):
                return run, fixed <= pinned
        guard = first.watch.guards[_parting(first, run)] if first.watch.guards else None
        if guard is None or run is first:
            return first, False
        asked = [x for x in guard.operands if type(x) is Value]
        below = _walk(asked, first.watch.conditions, set())
        more = {places[id(x)] for x in below if id(x) in places} - fixed
        if not more:
            return first, False
        equal = (guard.op, guard.answer) in (("eq", 1.0), ("ne", 0.0))
        if equal and len(asked) == 1 and id(asked[0]) in places:
            pinned |= more
        fixed |= more


def _parting(first: _Run, second: _Run) -> int:
    """The index of the first guard of one run that the other answers otherwise."""
    pairs = zip(first.watch.guards, second.watch.guards)
    for i, (a, b) in enumerate(pairs):
        if (a.op, a.answer) != (b.op, b.answer):
            return i
    return max(0, min(len(first.watch.guards), len(second.watch.guards)) - 1)


def _same_way(a: list[Guard], b: list[Guard]) -> bool:
    return [(g.op, g.answer) for g in a] == [(g.op, g.answer) for g in b]


def _equal(a: float, b: float) -> bool:
    return a == b or (a != a and b != b)


def _walk(
    heads: list[Value], conditions: dict[int, Any], outside: Container[int]
) -> list[Value]:
    """The heads and all nodes below them, each after its inputs; not below `outside`."""
    order: list[Value] = []
    seen: set[int] = set()
    stack: list[Any] = heads[::-1]
    while stack:
        node = stack.pop()
        if node is None:
            order.append(stack.pop())
            continue
        key = id(node)
        if key in seen:
            continue
        seen.add(key)
        inputs = node.inputs
        if key in conditions:
            inputs = [x for x in conditions[key][2] if type(x) is Value]
        if not inputs or key in outside:
            order.append(node)
        else:
            stack += (node, None)
            stack += inputs[::-1]
    return order


def _tape(
    run: _Run, order: list[Value], outside: set[int], varying: Sequence[bool]
) -> tuple[Tape, list[Value]]:
    tape = Tape()
    places: dict[int, int] = {}
    uniform = lanes = 0
    for leaf, varies in zip(run.leaves, varying):
        count = lanes if varies else uniform
        places[id(leaf)] = tape.add("lane" if varies else "input", (), float(count))
        lanes, uniform = lanes + varies, uniform + (not varies)
    used = _by_use(order) if outside else []
    closed = [x for x in used if id(x) in outside and id(x) not in places]
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

    conditions = run.watch.conditions
    for node in order:
        key = id(node)
        if key in places:
            continue
        operands = node.operands
        if key in conditions:
            _, op, operands = conditions[key]
        elif operands:
            op = node.op.name
        else:
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
        ops.append(op)
        args.append(tuple(mine))
        values.append(0.0)
    for y in run.outputs:
        tape.roots.append((place(y), None))
    tape.outputs = len(run.outputs)
    for guard in run.watch.guards:
        tape.roots.append((tape.add(guard.op, [place(x) for x in guard.operands]), None))
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


def _stale(f: Callable[..., Any], tape: Tape, i: int, a: float, b: float) -> str:
    user = next((k for k, args in enumerate(tape.args) if i in args), None)
    where = "its result" if user is None else f"an operand of {tape.ops[user]}"
    return (
        f"compile: {_called(f)} uses a plain number, {where}, that changes with its arguments "
        f"(from {a!r} to {b!r}), so a program would keep an old one"
    )


def _reads(run: _Run) -> str:
    """Where f reads `.data`, for the message."""
    if not run.watch.reads:
        return ". Compute with Values only, and draw random numbers outside"
    return f". It reads .data in {run.watch.reads[0]}; compute with the Value itself"


def _called(f: Callable[..., Any]) -> str:
    return getattr(f, "__qualname__", repr(f))
