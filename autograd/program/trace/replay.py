"""Replay: a tape as a function of numbers or Values again, to be drawn or saved."""

from __future__ import annotations

import operator
from typing import Any, NamedTuple

from autograd.core.functions import where
from autograd.core.operand import primal
from autograd.core.primitive import TABLE
from autograd.program.arguments import key_of, kind_of
from autograd.program.ir.arrays import np
from autograd.program.ir.tape import Tape
from autograd.program.trace.observe import WHOLE
from autograd.rules.expression import COMPARISONS
from autograd.trees import flatten

__all__ = ["INPUTS", "KEYS", "Replay", "SavedTrace", "replay", "saved_trace"]

INPUTS = "input", "lane"
KEYS = str, int, float, bool, type(None)  # of dicts in a result


class SavedTrace(NamedTuple):
    """One way that a function goes, as data; the first nodes are its inputs.

    Attributes:
        ops, args, values: of each node, as a tape has them.
        roots: the nodes of the outputs, and then of the guards.
        guards: what each guard asked, and its answer.
        result: the function's result, with the places of the outputs in it.
    """

    ops: list[str]
    args: list[tuple[int, ...]]
    values: list[float]
    roots: list[int]
    guards: list[tuple[str, float]]
    result: Any


def replay(trace: SavedTrace | Tape, known: dict[int, Any], root: int) -> Any:
    """The result at a node; those known so far begin with the inputs, and more are added."""
    stack = [root]
    while stack:
        i = stack[-1]
        if i in known:
            stack.pop()
            continue
        missing = [a for a in trace.args[i] if a not in known]
        if missing:
            stack += missing
        else:
            known[i] = _applied(
                trace.ops[i], trace.values[i], [known[a] for a in trace.args[i]]
            )
    return known[root]


def _applied(op: str, value: float, xs: list[Any]) -> Any:
    if op == "const":
        return value
    if op in COMPARISONS:
        return getattr(operator, op)(*xs)
    if op in WHOLE:
        return WHOLE[op](xs[0], *map(int, xs[1:]))
    return where(*xs) if op == "where" else TABLE[op](*xs)


class Replay:
    """A function made of traces, by the kind of its arguments; the guards choose among them."""

    def __init__(self, traces: dict[str, list[SavedTrace]]) -> None:
        self.traces = traces
        self.__qualname__ = "a loaded program"

    def __call__(self, *args: Any) -> Any:
        """What the function that was saved gives.

        Raises:
            TypeError: it was not recorded for such arguments.
            ValueError: it has not been recorded for the way that these arguments take.
        """
        if (kind := kind_of(tuple(map(key_of, args)))) not in self.traces:
            raise TypeError(
                f"a loaded program takes arguments such as {[*self.traces]}, got {kind}"
            )
        inputs = flatten(args, "the arguments")[0]
        for trace in self.traces[kind]:
            if sum(map(trace.ops.count, INPUTS)) != len(inputs):
                raise ValueError(f"a loaded program is damaged: it takes no {kind}")
            known, outputs = dict(enumerate(inputs)), len(trace.roots) - len(trace.guards)
            if all(
                _holds(what, replay(trace, known, root), answer)
                for root, (what, answer) in zip(trace.roots[outputs:], trace.guards)
            ):
                numbers = [replay(trace, known, root) for root in trace.roots[:outputs]]
                return _rebuilt(trace.result, numbers)
        raise ValueError(
            "a loaded program can't go a way that was not recorded before it was saved; call "
            "the function with such arguments, and save it again"
        )


def _holds(what: str, x: Any, answer: float) -> bool:
    if what in COMPARISONS:
        return bool(x) == bool(answer)
    return bool((x if type(x) is int else primal(x)) == answer)


# ---------------------------------------------------------------- results as data


def _template(tree: Any) -> Any:
    """A tree of floats as data: a number, or the name of a container and what it holds."""
    if isinstance(tree, dict):
        if others := [key for key in tree if type(key) not in KEYS]:
            raise TypeError(f"save: a key of the result is {others[0]!r:.80}; use a string")
        return ["dict", [[key, _template(each)] for key, each in tree.items()]]
    if isinstance(tree, list | tuple):
        return ["list" if isinstance(tree, list) else "tuple", [*map(_template, tree)]]
    if isinstance(tree, np.ndarray):
        return ["array", [*tree.shape], *tree.ravel().astype(int).tolist()]
    return int(tree)


def _rebuilt(template: Any, outputs: list[Any]) -> Any:
    if isinstance(template, int):
        return outputs[template]
    kind, parts, *more = template
    if kind == "array":
        array = np.empty(len(more), dtype=object)
        array[:] = [outputs[i] for i in more]
        return array.reshape(parts)
    if kind == "dict":
        return {key: _rebuilt(each, outputs) for key, each in parts}
    found = [_rebuilt(each, outputs) for each in parts]
    return found if kind == "list" else tuple(found)


def saved_trace(trace: Any) -> SavedTrace:
    """A trace as data. The Values from outside it are now numbers."""
    tape, outputs = trace.tape, trace.tape.outputs
    closed = dict(enumerate([x.data for x in trace.closed], len(trace.inputs)))
    ops = ["const" if i in closed else op for i, op in enumerate(tape.ops)]
    values = [closed.get(i, value) for i, value in enumerate(tape.values)]
    guards = [(guard.what, guard.answer) for guard in trace.guards]
    result = _template(trace.rebuild([float(i) for i in range(outputs)]))
    roots = [node for node, _ in tape.roots]
    return SavedTrace(ops, [*tape.args], values, roots, guards, result)
