"""Passes that leave nodes out: equal ones are shared, unused ones dropped, constants folded."""

from __future__ import annotations

import math
from collections.abc import Callable

from autograd.core.primitive import TABLE
from autograd.program.tape import Tape

__all__ = ["drop", "fold", "share", "simplify"]


def share(tape: Tape) -> Tape:
    """Compute equal sub-expressions once. Not before the re-roll, which needs lanes apart."""
    result = tape.like()
    places: list[int] = []
    known: dict[tuple[object, ...], int] = {}
    for op, args, value in zip(tape.ops, tape.args, tape.values):
        mine = tuple([places[a] for a in args])
        if op == "column":
            column = [places[a] for a in tape.columns[int(value)]]
            key: tuple[object, ...] = (op, *column)
        else:
            key = (op, value, math.copysign(1.0, value), *mine)
        place = known.get(key)
        if place is None:
            place = known[key] = result.add(op, mine, value)
        places.append(place)
    return result.rooted(tape, places)


def drop(tape: Tape) -> Tape:
    """Leave out the nodes that no root depends on."""
    result = tape.like()
    live = tape.live()
    places: list[int] = []
    for i, (op, args, value) in enumerate(zip(tape.ops, tape.args, tape.values)):
        place = result.add(op, [places[a] for a in args], value) if live[i] else -1
        places.append(place)
    return result.rooted(tape, places)


def fold(tape: Tape) -> Tape:
    """Compute what depends on constants only."""
    known = {i for i, op in enumerate(tape.ops) if op == "const"}
    if any(args and known.issuperset(args) for args in tape.args):
        return _replaced(tape, _folded)
    return tape


def simplify(tape: Tape) -> Tape:
    """Leave out what changes nothing, such as x · 1. After the re-roll: lanes look alike."""
    return _replaced(tape, _simpler)


def _replaced(tape: Tape, found: Callable[[Tape, str, list[int]], int | None]) -> Tape:
    """The tape with each node that `found` knows an index for replaced by that."""
    result = tape.like()
    places: list[int] = []
    for op, args, value in zip(tape.ops, tape.args, tape.values):
        mine = [places[a] for a in args]
        place = found(result, op, mine) if mine else None
        places.append(result.add(op, mine, value) if place is None else place)
    return result.rooted(tape, places)


def _folded(tape: Tape, op: str, args: list[int]) -> int | None:
    ops = tape.ops
    for a in args:
        if ops[a] != "const":
            return None
    if op not in TABLE:
        return None
    try:
        return tape.add("const", (), TABLE[op](*[tape.values[a] for a in args]))
    except (ValueError, ArithmeticError, IndexError):
        return None


def _simpler(tape: Tape, op: str, args: list[int]) -> int | None:
    numbers = [tape.values[a] if tape.ops[a] == "const" else None for a in args]
    if op == "identity":
        return args[0]
    if op in ("mul", "div") and numbers[1] == 1.0:
        return args[0]
    if op == "mul" and numbers[0] == 1.0:
        return args[1]
    if op in ("add", "sum"):
        terms = [a for a, number in zip(args, numbers) if number != 0.0]
        if len(terms) == 1:
            return terms[0]
        return tape.add("add" if len(terms) == 2 else "sum", terms) if terms else args[0]
    if op == "where" and numbers[0] is not None:
        return args[1] if numbers[0] else args[2]
    if op == "take" and numbers[0] is not None:
        return args[1:][int(numbers[0])]
    return None
