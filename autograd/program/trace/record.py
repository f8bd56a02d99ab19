"""Record a function: once as it runs, once more at other numbers, to see what it reads out."""

from __future__ import annotations

import pickle
import random
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from math import isfinite, nan
from typing import Any

from autograd.core.float_sweeps import fast_order, list_operations
from autograd.core.operand import primal
from autograd.core.primitive import TABLE
from autograd.core.value import Value
from autograd.program.ir.tape import Node, Root, Tape, uncollected
from autograd.program.trace.captured import Captured
from autograd.program.trace.observe import QUESTIONS, Guard, Watch, warn
from autograd.rules.reader import forget
from autograd.trees import Rebuild, Structure, flatten, structure, without_axes

__all__ = ["Recording", "Unrecordable", "called", "plain_results", "record", "tape_of"]

SHIFTS = (1e-3, -1e-3, 1e-6, -1e-6, 1e-10)


class Unrecordable(Exception):  # noqa: N818
    """f has to compute its results itself from now on; the message says why."""


@dataclass
class Recording:
    """A function's tape, and what it takes to feed it and to build its result.

    Attributes:
        tape: outputs and guards are its roots.
        closed: the Values from outside the function that it uses. They follow the inputs.
        guards: the questions asked, one a root of the tape after the outputs.
        form: the structure of the function's result.
        sure: whether the way is new, and the numbers read out could be checked. If not, the
            tape must not be used.
    """

    tape: Tape
    closed: list[Value]
    guards: list[Guard]
    form: Structure
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
        watch = Watch(self.leaves, before)
        self.form, self.outputs = watch.run(lambda: _results(f, rebuild(self.leaves)))
        if any(leaf.grad for leaf in self.leaves):
            raise ValueError(
                f"compile: {called(f)} calls backward(), whose gradients are numbers that a "
                "program can't follow; differentiate the compiled function, by its grad or hvp"
            )
        self.guards = watch.guards
        self.roots = [*self.outputs, *[guard.node for guard in self.guards]]
        self.reached = fast_order(*[x for x in self.roots if type(x) is Value])
        self.order, self.constants = self.reached


def plain_results(
    f: Callable[..., Any], leaves: Sequence[Value], args: Sequence[Any]
) -> list[Any]:
    """The numbers of what f gives, where Values answer as floats do."""
    return Watch(leaves, plain=True).run(lambda: _results(f, args))[1]  # type: ignore[no-any-return]


def _results(f: Callable[..., Any], args: Sequence[Any]) -> tuple[Structure, list[Any]]:
    returned = without_axes(f(*args))
    return structure(returned, "the result of f"), flatten(returned, "")[0]


def record(
    f: Callable[..., Any],
    numbers: Sequence[float],
    rebuild: Rebuild,
    varying: Sequence[bool],
    known: Sequence[Value],
    traces: Sequence[Sequence[Guard]],
    captured: Captured | None,
    sees_draws: bool,
) -> Recording:
    """Run f on fresh leaves that hold `numbers`; the tape of what it computed.

    Args:
        f: the function.
        numbers: its inputs.
        rebuild: puts leaves into the shape of f's arguments, a tuple.
        varying: for each input, whether each lane has its own.
        known: Values from outside that come first among the closed ones, used or not.
        traces: the guards of traces that it need not be recorded for again.
        captured: what f captures, which is as it was, but for what f itself has changed.
        sees_draws: refuse random numbers that seldom matter, too, by the state of the
            generators, from which another thread may draw as well.

    Raises:
        ValueError: f computes with numbers that it has read out of Values, or draws random
            ones, so that the tape would give wrong results.
        Whatever f raises at these numbers.
    """
    captured, before = captured or Captured(f), _random_state()
    first = _Run(f, numbers, rebuild)
    unsure = Recording(Tape(), [], first.guards, first.form, False)
    asked = [(guard.what, guard.answer) for guard in first.guards]
    if asked in [[(guard.what, guard.answer) for guard in guards] for guards in traces]:
        return unsure
    used = {node.op for node in first.order if node.op} - {*QUESTIONS.values()}
    if replaced := [op.name for op in used if TABLE.get(op.name) is not op]:
        warn(
            f"compile: {called(f)} is computed by itself, which is slower: it uses a primitive "
            f"{replaced[0]!r} where another was defined under that name since"
        )
        return unsure
    changed = [captured.changed()]  # it may prepare what stays as it is then
    after = _random_state()
    leaves = [Value(x) for x in numbers]
    plain = plain_results(f, leaves, rebuild(leaves))
    changed.append(captured.changed())
    # The first run may draw once.
    draws = sees_draws and before != after and after != _random_state()
    both = zip(map(primal, plain), map(primal, first.outputs))
    same = all(a == b or (a != a and b != b) for a, b in both)
    if draws or not (same or changed[0] | changed[1]):
        raise ValueError(
            f"compile: {called(f)} gives different results for the same numbers: it draws "
            "random numbers, counts its calls or compares with `is`. Draw numbers outside, and "
            "pass them as arguments"
        )
    differ = False
    for second in _shifted(f, numbers, rebuild, first):
        changed.append(captured.changed())
        captured.own |= changed[1] & changed[-1]  # a log or a counter: its own, and no guard
        if not same or changed[1] ^ changed[-1]:  # or by another thread
            return unsure
        closed = list(dict.fromkeys([*known, *_closed(first, second)]))
        with uncollected():
            tape = _tape(first, varying, closed)
            differ = tape != _tape(second, varying, closed)
        if not differ:
            forget(used, Captured)
            captured.add(used)
            if not captured.settle():
                return unsure  # another thread has changed something meanwhile
            return Recording(tape, closed, first.guards, first.form, True)
    if differ:
        places = [f" in {guard.place}" for guard in first.guards if guard.what == "float"]
        raise ValueError(
            f"compile: {called(f)} computes with a number that changes with its arguments: it "
            f"reads a number out{''.join(places[:1])}, and a program would keep the old one. "
            "Compute with Values only, call gradient with create_graph=True, and draw random "
            "numbers outside"
        )
    return unsure


