"""Fuse sums: a + b + c becomes one sum, w·x + v·y + b one dot.

So a neuron gives the same program whether it was written with `dot`, `sum` or a loop.
"""

from __future__ import annotations

from itertools import chain

from autograd.program.ir.arrays import np
from autograd.program.ir.tape import Tape

__all__ = ["CHAINS", "fuse_sums"]

CHAINS = frozenset(["add", "sum", "dot"])
LINKS = CHAINS | {"mul"}


def fuse_sums(tape: Tape, fixed: bytearray) -> Tape:
    """Make one node of each chain of additions, with the products that it adds.

    Args:
        tape: as recorded.
        fixed: for each node, whether it stays as it is.

    Only what nothing else uses is drawn into a chain. A product that is alone stays one, and a
    dot with one product becomes that. Time is linear in the nodes.
    """
    ops, args = tape.ops, tape.args
    used = chain(chain.from_iterable(args), [node for node, _ in tape.roots])
    uses = np.bincount(np.fromiter(used, int), minlength=len(tape)).tolist()
    drawn = bytearray(len(tape))  # drawn into the chain that uses it
    draws = bytearray(len(tape))
    for i in range(len(tape) - 1, -1, -1):
        if (op := ops[i]) in CHAINS and not fixed[i]:
            added = args[i][:1] if op == "dot" else args[i]
            links = [a for a in added if uses[a] == 1 and ops[a] in LINKS and not fixed[a]]
            product = len(links) == 1 and op != "dot" and ops[links[0]] == "mul"
            if drawn[i] or (links and not product) or (op == "dot" and len(args[i]) == 3):
                draws[i] = 1
                for a in links:
                    drawn[a] = 1
    if not any(draws):
        return tape
    result = tape.like()
    places: list[int] = []
    place = places.__getitem__
    for i, (op, mine, value) in enumerate(zip(ops, args, tape.values)):
        if drawn[i]:
            places.append(-1)
        elif draws[i]:
            rest, pairs = _terms(tape, i, drawn)
            pairs = [(places[w], places[x]) for w, x in pairs]
            places.append(_sum(result, [*map(place, rest)], pairs))
        else:
            places.append(len(result.ops))
            result.ops.append(op)
            result.args.append(tuple(map(place, mine)))
            result.values.append(value)
    return result.rooted(tape, places)


def _terms(tape: Tape, root: int, drawn: bytearray) -> tuple[list[int], list[tuple[int, int]]]:
    """Return the nodes that a chain adds, and the pairs whose product it adds."""
    ops, args = tape.ops, tape.args
    rest: list[int] = []
    pairs: list[tuple[int, int]] = []
    stack = [root]
    while stack:
        i = stack.pop()
        op = ops[i]
        if i != root and not drawn[i]:
            rest.append(i)
        elif op == "mul":
            pairs.append(args[i])  # type: ignore[arg-type]
        elif op == "dot":
            half = len(args[i]) // 2
            pairs += zip(args[i][1 : 1 + half], args[i][1 + half :])
            stack.append(args[i][0])
        else:
            stack += args[i][::-1]
    return rest, pairs


def _sum(tape: Tape, rest: list[int], pairs: list[tuple[int, int]]) -> int:
    if len(pairs) == 1:
        rest = [*rest, tape.add("mul", pairs[0])]
        pairs = []
    if not rest:
        total = tape.add("const", (), 0.0)
    elif len(rest) == 1:
        total = rest[0]
    else:
        total = tape.add("add" if len(rest) == 2 else "sum", rest)
    if not pairs:
        return total
    return tape.add("dot", [total, *[w for w, _ in pairs], *[x for _, x in pairs]])
