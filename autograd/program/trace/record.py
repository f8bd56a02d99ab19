"""Record a function: run it once on fresh Values, and write down what it computed as a tape.

This is tracing by operator overloading (Griewank and Walther, "Evaluating Derivatives", 2008,
section 6.1). A `TraceCache` calls `record` for each way that a function goes.
"""

from __future__ import annotations

import math
import pickle
import random
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from autograd.core.float_sweeps import fast_order, list_operations
from autograd.core.operand import primal
from autograd.core.primitive import TABLE, Primitive
from autograd.core.traversal import begin
from autograd.core.value import Value
from autograd.program.ir.tape import Node, Root, Tape, uncollected
from autograd.program.trace.captured import Captured
from autograd.program.trace.watch import COMPARE, Guard, Watch
from autograd.rules.reader import forget
from autograd.trees import Rebuild, Structure, flatten, structure, without_axes

__all__ = ["Recording", "Unrecordable", "called", "plain_results", "record", "tape_of"]


class Unrecordable(ValueError):  # noqa: N818
    """A program would not compute what f does; the message says why, after f's name."""


@dataclass
class Recording:
    """A function's tape, and what it takes to feed it and to build its result.

    Attributes:
        tape: outputs and guards are its roots.
        closed: the Values from outside the function that it uses. They follow the inputs.
        guards: the comparisons of the function, one a root of the tape after the outputs.
        form: the structure of the function's result.
    """

    tape: Tape
    closed: list[Value]
    guards: list[Guard]
    form: Structure


def record(
    f: Callable[..., Any],
    numbers: Sequence[float],
    rebuild: Rebuild,
    varying: Sequence[bool],
    known: Sequence[Value],
    captured: Captured,
    is_checked: bool,
) -> Recording:
    """Run f on fresh leaves that hold `numbers`; return the tape of what it computed.

    Args:
        f: the function.
        numbers: its inputs.
        rebuild: puts leaves into the shape of f's arguments, a tuple.
        varying: for each input, whether each lane has its own.
        known: Values from outside that come first among the closed ones, used or not.
        captured: what f captures. What f itself changes there is taken as it is now.
        is_checked: whether the caller compares another run of f with the program. If not,
            f is run once more here, and its results are compared.

    Raises:
        Unrecordable: f reads numbers out of Values, draws random ones, gives other results
            for the same numbers, or uses a primitive that was replaced.
        ValueError: f sets the data of a Value, or compares Values in another thread.
        Whatever f raises at these numbers.
    """
    try:
        run = _run(f, numbers, rebuild, is_checked)
    finally:
        captured.note_recording()
    graph = _graph_of(run)
    primitives = _primitives_in(graph)
    captured.add(primitives)
    captured.settle()
    graph = _let_out(graph, captured.values())
    forget(primitives, Captured)
    closed = [*dict.fromkeys([*known, *_in_order_of_use(graph, run.outputs)])]
    inputs = [*zip(run.leaves, varying), *[(leaf, False) for leaf in closed]]
    guards = [guard.node for guard in run.guards]
    with uncollected():
        tape = tape_of(inputs, graph.constants, graph.order, run.outputs, guards)
    return Recording(tape, closed, run.guards, run.form)


def _primitives_in(graph: _Graph) -> set[Primitive]:
    """Return the primitives of a graph but the comparisons.

    Raises:
        Unrecordable: one was replaced, and a program would find the other by its name.
    """
    primitives = {node.op for node in graph.order} - {*COMPARE.values()}
    for op in primitives:
        if TABLE.get(op.name) is not op:
            raise Unrecordable(
                f"uses a primitive {op.name!r} where another was defined under that name since"
            )
    return primitives


# ---------------------------------------------------------------- runs


class _Run(NamedTuple):
    """One call of the function on fresh leaves.

    Attributes:
        outputs: the Values and numbers of its result.
        since: what `begin` gave before it.
    """

    leaves: list[Value]
    outputs: list[Any]
    guards: list[Guard]
    form: Structure
    since: int


def _run(
    f: Callable[..., Any], numbers: Sequence[float], rebuild: Rebuild, is_checked: bool
) -> _Run:
    """Run f, watched. Arguments and errors are those of `record`."""
    before = _random_state()
    leaves, since = [Value(x) for x in numbers], begin()
    watch = Watch(leaves)
    form, outputs = watch.run(lambda: _results(f, rebuild(leaves)))
    if watch.unrecordable:
        raise Unrecordable(watch.unrecordable)
    if not is_checked:
        _refuse_other_results(f, numbers, rebuild, outputs)
    elif before != _random_state():
        _refuse_further_draws(f, numbers, rebuild)
    return _Run(leaves, outputs, watch.guards, form, since)


