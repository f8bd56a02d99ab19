"""Programs as data: lists of instructions and numbers, and nothing that can be run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from autograd.core.primitive import TABLE
from autograd.program.batch import Block, Instruction, Instructions, Piece, Rows
from autograd.program.rules import OPERATIONS

__all__ = ["as_data", "from_data"]

FORMAT = "scalar-autograd program 1"


def as_data(it: Instructions, answers: list[float], counts: dict[str, int]) -> dict[str, Any]:
    """A program as lists, dicts, numbers and strings."""
    return {
        "format": FORMAT,
        "blocks": [[block.size, block.varies] for block in it.blocks],
        "inputs": it.inputs,
        "constants": it.constants,
        "roots": it.roots,
        "outputs": it.outputs,
        "lanes": it.lanes,
        "code": [
            [op.op, op.out, op.width, [[_piece(p) for p in rows] for rows in op.operands]]
            for op in it.code
        ],
        "answers": answers,
        "counts": counts,
    }


def from_data(data: Any) -> tuple[Instructions, list[float], dict[str, int]]:
    """What `as_data` was given.

    Raises:
        ValueError, TypeError, KeyError: it is not what `as_data` gives.
        LookupError: it uses a primitive that is not defined here.
    """
    if not isinstance(data, dict) or data.get("format") != FORMAT:
        raise ValueError(f"its format is not {FORMAT!r}")
    blocks = [Block(int(size), bool(varies)) for size, varies in data["blocks"]]
    code = [
        Instruction(str(op), int(out), tuple([_rows(rows) for rows in operands]), int(width))
        for op, out, width, operands in data["code"]
    ]
    roots = [(int(block), int(row), lane) for block, row, lane in data["roots"]]
    it = Instructions(
        blocks,
        int(data["inputs"]),
        [float(x) for x in data["constants"]],
        roots,
        int(data["outputs"]),
        data["lanes"],
        code,
    )
    _check(it)
    return it, [float(x) for x in data["answers"]], dict(data["counts"])


def _check(it: Instructions) -> None:
    """ValueError if instructions reach outside their blocks or use what is not yet computed."""
    pieces: list[tuple[int, Sequence[int], int]] = []
    for place, op in enumerate(it.code, 2):
        if op.op not in OPERATIONS and op.op not in TABLE:
            raise LookupError(
                f"the program uses the primitive {op.op!r}, which is not defined here; "
                f"call autograd.primitive({op.op!r}, …) before loading it"
            )
        if op.out != place:
            raise ValueError(f"instruction {place - 2} computes block {op.out}")
        pieces += [(p.block, p.rows, place) for rows in op.operands for p in rows]
    pieces += [(block, (row,), len(it.blocks)) for block, row, _ in it.roots]
    for block, rows, limit in pieces:
        if not (0 <= block < limit and all(0 <= row < it.blocks[block].size for row in rows)):
            raise ValueError(f"rows {rows!r:.40} of block {block} are not there")


def _piece(piece: Piece) -> list[Any]:
    rows = piece.rows
    if type(rows) is range:
        return [piece.block, rows.start, rows.stop, rows.step]
    return [piece.block, list(rows)]


def _rows(pieces: list[Any]) -> Rows:
    found = []
    for block, *rows in pieces:
        lines = range(*rows) if len(rows) == 3 else tuple([int(row) for row in rows[0]])
        found.append(Piece(int(block), lines))
    return tuple(found)
