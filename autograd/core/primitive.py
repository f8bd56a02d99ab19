# cython: language_level=3, annotation_typing=False, auto_pickle=False, binding=False
# cython: embedsignature=True, embedsignature.format=clinic
"""An operation: its rules on floats, its partials, and the errors it raises.

A primitive knows nothing of nodes. Called on something that records (a Value), it hands
itself over to that type's `_record`; called on plain numbers it computes. `define.py` makes
and pickles one.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Sequence
from types import MethodType
from typing import TYPE_CHECKING, Any, Protocol, overload

if sys.platform == "cython":
    import cython
else:
    from autograd.core import cython

from autograd.core.operand import Operand, describe, is_node, number

if TYPE_CHECKING:
    from inspect import Signature

    from autograd.core.value import Value

__all__ = ["ADVICE", "RESERVED", "TABLE", "Primitive", "Rule"]

Rule = Callable[..., Any]


class Method(Protocol):
    """A primitive as a Value's method."""

    def __call__(self, *operands: Operand, **named: Operand) -> Value: ...


class _Doc:
    """`__doc__` of the class, and of each primitive."""

    def __init__(self, doc: str) -> None:
        self.doc = doc

    def __get__(self, entry: Any, owner: Any) -> str:
        return self.doc if entry is None else entry.documentation()


class Primitive:
    """An operation: its rule for floats, its partials, and how it is written.

    `autograd.primitive` makes one and enters it in the table. It is the function: called, it
    records a node when an operand is a Value and gives a plain float when none is. In the
    library's own table it is also the method of a Value.

    Its attributes are the arguments of `autograd.primitive`, by their names.
    """

    __doc__ = _Doc(str(__doc__))  # pyright: ignore[reportAssignmentType]
    __slots__ = (
        *("name", "symbol", "value", "rules", "variadic", "strong_zero", "traits"),
        *("domain", "kink", "latex", "doc", "defaults", "textbook_rule"),
        *("_signature", "__weakref__"),
    )
    symbol: str
    domain: str
    kink: str
    latex: str
    doc: str

    def __init__(self, name: str, value: Rule, rules: tuple[Rule, ...], *facts: Any) -> None:
        self.name, self.value, self.rules = name, value, rules
        self.symbol, self.variadic, self.strong_zero, self.domain, self.kink, *more = facts
        self.latex, self.doc, self.defaults, self.textbook_rule, self.traits = more
        self._signature: Signature | None = None  # once an operand is named
        if cython.compiled and self.arity == 1:
            self._call = call_one  # type: ignore[name-defined]  # noqa: F821

    @property
    def arity(self) -> int | None:
        """The number of operands, None for a variadic operation."""
        return None if self.variadic else len(self.rules)

    def documentation(self) -> str:
        """Return the text of `help`: the value, the domain, the kink and an example."""
        words, arrow, example = self.doc.partition("\n\n>>>")
        facts = [("Domain", self.domain), ("Kink", self.kink)]
        parts = [words, *[f"{key}: {fact}." for key, fact in facts if fact]]
        return "\n\n".join([*filter(None, parts), *([f">>>{example}"] if arrow else [])])

    def __getattr__(self, attribute: str) -> Any:
        # `help` and `inspect` ask a function for these.
        if attribute == "__signature__":
            return _signature(self)
        if attribute in ("__name__", "__qualname__", "__module__"):
            return self.name if attribute != "__module__" else "autograd.core.table"
        raise AttributeError(f"'Primitive' object has no attribute {attribute!r}")

    def __str__(self) -> str:
        return self.symbol

    def __repr__(self) -> str:
        return f"<primitive {self.name}>"

    def __deepcopy__(self, memo: Any) -> Primitive:
        return self

    if TYPE_CHECKING:

        @overload
        def __call__(self, *operands: float | Iterable[float], **named: float) -> float: ...
        @overload
        def __call__(self, *operands: Operand, **named: Operand) -> Value: ...

    def __call__(self, *operands: Operand, **named: Operand) -> Any:
        """Apply to Values and numbers: a Value if one of the operands is one, else a float.

        Raises:
            TypeError: a wrong number of operands, or one that is not a real number.
            ValueError, ZeroDivisionError, OverflowError: what the rule raises on floats,
                with the operation, the operands and their labels in the message.
        """
        xs: tuple[Operand, ...] = operands
        if self.arity == 1 == len(xs) and not named:
            return apply_to_one(self, xs[0])
        if named or (len(xs) != len(self.rules) and not self.variadic):
            xs = self._bound(operands, named)
        elif self.variadic and len(xs) == 1 and isinstance(xs[0], Iterable):
            xs = tuple(xs[0])
        return self._apply(xs)

    def _apply(self, xs: tuple[Operand, ...]) -> Any:
        floats = True
        for x in xs:
            if type(x) is _node_type:
                return _record(self, xs)
            if type(x) is not float:
                floats = False
                record = getattr(type(x), "_record", None)
                if record is not None:  # as of the symbols that formulas are made of
                    return record(self, xs)
        numbers = xs if floats else tuple([number(x, self.name) for x in xs])
        return self.evaluate(numbers, xs)

    def __get__(self, x: Any, owner: Any) -> Any:
        """Bind to x, which becomes the first operand: the entry is a method of a Value."""
        return self if x is None else MethodType(self, x)

    def _bound(self, operands: tuple[Operand, ...], named: dict[str, Operand]) -> Any:
        """All operands in order, those left out by their defaults."""
        n, most = len(operands), len(self.rules)
        least = most - len(self.defaults)
        if not named and not least <= n <= most:
            wanted = f"{least} to {most}" if least < most else most
            raise TypeError(f"{self.name} takes {wanted} operand(s), got {n}")
        if not named:
            return operands + self.defaults[n - least :]
        self._signature = self._signature or _signature(self)
        try:
            bound = self._signature.bind(*operands, **named)
        except TypeError as error:
            raise TypeError(f"{self.name}() {error}") from None
        bound.apply_defaults()
        return bound.args

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
            raise self.explain(error, operands, f"partial {slot} of ") from error.__cause__
        if type(partial) is float or (is_node(partial) and is_node(out)):
            return partial
        return number(partial, f"partial {slot} of {self.name}")

    # The same for one operand, on floats: without a tuple, they are twice as fast.

    def evaluate1(self, primal: float, x: Operand) -> float:
        """`evaluate`, of an operation with one operand."""
        try:
            data = self.value(primal)
        except (ValueError, ArithmeticError, IndexError) as error:
            raise self.explain(error, (x,)) from None
        return data if type(data) is float else number(data, f"the value of {self.name}")

    def partial1(self, out: float, operand: float) -> float:
        """`partial`, of an operation with one operand."""
        try:
            partial = self.rules[0](out, operand)
        except Exception as error:
            raise self.explain(error, (operand,), "partial 0 of ") from error.__cause__
        if type(partial) is float:
            return partial
        return number(partial, f"partial 0 of {self.name}")

    def partials(self, out: Operand, operands: Sequence[Operand]) -> tuple[Any, ...]:
        """Every partial of a variadic operation, in the order of its operands."""
        try:
            partials = self.rules[0](out, *operands)
            if not isinstance(partials, Iterable):
                raise TypeError(
                    "its rule must return a tuple, one partial an operand, "
                    f"got {partials!r:.80}"
                )
            partials = tuple(partials)
        except Exception as error:
            raise self.explain(error, operands, "the partials of ") from error.__cause__
        if len(partials) != len(operands):
            raise ValueError(
                f"{self.name}: its rule gave {len(partials)} partials "
                f"for {len(operands)} operands"
            )
        if self.name in RESERVED:
            return partials
        what = f"a partial of {self.name}"
        return tuple([d if is_node(d) else number(d, what) for d in partials])

    def explain(
        self, error: Exception, operands: Iterable[Operand], rule: str = ""
    ) -> Exception:
        """The same type of error, naming the operation, the operands and their labels.

        Args:
            rule: names the rule that raised it, if it was not that of the value.
        """
        call, kind = f"{rule}{self.name}({describe(operands)})", type(error)
        if kind in ADVICE:
            return kind(f"{call}: {ADVICE[kind]}")
        if not rule and kind in (ValueError, IndexError):
            outside = self.domain and kind is ValueError
            reason = f"outside the domain, which is {self.domain}" if outside else error
            return kind(f"{call}: {reason}")
        takes = ", whose rule takes the result, then the operands" * (kind is TypeError)
        error.add_note(f"in {call}{takes if rule else ''}")
        return error


