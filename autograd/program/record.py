"""Record a function: once as it runs, once more at other numbers, to see what it reads out."""

from __future__ import annotations

import math
import operator
import sys
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from autograd.core.primitive import real
from autograd.core.value import Value, observe, recording
from autograd.program.tape import Tape
from autograd.trees import Rebuild, flatten

__all__ = ["Condition", "Guard", "Recording", "record"]

COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "lt": operator.lt,
    "le": operator.le,
    "gt": operator.gt,
    "ge": operator.ge,
    "eq": operator.eq,
    "ne": operator.ne,
}
WHOLE: dict[str, Callable[..., Any]] = {
    "bool": lambda x: x != 0.0,
    "int": int,
    "trunc": math.trunc,
    "floor": math.floor,
    "ceil": math.ceil,
    "round": round,
}
SHIFTS = (1e-3, 1e-6, -1e-6, 1e-10)


@dataclass(frozen=True)
class Guard:
    """A question that the function asked, and the answer with which it was recorded.

    Attributes:
        op: such as "lt".
        operands: Values and numbers.
        answer: 1.0 or 0.0, or the number that `int` and its like gave.
        place: the file and line that asked.
    """

    op: str
    operands: tuple[Any, ...]
    answer: float
    place: str


class Condition:
    """The result of a comparison while a function is recorded; a guard once it is used.

    It answers as the bool does. `autograd.where` takes it as it is, so that nothing branches.
    """

    def __init__(self, watch: _Watch, op: str, operands: tuple[Any, Any], answer: bool) -> None:
        self._watch, self._op, self._operands, self._answer = watch, op, operands, answer

    def __bool__(self) -> bool:
        self._watch.guard(self._op, self._operands, self._answer)
        return self._answer

    def _as_value(self) -> Value:
        leaf = Value(float(self._answer))
        self._watch.conditions[id(leaf)] = (leaf, self._op, self._operands)
        return leaf

    def __repr__(self) -> str:
        return repr(bool(self))

    def __int__(self) -> int:
        return int(bool(self))

    def __float__(self) -> float:
        return float(bool(self))

    __index__ = __int__

    def __hash__(self) -> int:
        return hash(bool(self))


def _as_bool(name: str, reflected: bool) -> Callable[[Condition, Any], Any]:
    method = getattr(operator, name)

    def call(self: Condition, other: Any) -> Any:
        other = bool(other) if isinstance(other, Condition) else other
        return method(other, bool(self)) if reflected else method(bool(self), other)

    return call


for _name in ("add", "sub", "mul", "truediv", "and_", "or_", "xor"):
    setattr(Condition, f"__{_name.strip('_')}__", _as_bool(_name, False))
    setattr(Condition, f"__r{_name.strip('_')}__", _as_bool(_name, True))
for _name in COMPARISONS:
    setattr(Condition, f"__{_name}__", _as_bool(_name, False))


@dataclass
class _Watch:
    """What a run of the function asked of its Values, in this thread."""

    guards: list[Guard] = field(default_factory=list)
    conditions: dict[int, tuple[Value, str, tuple[Any, Any]]] = field(default_factory=dict)
    reads: list[str] | None = None  # where `.data` was read, if that is wanted
    thread: int = field(default_factory=threading.get_ident)

    def __call__(self, what: str, x: Value, other: Any) -> Any:
        if what == "data":
            if self.reads is not None and threading.get_ident() == self.thread:
                self.reads.append(_place())
            return x._data
        if what in COMPARISONS:
            number = other._data if type(other) is Value else other
            answer = COMPARISONS[what](x._data, number)
            if threading.get_ident() != self.thread or real(number) is None:
                return answer
            return Condition(self, what, (x, other), answer)
        result = WHOLE[what](x._data, *(() if other is None else (other,)))
        if threading.get_ident() == self.thread:
            if what == "bool":
                self.guard("ne", (x, 0.0), result)
            else:
                digits = () if other is None else (float(other),)
                op = {"int": "trunc", "trunc": "trunc"}.get(what, what)
                self.guard(op, (x, *digits), result)
        return result

    def guard(self, op: str, operands: tuple[Any, ...], answer: float) -> None:
        numbers = tuple([x if type(x) is Value else float(x) for x in operands])
        self.guards.append(Guard(op, numbers, float(answer), _place()))


def _place() -> str:
    """The file and line of the innermost caller outside this library."""
    frame: Any = sys._getframe(1)
    while frame.f_back and _is_library(frame.f_globals.get("__name__", "")):
        frame = frame.f_back
    return f"{frame.f_code.co_filename}:{frame.f_lineno}"


def _is_library(name: str) -> bool:
    return name.split(".")[0] in ("autograd", "nn", "numpy")


