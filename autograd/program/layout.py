"""Layout: where blocks lie in memory, so that rows are used again once nothing reads them."""

from __future__ import annotations

from dataclasses import dataclass

from autograd.program.batch import LANES, Instructions

__all__ = ["Layout", "layout"]


@dataclass(frozen=True)
class Layout:
    """The first row of each block, and how many rows there are.

    Uniform blocks and those of lanes have a memory each, which begins with what is given.

    Attributes:
        first: for each block, its first row.
        rows: of the uniform memory, and of that of the lanes.
    """

    first: tuple[int, ...]
    rows: tuple[int, int]


def layout(instructions: Instructions, keep: bool) -> Layout:
    """Give each block its rows.

    Args:
        keep: a reverse sweep follows, which needs all blocks: none is written over.
    """
    blocks, code = instructions.blocks, instructions.code
    last = _last_reads(instructions)
    first, sizes = [0, 0], [blocks[0].size, blocks[LANES].size]
    free: tuple[list[tuple[int, int]], ...] = ([], [])  # (first row, size), by kind of block
    for step, op in enumerate(code):
        block = blocks[op.out]
        holes = free[block.varies]
        hole = next((h for h in holes if h[1] >= block.size), None)
        if hole is None:
            first.append(sizes[block.varies])
            sizes[block.varies] += block.size
        else:
            holes.remove(hole)
            first.append(hole[0])
            if hole[1] > block.size:
                holes.append((hole[0] + block.size, hole[1] - block.size))
        for dead in last.get(step, []) if not keep else []:
            free[blocks[dead].varies].append((first[dead], blocks[dead].size))
    return Layout(tuple(first), (sizes[0], sizes[1]))


def _last_reads(instructions: Instructions) -> dict[int, list[int]]:
    """For each step of the code, the blocks that nothing reads after it."""
    last: dict[int, int] = {}
    for step, op in enumerate(instructions.code):
        last[op.out] = step
        for rows in op.operands:
            last.update({piece.block: step for piece in rows if piece.block > LANES})
    for block, _, _ in instructions.roots:
        last.pop(block, None)
    found: dict[int, list[int]] = {}
    for block, step in last.items():
        found.setdefault(step, []).append(block)
    return found
