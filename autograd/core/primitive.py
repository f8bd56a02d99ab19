# cython: language_level=3, annotation_typing=False, auto_pickle=False
"""What an operation is: its rules on floats, its partials, and the errors it raises.

A primitive knows nothing of nodes. Called on something that records (a Value), it hands
itself over to that type's `_record`; called on plain numbers it computes.
"""

from __future__ import annotations

import contextlib
import importlib
import itertools
import sys
from collections.abc import Callable, Iterable, Sequence
from numbers import Real
from typing import Any, NoReturn

if sys.platform == "cython":
    import cython
else:
    from autograd.build import binaries as cython

__all__ = ["TABLE", "Number", "Operand", "Primitive", "describe", "number", "primal", "real"]

Number = int | float
Label = str | None
Operand = Any  # a Value or a Number; rules are generic over whatever has arithmetic


class Primitive:
    """An operation: its rule for floats, its partials, and how it is written.

    `autograd.primitive` makes one and enters it in the table; calling it records a node
    when an operand is a Value and gives a plain float when none is.

    Attributes:
        name: its key in the table, an identifier or several joined by dots.
        symbol: how pictures and `repr` write it.
        value: floats → float. May raise what `math` raises.
        rules: one partials rule an operand, `rule(out, *operands)` → d(out)/d(operand);
            for a variadic operation a single rule that returns all of them in a tuple.
            Rules are generic: on floats they give floats, on Values differentiable Values.
        variadic: whether it takes any number of operands.
        selects: whether a partial of zero means that the operand is not looked at (as in
            `where`), so that it contributes nothing even to an infinite cotangent.
        domain: the operands it accepts, in words.
        kink: the convention where the derivative does not exist, in words.
        latex: a format string with `{0}`, `{1}` … (`{args}` if variadic) for the operands.
    """

    __slots__ = (
        "name",
        "symbol",
        "value",
        "rules",
        "variadic",
        "selects",
        "domain",
        "kink",
        "latex",
    )

    def __init__(
        self,
        name: str,
        value: Callable[..., float],
        rules: tuple[Callable[..., Any], ...],
        symbol: str,
        variadic: bool,
        selects: bool,
        domain: str,
        kink: str,
        latex: str,
    ) -> None:
        self.name = name
        self.value = value
        self.rules = rules
        self.symbol = symbol
        self.variadic = variadic
        self.selects = selects
        self.domain = domain
        self.kink = kink
        self.latex = latex

    @property
    def arity(self) -> int | None:
        """The number of operands, None for a variadic operation."""
        return None if self.variadic else len(self.rules)

    def __str__(self) -> str:
        return self.symbol

    def __repr__(self) -> str:
        return f"<primitive {self.name}>"

    def __reduce__(self) -> tuple[Any, ...]:
        return _primitive_named, (self.name,)

    def __call__(self, *operands: Operand) -> Any:
        """Apply to Values and numbers: a Value if one of the operands is one, else a float.

        Raises:
            TypeError: a wrong number of operands, or one that is not a real number.
            ValueError, ZeroDivisionError, OverflowError: what the rule raises on floats,
                with the operation, the operands and their labels in the message.
        """
        if not self.variadic and len(operands) != len(self.rules):
            raise TypeError(
                f"{self.name} takes {len(self.rules)} operand(s), got {len(operands)}"
            )
        for x in operands:
            if type(x) is not float:
                record = getattr(type(x), "_record", None)
                if record is not None:
                    return record(self, operands)
        return self.evaluate([number(x, self.name) for x in operands], operands)

    def evaluate(self, numbers: Sequence[float], operands: Sequence[Operand]) -> float:
        """The value rule on floats; `operands` are named in the error, if there is one."""
        try:
            data = self.value(*numbers)
        except (ValueError, ArithmeticError, IndexError) as error:
            raise self.explain(error, operands) from None
        return data if type(data) is float else number(data, f"the value of {self.name}")

    def partial(self, slot: int, out: Operand, operands: Sequence[Operand]) -> Any:
        """d(out)/d(operands[slot]) by a fixed-arity operation's rule for that slot."""
        try:
            partial = self.rules[slot](out, *operands)
        except Exception as error:
            self._blame(error, f"partial {slot}", operands)
        if type(partial) is float or (is_node(partial) and is_node(out)):
            return partial
        return number(partial, f"partial {slot} of {self.name}")

    def partials(self, out: Operand, operands: Sequence[Operand]) -> tuple[Any, ...]:
        """Every partial of a variadic operation, in the order of its operands."""
        try:
            partials: tuple[Any, ...] = self.rules[0](out, *operands)
        except Exception as error:
            self._blame(error, "the partials", operands)
        if len(partials) != len(operands):
            raise ValueError(
                f"{self.name}: its rule gave {len(partials)} partials "
                f"for {len(operands)} operands"
            )
        return partials if type(partials) is tuple else tuple(partials)

    def _blame(self, error: Exception, what: str, operands: Iterable[Operand]) -> NoReturn:
        """Raise the error of a partials rule, saying where."""
        where = f"{what} of {self.name}({describe(operands)})"
        if type(error) is OverflowError:
            raise OverflowError(
                f"{where}: too large for a float; scale or clip the operands"
            ) from error
        if type(error) is ZeroDivisionError:
            raise ZeroDivisionError(
                f"{where}: division by zero; keep the divisor away from 0"
            ) from error
        error.add_note(f"in {where}")
        raise error

    def explain(self, error: Exception, operands: Iterable[Operand]) -> Exception:
        """The same type of error, naming the operation, the operands and their labels."""
        call = f"{self.name}({describe(operands)})"
        if type(error) is ValueError:
            reason = f"outside the domain, which is {self.domain}" if self.domain else error
            return ValueError(f"{call}: {reason}")
        if type(error) is OverflowError:
            return OverflowError(
                f"{call}: the result is too large for a float; scale or clip the operands"
            )
        if type(error) is ZeroDivisionError:
            return ZeroDivisionError(f"{call}: division by zero; keep the divisor away from 0")
        if type(error) is IndexError:
            return IndexError(f"{call}: {error}")
        error.add_note(f"while computing {call}")
        return error


