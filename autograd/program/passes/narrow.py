"""Narrow tapes: those of which little is alike become lists of single operations.

A block pays if its operands lie side by side; else collecting them takes longer than computing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from itertools import chain
from typing import NamedTuple

from autograd.program.ir.arrays import Array, np
from autograd.program.ir.program import WIDE
from autograd.program.ir.scalars import Scalars, Signature, signature_of
from autograd.program.ir.tape import LEAVES, Tape

__all__ = ["Stage", "is_narrow", "list_of", "stages"]

OPERANDS_PER_BLOCK = 6  # at even steps; with fewer on average, blocks are not worth it
EVEN_PORTION = 0.45  # of all operands: a Gaussian process has 0.3 to 0.4, Lorenz-96 0.5 to 0.8
MAX_ARITY = 3  # operands of a single operation, but for sums and dots


class Stage(NamedTuple):
    """Nodes that are computed together.

    Attributes:
        op: the operation that all have, with as many operands each; None of a list.
    """

    op: str | None
    members: list[int]


# ---------------------------------------------------------------- whether a tape is narrow


def is_narrow(tape: Tape, levels: Sequence[int]) -> bool:
    """Whether few operands of its blocks would lie at even steps."""
    blocks = _numbers_of_blocks(tape, levels)
    order = np.argsort(blocks, kind="stable")
    needed = OPERANDS_PER_BLOCK * (1 + int(np.count_nonzero(np.diff(blocks[order]))))
    operands = sum([len(node.args) for node in tape.nodes])
    if operands < needed:
        return True
    even = sum([_count_even(*reads, blocks, order) for reads in _reads(tape, blocks, order)])
    return even < max(needed, EVEN_PORTION * operands)


def _numbers_of_blocks(tape: Tape, levels: Sequence[int]) -> Array:
    """For each node a number: equal for nodes of one level and operation."""
    numbers: dict[str, int] = {}
    codes = [numbers.setdefault(node.op, len(numbers)) for node in tape.nodes]
    return np.array(levels) * len(numbers) + codes


def _reads(tape: Tape, blocks: Array, order: Array) -> list[tuple[Array, Array]]:
    """Pairs of (users, the nodes that they read), in the order in which blocks would read.

    Users are numbered: nodes that could be in one block have one number. An operation of many
    operands reads them one after the other; else blocks read all first operands, then all
    second ones.
    """
    args = [node.args for node in tape.nodes]
    counts = np.fromiter(map(len, args), int)
    operands = np.fromiter(chain.from_iterable(args), int)
    starts = np.cumsum(counts) - counts
    is_long = np.repeat(counts > MAX_ARITY, counts)
    reads = [(np.repeat(np.arange(len(args)), counts)[is_long], operands[is_long])]
    for slot in range(2):
        users = order[(slot < counts[order]) & (counts[order] <= MAX_ARITY)]
        reads.append((blocks[users], operands[starts[users] + slot]))
    return reads


def _count_even(users: Array, nodes: Array, blocks: Array, order: Array) -> int:
    """How often three nodes that are read one after the other lie at even steps in a block."""
    place = np.empty_like(order)
    place[order] = np.arange(len(order))
    is_same = (np.diff(users) == 0) & (np.diff(blocks[nodes]) == 0)
    is_even = np.diff(place[nodes], 2) == 0
    return int(np.count_nonzero(is_same[1:] & is_same[:-1] & is_even))


# ---------------------------------------------------------------- lists and blocks in turn


def stages(tape: Tape, levels: Sequence[int]) -> list[Stage]:
    """All nodes but the leaves, in turn as a list and as the blocks that can be in no list.

    A list is in the order of levels, so that an operation need not wait for the one before it.
    """
    order = np.argsort(_numbers_of_blocks(tape, levels), kind="stable").tolist()
    order = [i for i in order if tape.nodes[i].op not in LEAVES]
    lists: dict[int, list[int]] = defaultdict(list)
    blocks: dict[tuple[int, str, int], list[int]] = defaultdict(list)
    turns: dict[int, int] = {}  # of nodes that cannot be in the first list
    for i in order:
        op, args = tape.nodes[i].op, tape.nodes[i].args
        turn = 0
        if turns:
            turn = max([turns.get(a, 0) for a in args], default=0)
        if _is_single(op, len(args)):
            lists[turn].append(i)
        else:
            blocks[turn, op, len(args)].append(i)
            turn += 1
        if turn:
            turns[i] = turn
    result = []
    for turn in sorted({*lists, *[turn for turn, _, _ in blocks]}):
        if turn in lists:
            result.append(Stage(None, lists[turn]))
        result += [Stage(op, each) for (t, op, _), each in blocks.items() if t == turn]
    return result


def _is_single(op: str, count: int) -> bool:
    """Whether an operation of so many operands can be in a list."""
    if op in ("sum", "dot"):
        return True
    if op in ("logsumexp", "take"):
        return False
    return count == 2 if op in WIDE else count <= MAX_ARITY


def list_of(
    tape: Tape, members: Sequence[int], value: Sequence[int]
) -> tuple[Scalars, list[int]]:
    """The nodes as a list, and the nodes that it reads, in this order.

    Args:
        value: for each node the value that holds it, by which those that are read are sorted.
    """
    args = [tape.nodes[i].args for i in members]
    operands = np.fromiter(chain.from_iterable(args), int)
    place = np.full(len(tape), -1)
    place[members] = np.arange(len(members))
    reads = np.unique(operands[place[operands] < 0])
    reads = reads[np.argsort(np.array(value)[reads], kind="stable")]
    place[members] += len(reads)
    place[reads] = np.arange(len(reads))
    signatures, which = _signatures(tape, members)
    counts = np.fromiter(map(len, args), int)
    return Scalars(signatures, which, counts, place[operands]), reads.tolist()


def _signatures(tape: Tape, members: Sequence[int]) -> tuple[list[Signature], Array]:
    """All signatures, and for each node the place of its own."""
    nodes = tape.nodes
    numbers = {i: node.number for i, node in enumerate(nodes) if node.op == "const"}
    signatures: dict[str, Signature] = {}  # by their texts, which tell 0.0 from -0.0
    places: dict[str, int] = {}
    which_without_numbers: dict[tuple[str, int], int] = {}
    which: list[int] = []
    for i in members:
        op, args = nodes[i].op, nodes[i].args
        short = op, len(args)
        if short in which_without_numbers and numbers.keys().isdisjoint(args):
            which.append(which_without_numbers[short])
            continue
        signature = signature_of(op, [numbers.get(a) for a in args])
        text = repr(signature)
        signatures.setdefault(text, signature)
        which.append(places.setdefault(text, len(places)))
        if numbers.keys().isdisjoint(args):
            which_without_numbers[short] = which[-1]
    return [*signatures.values()], np.array(which, int)
