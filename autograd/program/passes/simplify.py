"""Simplify: constant folding, common subexpressions (CSE), dead code, and units."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Container

from autograd.core.primitive import TABLE
from autograd.program.ir.rules import with_trait
from autograd.program.ir.tape import Tape

__all__ = ["can_fold", "simplify"]


def can_fold(tape: Tape) -> bool:
    """Whether there is something to fold."""
    constant = {i for i, op in enumerate(tape.ops) if op == "const"}
    return any(args and args[0] in constant and constant.issuperset(args) for args in tape.args)


def simplify(tape: Tape, passes: Container[str]) -> Tape:
    """The nodes that a root depends on; equal constants are one.

    Args:
        tape: what to simplify.
        passes: what else is done. "fold": what depends on constants only is computed.
            "simplify": what changes nothing is left out, such as x · 1. "cse": equal nodes
            are one, unless they are steep. The last two not before the re-roll, for which lanes
            have to look alike.
    """
    folds, simplifies, merges_equal = (name in passes for name in ("fold", "simplify", "cse"))
    # The gradient in two equal nodes may be infinity minus infinity at a kink, which is an
    # error; in one it would be 0 times infinity, which is 0.
    steep, choosing = [with_trait(trait, tape.ops) for trait in ("steep", "chooses")]
    result = tape.like()
    ops, values, live = result.ops, result.values, tape.live()
    places: list[int] = []
    place = places.__getitem__
    known: dict[str, dict[object, int]] = defaultdict(dict)
    constants: set[int] = set()
    units: set[int] = set()  # those of them that are 1
    unmoved = True  # whether all nodes are where they were so far
    left = False  # whether a node may have no use any more
    for i, (op, args, value) in enumerate(zip(tape.ops, tape.args, tape.values)):
        if not live[i]:
            places.append(-1)
            unmoved = False
            continue
        mine = args if unmoved else tuple(map(place, args))
        if folds and args and mine[0] in constants and constants.issuperset(mine):
            number = _folded(op, [values[a] for a in mine])
            if number is not None:
                left = True
                op, mine, value = "const", (), number
        key: object = mine or value or repr(value)  # 0.0 and -0.0 are two
        if op == "gather":
            key = tuple(map(place, tape.gathers[int(value)]))
        new = len(ops)
        merges = not mine or (
            merges_equal and (op not in steep or _is_smooth(result, op, mine))
        )
        node = known[op].setdefault(key, new) if merges else new
        if node == new:
            simpler = None
            if simplifies and (op in choosing or not units.isdisjoint(mine)):
                simpler = _simpler(result, op, mine)
            if simpler is not None:
                known[op][key] = node = simpler
                left = True
            else:
                ops.append(op)
                result.args.append(mine)
                values.append(value)
                if op == "const":
                    constants.add(node)
                    if value == 1.0:
                        units.add(node)
        unmoved = unmoved and node == i
        places.append(node)
    result.rooted(tape, places)
    return simplify(result, ()) if left and not all(result.live()) else result


def _is_smooth(tape: Tape, op: str, args: tuple[int, ...]) -> bool:
    """Whether it is a power with an exponent that is not known to lie between 0 and 1."""
    if op != "pow" or tape.ops[args[1]] != "const":
        return op == "pow"
    return not 0.0 < tape.values[args[1]] < 1.0


def _folded(op: str, numbers: list[float]) -> float | None:
    try:
        return float(TABLE[op](*numbers))
    except (KeyError, ValueError, ArithmeticError, IndexError):
        return None


def _simpler(tape: Tape, op: str, args: tuple[int, ...]) -> int | None:
    """The node that is equal to this one, if there is one."""
    numbers = [tape.values[a] if tape.ops[a] == "const" else None for a in args]
    if op == "identity":
        return args[0]
    if op in ("mul", "div") and numbers[1] == 1.0:
        return args[0]
    if op == "mul" and numbers[0] == 1.0:
        return args[1]
    if op == "mod" and numbers[1] == 1.0:  # as exact, and in vectors
        return tape.add("sub", (args[0], tape.add("floor", args[:1])))
    if op == "where" and numbers[0] is not None:
        return args[1] if numbers[0] else args[2]
    if op == "take" and numbers[0] is not None:
        return args[1:][int(numbers[0])]
    return None
