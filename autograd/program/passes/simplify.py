"""Simplify: constant folding, units, common subexpressions (CSE) and dead code.

Each is a pass of its own, called by `Program`: folding first, since sums are fused and lanes
are found among what is left; the others at the end, when lanes no longer have to look alike.
"""

from __future__ import annotations

from collections.abc import Callable

from autograd.core.primitive import TABLE
from autograd.program.ir.tape import Node, Tape, move

__all__ = ["drop_dead", "drop_units", "fold_constants", "merge_equal", "rewrite"]

DEAD = -1  # the place of a node that no root needs


def rewrite(tape: Tape, place_of: Callable[[Tape, Node], int]) -> Tape:
    """Return a new tape that has a replacement for each node that a root needs.

    Args:
        place_of: is given the new tape so far, and a node whose operands are the new tape's.
            It returns the place of the node's replacement, which it may append.
            `Tape.append` keeps every node as it is.
    """
    result = Tape(inputs=tape.inputs, lanes=tape.lanes)
    gathers: dict[tuple[int, ...], int] = {}  # each list of leaves once, and its number
    places: list[int] = []
    for node, is_live in zip(tape.nodes, tape.live()):
        if not is_live:
            places.append(DEAD)
        elif node.op == "gather":
            leaves = tuple([places[leaf] for leaf in tape.operands(node)])
            number = float(gathers.setdefault(leaves, len(gathers)))
            places.append(place_of(result, node._replace(number=number)))
        else:
            places.append(place_of(result, move(node, places)))
    result.gathers = [*gathers]
    result.copy_roots(tape, places)
    return result


def drop_dead(tape: Tape) -> Tape:
    """Leave out the nodes that no root needs."""
    return tape if all(tape.live()) else rewrite(tape, Tape.append)


# ---------------------------------------------------------------- constants


def fold_constants(tape: Tape) -> Tape:
    """Compute what depends on constants only; equal constants are one."""
    if not any(_is_constant(tape, node) for node in tape.nodes):
        return tape
    constants: dict[str, int] = {}

    def place_of(result: Tape, node: Node) -> int:
        if _is_constant(result, node):
            node = _fold(result, node)
        if node.op != "const":
            return result.append(node)
        text = repr(node.number)  # 0.0 and -0.0 are two
        if text not in constants:
            constants[text] = result.append(node)
        return constants[text]

    return drop_dead(rewrite(tape, place_of))


def _is_constant(tape: Tape, node: Node) -> bool:
    """Whether an operation has constants for its operands, and at least one."""
    if not node.args or tape.nodes[node.args[0]].op != "const":
        return False
    return all(tape.nodes[a].op == "const" for a in node.args)


def _fold(tape: Tape, node: Node) -> Node:
    """Return the constant that an operation on constants is; the node itself if it raises."""
    try:
        number = TABLE[node.op](*[tape.nodes[a].number for a in node.args])
    except (KeyError, ValueError, ArithmeticError, IndexError):
        return node
    return Node("const", (), float(number))


# ---------------------------------------------------------------- units


def drop_units(tape: Tape) -> Tape:
    """Leave out operations that give one of their operands, such as x · 1."""
    choosing = tape.ops_with_trait("chooses")
    if not any(node.op in choosing or _is_one(node) for node in tape.nodes):
        return tape  # each of RULES is for a choosing operation, or looks for a 1

    def place_of(result: Tape, node: Node) -> int:
        rule = RULES.get(node.op)
        place = None if rule is None else rule(result, node.args)
        return result.append(node) if place is None else place

    return rewrite(tape, place_of)


def _identity(tape: Tape, args: tuple[int, ...]) -> int:
    return args[0]


def _product(tape: Tape, args: tuple[int, ...]) -> int | None:
    x, y = args
    if _is_one(tape.nodes[y]):
        return x
    return y if _is_one(tape.nodes[x]) else None


def _quotient(tape: Tape, args: tuple[int, ...]) -> int | None:
    x, y = args
    return x if _is_one(tape.nodes[y]) else None


def _remainder(tape: Tape, args: tuple[int, ...]) -> int | None:
    """Write x mod 1 as x - floor(x), which is as exact, and fast in vectors."""
    x, y = args
    return tape.add("sub", (x, tape.add("floor", (x,)))) if _is_one(tape.nodes[y]) else None


def _where(tape: Tape, args: tuple[int, ...]) -> int | None:
    condition, a, b = args
    if tape.nodes[condition].op != "const":
        return None
    return a if tape.nodes[condition].number else b


def _take(tape: Tape, args: tuple[int, ...]) -> int | None:
    index, *operands = args
    if tape.nodes[index].op != "const":
        return None
    return operands[int(tape.nodes[index].number)]


def _is_one(node: Node) -> bool:
    return node.number == 1.0 and node.op == "const"


# Each returns the place of what an operation is equal to, or None.
RULES: dict[str, Callable[[Tape, tuple[int, ...]], int | None]] = {
    "identity": _identity,
    "mul": _product,
    "div": _quotient,
    "mod": _remainder,
    "where": _where,
    "take": _take,
}

# ---------------------------------------------------------------- common subexpressions


def merge_equal(tape: Tape) -> Tape:
    """Make equal nodes one.

    But not steep ones: at a kink the gradient in two equal nodes may be infinity minus
    infinity, which is an error; in one it would be 0 times infinity, which is 0.
    """
    if len({*tape.nodes}) == len(tape):
        return tape
    steep = tape.ops_with_trait("steep")
    known: dict[object, int] = {}

    def place_of(result: Tape, node: Node) -> int:
        if node.op in steep and not _is_smooth_power(result, node):
            return result.append(node)
        key = node if node.args else (node, repr(node.number))  # 0.0 and -0.0 are two
        place = known.get(key)
        if place is None:
            place = known[key] = result.append(node)
        return place

    return rewrite(tape, place_of)


def _is_smooth_power(tape: Tape, node: Node) -> bool:
    """Whether it is a power whose exponent is not known to lie between 0 and 1."""
    if node.op != "pow":
        return False
    exponent = tape.nodes[node.args[1]]
    return exponent.op != "const" or not 0.0 < exponent.number < 1.0
