"""Saved programs: the traces of a function as a file, which is checked when it is read."""

from __future__ import annotations

import json
import math
import os
from pathlib import Path
from typing import Any

from autograd.core.primitive import TABLE
from autograd.files import (
    CHECKSUM,
    check_checksum,
    json_object,
    with_checksum,
    write_atomically,
)
from autograd.program.program import PASSES
from autograd.program.trace.observe import WHOLE
from autograd.program.trace.replay import INPUTS, KEYS, Replay, SavedTrace
from autograd.rules.expression import COMPARISONS

__all__ = ["read", "write"]

FORMAT = "scalar-autograd program"
VERSION = 1
COUNTS = {"const": 0, "input": 0, "lane": 0, **dict.fromkeys(COMPARISONS, 2)}
COUNTS |= dict.fromkeys(WHOLE, 1)
ASKED = (*COMPARISONS, *WHOLE, "float", "hash")
DEEPEST = 200  # a result that holds others
MOST_SIDES = 32  # of an array
LARGEST = 10**6  # the sides of an array without elements


def write(
    path: str | os.PathLike[str], traces: dict[str, list[SavedTrace]], options: dict[str, Any]
) -> None:
    """Write traces, and the options that they are compiled with, with a checksum."""
    kinds = {kind: [*map(_written, several)] for kind, several in traces.items()}
    whole = {"format": FORMAT, "version": VERSION, **options, "traces": kinds}
    data = json.dumps({CHECKSUM: "0" * 8, **whole}, allow_nan=False).encode()
    write_atomically(Path(path), with_checksum(data))


def _written(trace: SavedTrace) -> list[Any]:
    """The infinities and NaN, which JSON lacks, become strings."""
    values = [x if math.isfinite(x) else repr(x) for x in trace.values]
    guards = [(what, x if math.isfinite(x) else repr(x)) for what, x in trace.guards]
    return [*trace._replace(values=values, guards=guards)]  # type: ignore[arg-type]


def read(path: str | os.PathLike[str]) -> tuple[Replay, dict[str, Any]]:
    """What `write` wrote: a function, and the options.

    Raises:
        ValueError: the file is something else, of another version, or damaged.
        LookupError: it uses a primitive that is not defined here.
        OSError: it cannot be read.
    """
    path = Path(path)
    data = path.read_bytes()
    checked = check_checksum(path, data)
    whole = json_object(path, data)
    if whole.pop("format", None) != FORMAT or not checked:
        raise ValueError(f"{path} is not a program")
    if (version := whole.pop("version", None)) != VERSION:
        raise ValueError(
            f"{path} is a program of version {version!r:.80}; this reads {VERSION}"
        )
    try:
        kinds = whole.pop("traces", None)
        if type(kinds) is not dict:
            raise ValueError(f"the traces must be in an object, got {kinds!r:.80}")
        traces = {
            kind: [*map(_trace, _list(several, "traces"))] for kind, several in kinds.items()
        }
        _check_options(whole)
    except ValueError as error:
        raise ValueError(f"{path} is damaged: {error}") from None
    except LookupError as error:
        raise LookupError(f"{path} {error.args[0]}") from None
    return Replay(traces), whole


# ---------------------------------------------------------------- what a file may hold
# Its checksum says that it is as it was written, and not by whom.


def _check_options(options: dict[str, Any]) -> None:
    if options.keys() != {"in_axes", "reduce", "without"}:
        raise ValueError(f"it must have in_axes, reduce and without, got {[*options]!r:.80}")
    axes, reduce = options["in_axes"], options["reduce"]
    each = _list(axes, "in_axes") if axes and type(axes) is not int else [axes]
    if any(axis is not None and (type(axis) is not int or axis < 0) for axis in each):
        raise ValueError(f"in_axes must be null, an axis or a list of them, got {axes!r:.80}")
    if reduce not in (None, "mean", "sum"):
        raise ValueError(f'reduce must be "mean", "sum" or null, got {reduce!r:.80}')
    if any(name not in PASSES for name in _list(options["without"], "without")):
        raise ValueError(f"without must be names of passes, got {options['without']!r:.80}")


def _list(x: Any, what: str, length: int | None = None) -> list[Any]:
    if type(x) is not list or length not in (None, len(x)):
        wanted = "a list" if length is None else f"a list of {length}"
        raise ValueError(f"{what} must be {wanted}, got {x!r:.80}")
    return x


