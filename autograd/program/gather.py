"""Gather chains: a + b + c becomes one sum, w·x + v·y + b one dot.

So a neuron gives the same program whether it was written with `dot`, `sum` or a loop.
"""

from __future__ import annotations

from autograd.program.tape import Tape

__all__ = ["gather"]

ADDING = ("add", "sum")


def gather(tape: Tape) -> Tape:
    """Make one node of each chain of additions, with the products that it adds.

    Only what nothing else uses is drawn into a chain. A product that is alone stays one, and a
    dot with one product becomes that. Time is linear in the nodes.
    """
    ops, args, uses = tape.ops, tape.args, tape.uses()
    drawn = bytearray(len(tape))  # drawn into the chain that uses it
    for i, op in enumerate(ops):
        if op in ADDING or op == "dot":
            for a in args[i] if op in ADDING else args[i][:1]:
                if uses[a] == 1 and ops[a] in (*ADDING, "mul", "dot"):
                    drawn[a] = 1
    result = tape.like()
    places = [-1] * len(tape)
    for i, op in enumerate(ops):
        if drawn[i]:
            continue
        if op in ADDING or op == "dot":
            rest, pairs = _terms(tape, i, drawn)
            places[i] = _sum(
                result,
                [places[k] for k in rest],
                [(places[w], places[x]) for w, x in pairs],
            )
        else:
            places[i] = result.add(op, [places[a] for a in args[i]], tape.values[i])
    return result.rooted(tape, places)


def _terms(tape: Tape, root: int, drawn: bytearray) -> tuple[list[int], list[tuple[int, int]]]:
    """What the chain that ends in root adds: nodes, and pairs whose product is added."""
    rest: list[int] = []
    pairs: list[tuple[int, int]] = []
    stack = [root]
    while stack:
        i = stack.pop()
        op, args = tape.ops[i], tape.args[i]
        if i != root and not drawn[i]:
            rest.append(i)
        elif op == "mul":
            pairs.append((args[0], args[1]))
        elif op == "dot":
            half = len(args) // 2
            pairs += zip(args[1 : 1 + half], args[1 + half :])
            stack.append(args[0])
        else:
            stack += reversed(args)
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