def plain_results(
    f: Callable[..., Any], leaves: Sequence[Value], args: Sequence[Any]
) -> list[Any]:
    """The numbers of what f gives, where Values answer as floats do."""
    results: list[Any] = Watch(leaves, plain=True).run(lambda: _results(f, args))[1]
    return results


def _results(f: Callable[..., Any], args: Sequence[Any]) -> tuple[Structure, list[Any]]:
    returned = without_axes(f(*args))
    return structure(returned, "the result of f"), flatten(returned, "")[0]


def _refuse_other_results(
    f: Callable[..., Any], numbers: Sequence[float], rebuild: Rebuild, outputs: Sequence[Any]
) -> None:
    """Run f once more, and compare its results.

    Raises:
        Unrecordable: they differ.
    """
    leaves = [Value(x) for x in numbers]
    others = plain_results(f, leaves, rebuild(leaves))
    pairs = zip(map(primal, outputs), map(primal, others))
    if len(outputs) != len(others) or not all(_is_same(a, b) for a, b in pairs):
        raise Unrecordable(
            "gives different results for the same numbers, as if it draws random numbers, "
            "counts its calls or compares with `is`: draw numbers outside, and pass them as "
            "arguments"
        )


def _is_same(a: float, b: float) -> bool:
    return a == b or (math.isnan(a) and math.isnan(b))


def _random_state() -> Any:
    """The state of the generators that all share."""
    arrays = sys.modules.get("numpy.random")
    return random.getstate(), arrays and pickle.dumps(arrays.get_state(legacy=False))


def _refuse_further_draws(
    f: Callable[..., Any], numbers: Sequence[float], rebuild: Rebuild
) -> None:
    """Run f once more after a run that drew random numbers, as it may to set something up.

    Raises:
        Unrecordable: it draws again.
    """
    before = _random_state()
    leaves = [Value(x) for x in numbers]
    plain_results(f, leaves, rebuild(leaves))
    if before != _random_state():
        raise Unrecordable(
            "draws random numbers: draw them outside, and pass them as arguments"
        )


# ---------------------------------------------------------------- Values from outside


class _Graph(NamedTuple):
    """What a run computed, down to its leaves.

    Attributes:
        order: operations, each after its operands.
        constants: leaves that the run made.
        outside: leaves and results of operations that were there before.
    """

    order: list[Value]
    constants: list[Value]
    outside: set[Value]


def _graph_of(run: _Run) -> _Graph:
    """Return the graph of what a run has computed for its outputs and guards."""
    before: list[Value] = []
    values = [y for y in run.outputs if type(y) is Value]
    values += [guard.node for guard in run.guards]
    order, leaves = fast_order(*values, since=run.since, before=before)
    outside = set(before).difference(run.leaves)
    return _Graph(order, [leaf for leaf in leaves if leaf not in outside], outside)


def _let_out(graph: _Graph, captured: set[Value]) -> _Graph:
    """Return the graph whose captured leaves are from outside, though the run made them.

    So a weight that f makes in its first run is read in each call.
    """
    kept = captured.intersection(graph.constants)
    constants = [leaf for leaf in graph.constants if leaf not in kept]
    return _Graph(graph.order, constants, graph.outside | kept)


def _in_order_of_use(graph: _Graph, outputs: Sequence[Any]) -> list[Value]:
    """Sort the Values from outside by the level of the operations that use them first.

    So a layer's weights lie side by side.
    """
    levels: dict[Value, int] = {}
    first_use: dict[Value, tuple[int, int]] = {}
    for node in graph.order:
        if len(first_use) == len(graph.outside):
            break
        levels[node] = level = 1 + max([levels.get(x, 0) for x in node.inputs])
        for x in node.inputs:
            if x in graph.outside:
                use = level, len(first_use)
                first_use[x] = min(first_use.get(x, use), use)
    results = [y for y in outputs if type(y) is Value and y in graph.outside]
    return [*dict.fromkeys([*sorted(first_use, key=first_use.__getitem__), *results])]


# ---------------------------------------------------------------- the tape


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
        x = x if x == x else math.nan  # one object, which is equal to itself in lists
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