def _number(x: Any, what: str) -> float:
    x = float(x) if x in ("inf", "-inf", "nan") else x
    if type(x) is not float:
        raise ValueError(f"{what} must be a float, got {x!r:.80}")
    return x


def _place(place: Any, end: int, what: str) -> int:
    """The place of one of the first nodes."""
    if type(place) is not int or not 0 <= place < end:
        raise ValueError(f"{what} must be one of the first {end} nodes, got {place!r:.80}")
    return place


def _trace(data: Any) -> SavedTrace:
    """A trace, if it is one whose nodes come in their order.

    Raises:
        ValueError: it is none.
        LookupError: it uses a primitive that is not defined here.
    """
    ops, args, values, roots, guards, result = _list(data, "a trace", 6)
    size = len(_list(ops, "the operations"))
    _list(args, "the operands", size)
    values = [_number(x, "a number") for x in _list(values, "the numbers", size)]
    for i, (op, places) in enumerate(zip(ops, args)):
        for place in _list(places, f"the operands of node {i}"):
            _place(place, i, f"an operand of node {i}")
        if not _takes(op, [(ops[k], values[k]) for k in places]):
            raise ValueError(f"node {i}, {op!r:.80}, has wrong operands")
        if op in INPUTS and i and ops[i - 1] not in INPUTS:
            raise ValueError(f"node {i} is an input, but does not come first")
    asked = []
    for guard in _list(guards, "the guards"):
        what, answer = _list(guard, "a guard", 2)
        if what not in ASKED:
            raise ValueError(f"a guard must ask one of {ASKED}, got {what!r:.80}")
        asked.append((what, _number(answer, "the answer of a guard")))
    outputs = len(_list(roots, "the roots")) - len(asked)
    if outputs < 0:
        raise ValueError(f"{len(asked)} guards must be among {len(roots)} roots")
    roots = [_place(root, size, "a root") for root in roots]
    _check_template(result, outputs, DEEPEST)
    return SavedTrace(ops, [*map(tuple, args)], values, roots, asked, result)


def _takes(op: Any, operands: list[tuple[str, float]]) -> bool:
    """Whether these operands, each with its operation and number, are as many as op takes."""
    count = len(operands)
    if type(op) is not str:
        raise ValueError(f"an operation must be a name, got {op!r:.80}")
    if op == "round" and count == 2:  # with digits, which were no Value
        of, digits = operands.pop()
        return of == "const" and digits.is_integer() and _takes(op, operands)
    if op in COUNTS:
        answers = op in WHOLE and any(of in COMPARISONS for of, _ in operands)
        return count == COUNTS[op] and not answers
    if op not in TABLE:
        raise LookupError(
            f"uses the primitive {op!r:.80}, which is not defined here; define it first"
        )
    arity = TABLE[op].arity
    if arity is None:
        return count > 0 and (op != "dot" or count % 2 == 1)
    return count == arity


def _check_template(result: Any, outputs: int, deepest: int) -> None:
    """ValueError where a result is not built as `replay` writes it."""
    if type(result) is not list:
        _place(result, outputs, "an element of the result")
        return
    kind, parts, *elements = result if len(result) > 1 else (None, None)
    parts = _list(parts, "what the result holds")
    if kind == "array":
        _check_shape(parts, len(elements))
        for element in elements:
            _place(element, outputs, "an element of the result")
        return
    if kind == "dict" and not elements:
        pairs = [_list(pair, "an entry of the result", 2) for pair in parts]
        keys, parts = [key for key, _ in pairs], [part for _, part in pairs]
        if any(type(key) not in KEYS for key in keys) or len({*keys}) < len(keys):
            raise ValueError(f"a dict must have keys that differ, got {keys!r:.80}")
    elif kind not in ("list", "tuple") or elements:
        raise ValueError(f"the result must be a list, tuple, dict or array, got {kind!r:.80}")
    if not deepest:
        raise ValueError(f"the result is nested more than {DEEPEST} times")
    for part in parts:
        _check_template(part, outputs, deepest - 1)


def _check_shape(sides: list[Any], count: int) -> None:
    good = len(sides) <= MOST_SIDES and all(type(n) is int and n >= 0 for n in sides)
    if not good or math.prod(sides) != count:
        raise ValueError(f"an array of {count} elements can't have the shape {sides!r:.80}")
    if math.prod([n or 1 for n in sides]) > max(count, LARGEST):
        raise ValueError(f"an array is too large: its shape is {sides!r:.80}")