TABLE: dict[str, Primitive] = {}  # by their names, the user's too
RESERVED: set[str] = set()  # the names of the library's own
ADVICE: dict[type, str] = {
    OverflowError: "the result is too large for a float; scale or clip the operands",
    ZeroDivisionError: "division by zero; keep the divisor away from 0",
}


def apply_to_one(entry: Primitive, x: Operand) -> Any:
    """`entry(x)`, of an operation with one operand; what such an entry's vectorcall does."""
    if type(x) is _node_type:
        return _record_one(entry, x)
    return entry.evaluate1(x, x) if type(x) is float else entry._apply((x,))


_node_type: Any = None
_record: Any = None
_record_one: Any


def record_with(node_type: Any, record: Any, record_one: Any) -> None:
    """Tell primitives what records a node: `record(primitive, operands)`, with a `node_type`
    among them, and `record_one(primitive, operand)`, for an operation with one.
    """
    global _node_type, _record, _record_one
    _node_type, _record, _record_one = node_type, record, record_one


if cython.compiled:
    call_fast(Primitive, apply_to_one)  # type: ignore[name-defined]  # noqa: F821


def _signature(entry: Primitive) -> Signature:
    from inspect import Parameter, Signature

    if entry.variadic:
        return Signature([Parameter("xs", Parameter.VAR_POSITIONAL)])
    n, code = len(entry.rules), getattr(entry.rules[0], "__code__", None)
    names = [f"x{i}" for i in range(n)]
    if code is not None and code.co_argcount == n + 1:
        names = code.co_varnames[1 : n + 1]
    defaults = [*[Parameter.empty] * (n - len(entry.defaults)), *entry.defaults]
    kind = Parameter.POSITIONAL_OR_KEYWORD
    return Signature([Parameter(s, kind, default=d) for s, d in zip(names, defaults)])
