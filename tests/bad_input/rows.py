"""Rows of the table: a mistaken call, the error that it must raise, and what that must say."""

import contextlib
import functools
import inspect
import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import numpy as np

from tests.helpers.tables import table

# Of the world, a call sees no types: it is made of mistakes.
Words = tuple[str | tuple[str, ...], ...]  # all of them; of a tuple any; $ is at the end
Call = Callable[..., Any]
HUGE = 10**400
NAN, INF = math.nan, math.inf


@dataclass(frozen=True)
class Row:
    """A call of a public name that must raise `error` with these words and change nothing.

    With None for the error it must raise none: it is what the mistakes are made in.
    """

    name: str
    case: str
    call: Call
    error: type[BaseException] | None
    words: Words


@dataclass(frozen=True)
class Bad:
    """A value that a parameter must refuse. Its words are looked for beside the name."""

    show: str
    make: Callable[[Any], Any]
    error: type[BaseException]
    words: Words


class Thing:
    """An object that is nothing in particular."""

    def __repr__(self) -> str:
        return "<thing>"


def row(
    name: str, case: str, call: Call, error: type[BaseException], *words: str | tuple[str, ...]
) -> Row:
    """A single row."""
    return Row(name, case, call, error, words)


def refusals(text: str, names: dict[str, Any]) -> list[Row]:
    """The rows of a text: name, case, call, error and words, with " | " between them."""
    return [row(*cells) for cells in table(text, names)]


def each(
    name: str, values: Iterable[Bad], call: Call, *words: str | tuple[str, ...], case: str = ""
) -> Iterator[Row]:
    """A row for each bad value, which the call gets beside the world."""

    def made(b: Bad) -> Row:
        here = lambda world: call(world, b.make(world))
        return Row(name, f"{case}{b.show}", here, b.error, (*words, *b.words))

    return map(made, values)


def bad(value: Any, error: type[BaseException], *words: str | tuple[str, ...]) -> Bad:
    """A bad value, which the message must show unless other words are given."""
    shown = repr(value)
    return Bad(shown[:40], lambda world: value, error, words or (shown[:16],))


def bads_of(text: str, names: dict[str, Any]) -> list[Bad]:
    """The bad values of a text: value, error and words, with " | " between them."""
    return [bad(*cells) for cells in table(text, names)]


def bads(error: type[BaseException], *values: Any, words: Words = ()) -> list[Bad]:
    """Several bad values of one kind."""
    return [bad(value, error, *words) for value in values]


THING = Thing()
WRONG = bads(TypeError, None, "3", [1.0], {}, 1j, THING, b"3", Decimal(3), np.ones(2))
TOO_LARGE = [bad(HUGE, OverflowError, "too large")]

NUMBER = WRONG + TOO_LARGE  # an operand
SETTING = WRONG + TOO_LARGE + bads(TypeError, True)
FINITE = SETTING + bads(ValueError, NAN, INF, -INF)
NOT_NEGATIVE = FINITE + bads(ValueError, -1.0, -1e-300)
POSITIVE = NOT_NEGATIVE + bads(ValueError, 0.0)
SHARE = SETTING + bads(ValueError, NAN, INF, -0.1, 1.1)
COUNT = WRONG + TOO_LARGE + bads(TypeError, True, 1.5, NAN) + bads(ValueError, -1, 0, -HUGE)
COUNT_0 = [b for b in COUNT if b.show != "0"]
FLAG = [bad(x, TypeError, "True or False", repr(x)) for x in (None, "yes", 2, THING, 1.0)]
FUNCTION = [bad(x, TypeError, "function", repr(x)) for x in (None, "f", 3, [1.0], THING)]
CHOICE = bads(ValueError, None, "nonsense", "", 3, [1.0], THING)


def mistakes(
    name: str,
    good: Callable[..., tuple[Call, dict[str, Any]]],
    kinds: Mapping[str, Iterable[Bad]],
    *,
    owner: str | tuple[str, ...] = (),
    positional: bool = False,
) -> Iterator[Row]:
    """Every mistake in every argument of a call that is good without it.

    Args:
        good: what is called, and its arguments by name.
        kinds: the bad values by parameter.
        owner: words that the messages may have in the place of the parameter's name.
        positional: give the arguments by position.
    """
    short = name.rpartition(".")[2]
    owners = (owner,) if isinstance(owner, str) else owner or (short,)

    def called(world: Any, changes: dict[str, Any], *more: Any, **other: Any) -> object:
        function, arguments = good(world)
        arguments |= changes
        if positional:
            return function(*arguments.values(), *more, **other)
        return function(*more, **arguments, **other)

    yield Row(name, "", lambda world: called(world, {}), None, ())
    for key, values in kinds.items():
        call = functools.partial(lambda key, world, x: called(world, {key: x}), key)
        yield from each(
            name, values, call, owners if len(key) == 1 else (key, *owners), case=f"{key}="
        )
    misspelt = lambda world: called(world, {}, mispelt=1.0)
    yield row(name, "a keyword misspelt", misspelt, TypeError, ("mispelt", "keyword"))
    if positional:
        many = lambda world: called(world, {}, *[1.0] * 20)
        yield row(name, "too many arguments", many, TypeError, ("argument", "operand"))
    none = lambda world: _without_arguments(good(world)[0])
    yield row(name, "no arguments", none, TypeError, ("argument", "operand"))


def _without_arguments(function: Call) -> object:
    with contextlib.suppress(ValueError):  # of what has no signature
        parameters = inspect.signature(function).parameters.values()
        if not any(p.default is p.empty and p.kind < 2 for p in parameters):
            raise TypeError("argument: all of them may be left out")
    return function()