@dataclass
class Recording:
    """A function's tape, and what it takes to feed it and to build its result.

    Attributes:
        tape: outputs and guards are its roots.
        closed: the Values from outside the function that it uses. They follow the inputs.
        guards: the questions asked, one a root of the tape after the outputs.
        answers: what they were answered.
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
    watch: _Watch
    returned: Any
    outputs: list[Any]
    rebuild: Rebuild

    def heads(self) -> list[Value]:
        operands = [x for guard in self.watch.guards for x in guard.operands]
        return [x for x in [*self.outputs, *operands] if type(x) is Value]


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
    plain = [x._data if type(x) is Value else x for x in _plain(f, numbers, rebuild)]
    seen = [x._data if type(x) is Value else x for x in first.outputs]
    if not all(a == b or (a != a and b != b) for a, b in zip(plain, seen)):
        raise ValueError(
            f"compile: {_called(f)} gives different results for the same numbers; it draws "
            "random numbers or counts its calls. Draw them outside, and pass them as arguments"
        )
    second, sure = _shifted(f, numbers, rebuild, first)
    orders = [_walk(run, set()) for run in (first, second)]
    outside = {id(x) for x in orders[0]} & {id(x) for x in orders[1]}
    if outside:  # what lies below is not the function's
        orders = [_walk(run, outside) for run in (first, second)]
    tape, closed = _tape(first, orders[0], outside, varying)
    single = type(first.returned) is Value or real(first.returned) is not None
    result = Recording(tape, closed, first.watch.guards, first.rebuild, single, sure)
    if not sure:
        return result
    other, _ = _tape(second, orders[1], outside, varying)
    if tape.ops != other.ops or tape.args != other.args:
        raise ValueError(
            f"compile: {_called(f)} computes in another way when its numbers change a little, "
            f"without comparing them as Values{_reads(f, numbers, rebuild)}"
        )
    for i, (a, b) in enumerate(zip(tape.values, other.values)):
        if a != b and (a == a or b == b):
            raise ValueError(_stale(f, tape, i, a, b) + _reads(f, numbers, rebuild))
    return result


def _run(f: Callable[..., Any], numbers: Sequence[float], rebuild: Rebuild) -> _Run:
    leaves = [Value(x) for x in numbers]
    watch = _Watch()
    with recording(), _observed(watch):
        returned = f(*rebuild(leaves))
    outputs, shape = flatten(returned, "the result of f")
    return _Run(leaves, watch, returned, outputs, shape)


def _plain(f: Callable[..., Any], numbers: Sequence[float], rebuild: Rebuild) -> list[Any]:
    with recording():
        return flatten(f(*rebuild([Value(x) for x in numbers])), "the result of f")[0]


class _observed:
    """Let a watch answer for the Values of this thread; one recording at a time."""

    def __init__(self, watch: _Watch) -> None:
        self.watch = watch

    def __enter__(self) -> None:
        _lock.acquire()
        _watching.append(self.watch)
        observe(self.watch)

    def __exit__(self, *error: object) -> None:
        _watching.pop()
        observe(_watching[-1] if _watching else None)
        _lock.release()


_lock = threading.RLock()
_watching: list[_Watch] = []


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
            if _same_way(first, run):
                return run, fixed <= pinned
        guard = first.watch.guards[_parting(first, run)] if first.watch.guards else None
        if guard is None or run is first:
            return first, False
        below = _Run(first.leaves, _Watch([guard], first.watch.conditions), None, [], rebuild)
        more = {places[id(x)] for x in _walk(below, set()) if id(x) in places} - fixed
        if not more:
            return first, False
        if (guard.op, guard.answer) in (("eq", 1.0), ("ne", 0.0)):
            pinned |= {places[id(x)] for x in guard.operands if id(x) in places}
        fixed |= more


def _parting(first: _Run, second: _Run) -> int:
    """The index of the first guard of one run that the other answers otherwise."""
    pairs = zip(first.watch.guards, second.watch.guards)
    for i, (a, b) in enumerate(pairs):
        if (a.op, a.answer) != (b.op, b.answer):
            return i
    return max(0, min(len(first.watch.guards), len(second.watch.guards)) - 1)


def _same_way(first: _Run, second: _Run) -> bool:
    a, b = first.watch.guards, second.watch.guards
    return [(g.op, g.answer) for g in a] == [(g.op, g.answer) for g in b]


def _walk(run: _Run, outside: set[int]) -> list[Value]:
    """All nodes below the outputs and guards, each after its inputs; not below `outside`."""
    order: list[Value] = []
    seen: set[int] = set()
    conditions = run.watch.conditions
    stack: list[Any] = run.heads()[::-1]
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

    def place(x: Any) -> int:
        return places[id(x)] if type(x) is Value else tape.add("const", (), float(x))

    conditions = run.watch.conditions
    for node in order:
        key = id(node)
        if key in places:
            continue
        if key in conditions:
            _, op, operands = conditions[key]
            places[key] = tape.add(op, [place(x) for x in operands])
        elif node.op is None:
            places[key] = tape.add("const", (), node._data)
        else:
            places[key] = tape.add(node.op.name, [place(x) for x in node.operands])
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


def _reads(f: Callable[..., Any], numbers: Sequence[float], rebuild: Rebuild) -> str:
    """Where f reads `.data`, for the message."""
    watch = _Watch(reads=[])
    with recording(), _observed(watch):
        f(*rebuild([Value(x) for x in numbers]))
    if not watch.reads:
        return ". Compute with Values only, and draw random numbers outside"
    return f". It reads .data in {watch.reads[0]}; compute with the Value itself"


def _called(f: Callable[..., Any]) -> str:
    return getattr(f, "__qualname__", repr(f))