if cython.compiled:
    guard_methods(Primitive)  # type: ignore[name-defined]  # noqa: F821
    give_signature(  # type: ignore[name-defined]  # noqa: F821
        Primitive, b"(name, value, rules, symbol, variadic, selects, domain, kink, latex)"
    )

TABLE: dict[str, Primitive] = {}


def _primitive_named(name: str) -> Primitive:
    module = name.rpartition(".")[0]
    if name not in TABLE and module:
        with contextlib.suppress(ImportError):
            importlib.import_module(module)
    try:
        return TABLE[name]
    except KeyError:
        define = f"import {module}" if module else f"call autograd.primitive({name!r}, …)"
        raise LookupError(
            f"the graph uses the primitive {name!r}, which is not defined here; "
            f"{define} before loading it"
        ) from None


# ---------------------------------------------------------------------- operands


def is_node(x: object) -> bool:
    """Whether x records operations, as a Value does."""
    return hasattr(type(x), "_record")


def primal(x: Operand) -> float:
    """The float that a Value holds; a number as a float."""
    if type(x) is float:
        return x
    return x.data if is_node(x) else float(x)


def real(x: object) -> float | None:
    """x as a float if it is a real number, else None."""
    if type(x) is not int and not isinstance(x, Real):
        return None
    try:
        return float(x)
    except OverflowError:
        raise OverflowError(f"{_short(repr(x))} is too large for a float") from None


def number(x: object, what: str) -> float:
    """x as a float; TypeError naming `what` if it is not a real number."""
    if type(x) is float:
        return x
    try:
        converted = real(x)
    except OverflowError as error:
        raise OverflowError(f"{what}: {error}") from None
    if converted is None:
        hint = "; use its .data or .detach()" if is_node(x) else ""
        raise TypeError(f"{what} takes a real number, got {_short(repr(x))} ({_kind(x)}){hint}")
    return converted


def text(label: object) -> str:
    if not isinstance(label, str):
        raise TypeError(
            f"a label is a string or None, got {_short(repr(label))} ({_kind(label)})"
        )
    return str.__str__(label)


def _kind(x: object) -> str:
    return type(x).__name__


def _short(text: str) -> str:
    return text if len(text) <= 80 else text[:77] + "..."


def describe(operands: Iterable[Operand]) -> str:
    """The operands' values and labels, as messages name them."""
    shown: list[str] = []
    for operand in itertools.islice(operands, 9):
        value, label = (operand.data, operand.label) if is_node(operand) else (operand, None)
        shown.append(_short(repr(value)))
        if label is not None:
            shown[-1] += f" labelled {_short(repr(label))}"
    if len(shown) == 9:
        shown[8] = "..."
    return ", ".join(shown)