def _random_state() -> Any:
    """The state of the generators that all share."""
    arrays = sys.modules.get("numpy.random")
    return random.getstate(), arrays and pickle.dumps(arrays.get_state(legacy=False))


def _shifted(
    f: Callable[..., Any], numbers: Sequence[float], rebuild: Rebuild, first: _Run
) -> Iterator[_Run]:
    """Runs that go the same way at numbers a little apart, where f raises nothing."""
    for shift in SHIFTS:
        moved = [
            x + shift * (1.0 + (i % 7) / 8.0) * (abs(x) or 1.0) if isfinite(x) else x
            for i, x in enumerate(numbers)
        ]
        try:
            second = _Run(f, moved, rebuild, first.guards)
        except Exception:  # out of its domain
            continue
        yield second


def _closed(first: _Run, second: _Run) -> list[Value]:
    """The Values from outside that f uses: those that both runs have. What is below is not f's.

    They are in the order in which levels use them, so that a layer's weights lie side by side.
    """
    (order, constants), (others, more) = first.reached, second.reached
    outside = set(constants).intersection(more)
    inner = set(order).intersection(others) if outside else outside
    outside |= inner
    for run in first, second:
        order, constants = run.reached
        run.constants = [node for node in constants if node not in outside]
        run.order = [node for node in order if node not in inner] if inner else order
    levels: dict[Value, int] = {}
    used: dict[Value, tuple[int, int]] = {}
    for node in first.order:
        if len(used) == len(outside):  # as in the graph of the first sample, so in the others
            break
        levels[node] = level = 1 + max([levels.get(x, 0) for x in node.inputs])
        for x in node.inputs:
            if x in outside:
                used[x] = min(used.get(x, (level, len(used))), (level, len(used)))
    top = [x for x in first.roots if type(x) is Value and x in outside]
    return [*dict.fromkeys([*sorted(used, key=used.__getitem__), *top])]


def _tape(run: _Run, varying: Sequence[bool], closed: Sequence[Value]) -> Tape:
    count = len(run.outputs)
    leaves = [*zip(run.leaves, varying), *[(leaf, False) for leaf in closed]]
    return tape_of(leaves, run.constants, run.order, run.outputs, run.roots[count:])


def tape_of(
    inputs: Sequence[tuple[Value, bool]],
    constants: Sequence[Value],
    order: list[Value],
    outputs: Sequence[Any],
    guards: Sequence[Any],
) -> Tape:
    """Return the tape of recorded nodes, in which equal numbers are one constant.

    Args:
        inputs: leaves that are inputs, and whether each lane has its own.
        constants: leaves that hold their number for good, unless they are inputs.
        order: operations, each after its operands.
        outputs, guards: Values and numbers that are the tape's roots.
    """
    columns = _Columns()
    places: dict[Value, int] = {}
    rows = {False: 0, True: 0}
    for leaf, varies in inputs:
        places[leaf] = columns.add("input", float(rows[varies]))
        rows[varies] += 1
    for leaf in constants:
        if leaf not in places:
            places[leaf] = columns.constant(leaf._data)
    list_operations(order, places, columns.constant, columns.ops, columns.args, columns.numbers)

    def root(x: Any) -> Root:
        return Root(places[x] if type(x) is Value else columns.constant(x))

    output_roots, guard_roots = [*map(root, outputs)], [*map(root, guards)]
    varying = _varying(columns.args, [varies for _, varies in inputs])
    rows_of_nodes = zip(columns.ops, columns.args, columns.numbers, varying)
    return Tape([*map(Node._make, rows_of_nodes)], outputs=output_roots, guards=guard_roots)


class _Columns:
    """The nodes of a tape under construction, as `list_operations` appends to them."""

    def __init__(self) -> None:
        self.ops: list[str] = []
        self.args: list[tuple[int, ...]] = []
        self.numbers: list[float] = []
        self.constants: dict[float | str, int] = {}

    def add(self, op: str, number: float) -> int:
        """Append a leaf; return its place."""
        self.ops.append(op)
        self.args.append(())
        self.numbers.append(number)
        return len(self.ops) - 1

    def constant(self, x: float) -> int:
        """Return the place of the leaf that is a number."""
        x = x if x == x else nan  # one object, which is equal to itself in lists
        key = x or repr(x)  # 0.0 and -0.0 are two
        if key not in self.constants:
            self.constants[key] = self.add("const", x)
        return self.constants[key]


def _varying(args: Sequence[tuple[int, ...]], inputs: Sequence[bool]) -> list[bool]:
    """Return for each node whether it varies; the inputs come first."""
    if not any(inputs):
        return [False] * len(args)
    varying = [*inputs]
    for operands in args[len(inputs) :]:
        varying.append(any(varying[a] for a in operands))
    return varying


def called(f: Callable[..., Any]) -> str:
    """A function's name, for messages."""
    return getattr(f, "__qualname__", repr(f))
