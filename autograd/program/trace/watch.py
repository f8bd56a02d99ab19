"""Watch a function run: its comparisons become guards, and numbers that it reads out are noted.

`record` runs a function under a `Watch`. A comparison of Values answers as a float's does, and
is kept as a node, which has to give the same wherever the program is used. A number that the
function reads out would be a constant of the program: then the watch notes why the function
can't be recorded.
"""

from __future__ import annotations

import operator
import os
import sys
import threading
import warnings
from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from fractions import Fraction
from threading import get_ident
from typing import Any, NamedTuple

from autograd.core.blocks import recording
from autograd.core.primitive import TABLE, Primitive
from autograd.core.value import Value, observe
from autograd.program.ir.arrays import np
from autograd.program.trace.captured import is_library
from autograd.rules.expression import COMPARISONS

__all__ = ["COMPARE", "Guard", "Watch", "innermost", "warn", "watches"]

NUMBERS = int, bool, Fraction, Decimal  # which Python compares with floats exactly
UNEQUAL = type(None), str, bytes, tuple, list, dict, set  # to any number

DETACH = "write x.detach() for a number that no derivative flows through"


# How numbers get out of Values, and what to write instead.
class Read(NamedTuple):
    """A way in which a number gets out of a Value, and what to write instead."""

    deed: str
    advice: str


READS = {
    "data": Read(
        "reads a number out of a Value",
        f"{DETACH}, x // 1.0 for a whole number, or autograd.take(xs, i) for xs[int(i)]",
    ),
    "grad": Read("reads the grad of a Value", "differentiate the compiled function"),
    "backward": Read(
        "calls backward()", "differentiate the compiled function, by its grad or hvp"
    ),
    "gradient": Read("calls gradient() for numbers", "call it with create_graph=True"),
    "partials": Read("reads the partials of a Value", DETACH),
    "copy": Read("copies a Value", DETACH),
    "no_grad": Read("computes in no_grad()", DETACH),
    "hash": Read("hashes a Value, as a set or a dict does", DETACH),
    "compare": Read("compares a Value with what is no float", "compare it with a float"),
}


def _comparison(name: str) -> Primitive:
    """Make a comparison an operation: its result is 1 or 0, and nothing flows through it."""
    compare = getattr(operator, name)
    rule = lambda out, *xs: (0.0,) * len(xs)  # noqa: E731
    facts = ("", "", "", name, (), None, "")
    return Primitive(name, lambda x, y: float(compare(x, y)), (rule,), name, True, True, *facts)


COMPARE = {name: _comparison(name) for name in COMPARISONS}


class Guard(NamedTuple):
    """A comparison that the function made, and the answer with which it was recorded.

    Attributes:
        op: the comparison, such as "lt".
        node: the Value that has to be `answer` wherever the function goes this way.
        answer: 1.0 or 0.0.
        place: the file and line that compared.
    """

    op: str
    node: Value
    answer: float
    place: str


class Watch:
    """Answers for the Values of this thread while it runs a function.

    Args:
        leaves: the function's inputs.
        plain: answer as floats do, and note nothing.

    Attributes:
        guards: in the order in which the function compared.
        unrecordable: why the function can't be recorded; "" if it can.
        refused: why its call is an error; "" if it is none.
    """

    def __init__(self, leaves: Sequence[Value], plain: bool = False) -> None:
        self.guards: list[Guard] = []
        self.unrecordable = self.refused = ""
        self._leaves, self._plain = leaves, plain
        self._unused: dict[int, _Condition] = {}  # comparisons that nothing has asked yet

    def run(self, f: Callable[[], Any]) -> Any:
        """Call f, watched and recorded.

        Raises:
            ValueError: f does what a program could not repeat.
            Whatever f raises.
        """
        here = get_ident()
        outer = watches.get(here, ())
        try:
            _push(self)
            with recording():
                result = f()
            for condition in [*self._unused.values()]:  # but `is` may have looked at it
                bool(condition)
        finally:
            self._plain = True  # for conditions that are asked later
            with _switch:  # not a call of Python, before which an interrupt might come
                if outer:
                    watches[here] = outer
                else:
                    watches.pop(here, None)
                if not watches:
                    observe(None)
        if self.refused:
            raise ValueError(self.refused)
        return result

    def __call__(self, what: str, x: Value, other: Any) -> Any:
        """Answer in place of a Value; see `autograd.core.value.observe`."""
        if what in COMPARE:
            return self.compare(what, x, other)
        if what == "detach":
            return Value(x._data) if self._plain else _detached(x)
        if what == "primal":
            return x._data if self._plain else _detached(x)
        if what == "set":
            self.refuse(f"sets the data of a Value in {_place()}, which a program would not do")
            raise ValueError(self.refused)
        if what == "hash":
            if not _is_asked_by_library() and self.has_computed([x], all):
                self.note("hash")
            return object.__hash__(x)
        if what != "partials" or not _is_asked_by_library():
            self.note(what)
        return x._data if what == "data" else None

    def compare(self, name: str, x: Value, other: Any) -> Any:
        """Compare a Value: a condition that is a guard once it is used as a bool.

        With an array, each of its elements is compared. With a number that is no float, the
        function can't be recorded; what is no number is unequal to each.
        """
        compare = getattr(operator, name)
        if self._plain:
            return compare(x._data, other._data if type(other) is Value else other)
        y = other._node if type(other) is _Condition else other
        if hasattr(y, "shape") and not isinstance(y, np.generic):
            array = np.asarray(y)
            answers = [bool(self.compare(name, x, each)) for each in array.ravel()]
            return np.array(answers, dtype=bool).reshape(array.shape)
        if type(y) not in (Value, float):
            y = _exact_float(y)
            if y is None:
                if name not in ("eq", "ne") or type(other) not in UNEQUAL:
                    self.note("compare")
                return compare(x._data, other)
        answer = compare(x._data, y._data if type(y) is Value else y)
        with recording():
            return _Condition(self, name, Value._record(COMPARE[name], (x, y)), answer)

    def guard(self, op: str, node: Value, answer: bool) -> bool:
        """Keep a comparison, and give its answer."""
        if not self._plain:
            self.guards.append(Guard(op, node, float(answer), _place()))
        return answer

    def note(self, way: str) -> None:
        """Note that a number gets out of a Value in one of the ways of READS."""
        if not self._plain and not self.unrecordable:
            read = READS[way]
            self.unrecordable = f"{read.deed} in {_place()}: {read.advice}"

    def refuse(self, why: str) -> None:
        """Note why the call of the function is an error."""
        self.refused = self.refused or f"compile: the function {why}"

    def has_computed(
        self, xs: Sequence[Value], quantifier: Callable[[Iterator[bool]], bool] = any
    ) -> bool:
        """Whether any, or all, of the leaves below some Values are the function's inputs."""
        inputs = {id(leaf) for leaf in self._leaves}
        return quantifier(id(x) in inputs for x in _leaves_below(xs))


def _detached(x: Value) -> Value:
    with recording():
        return Value._record(TABLE["detach"], (x,))


def _exact_float(y: Any) -> float | None:
    """Return the float that a number of another type is equal to; None if there is none."""
    if type(y) not in NUMBERS and not isinstance(y, np.float64 | np.integer | np.bool_):
        return None
    try:
        number = float(y)
    except OverflowError:  # a whole number beyond all floats
        return None
    is_nan = number != number
    return number if is_nan or number == y else None


# ---------------------------------------------------------------- a watch for each thread

FLOATS = Watch([], plain=True)  # answers as floats do
_switch = threading.RLock()  # held while nothing else runs, but perhaps a finalizer
watches: dict[int, tuple[Watch, ...]] = {}  # of each thread, innermost last


def _push(watch: Watch) -> None:
    here = get_ident()
    with _switch:
        watches[here] = (*watches.get(here, ()), watch)
        observe(_observer)


def _in_child() -> None:  # pragma: no cover  (it ends without a report)
    """Forget the threads that a child process does not have."""
    global _switch
    _switch = threading.RLock()
    watches_here = watches.get(get_ident())
    watches.clear()
    observe(None if watches_here is None else _observer)
    if watches_here is not None:
        watches[get_ident()] = watches_here


if hasattr(os, "register_at_fork"):  # pragma: no branch
    os.register_at_fork(after_in_child=_in_child)


def innermost() -> Watch | None:
    """The watch of this thread."""
    watches_here = watches.get(get_ident())
    return watches_here[-1] if watches_here else None


def _observer(what: str, x: Any, other: Any) -> Any:
    """The observer of all threads, while there is a watch."""
    watches_here = watches.get(get_ident())
    if watches_here is not None:
        return watches_here[-1](what, x, other)
    if what == "set":
        return None
    if what not in ("partials", "hash", "no_grad"):
        _refuse_in_other_threads(what, [y for y in (x, other) if type(y) is Value])
    return FLOATS(what, x, other)


def _refuse_in_other_threads(what: str, xs: Sequence[Value]) -> None:
    """Refuse the recording that these Values are computed in, which is another thread's."""
    for watches_there in [*watches.values()]:
        for watch in watches_there:
            if not watch.refused and watch.has_computed(xs):
                watch.refuse(
                    f"asks for {what!r} of a Value in another thread, in {_place()}: compute "
                    "there, but compare and read numbers out in the thread that calls it"
                )


def _leaves_below(xs: Sequence[Value]) -> Iterator[Value]:
    """Yield the leaves that these are computed of."""
    known = {id(x): x for x in xs}
    nodes = [*known.values()]
    for node in nodes:  # which grows as it is walked
        if node.op is None:
            yield node
        inputs = {id(x): x for x in node.inputs if id(x) not in known}
        known |= inputs
        nodes += inputs.values()


# ---------------------------------------------------------------- the code that asks


def _caller() -> tuple[Any, int]:
    """The innermost frame outside this library, and how far it is from the caller of this."""
    frame: Any = sys._getframe(1)
    level = 0
    while frame.f_back and is_library(frame.f_code.co_filename):
        frame, level = frame.f_back, level + 1
    return frame, level


def _place() -> str:
    """The file and line of the innermost caller outside this library."""
    frame, _ = _caller()
    return f"{frame.f_code.co_filename}:{frame.f_lineno}"


def _is_asked_by_library() -> bool:
    """Whether code of a library asks the observer that calls the caller of this."""
    frame: Any = sys._getframe(3)
    if frame.f_code.co_name in ("partials", "__hash__"):  # pragma: no branch
        frame = frame.f_back  # interpreted
    return is_library(frame.f_code.co_filename)


def warn(message: str) -> None:
    """Warn of what the innermost caller outside this library does."""
    warnings.warn(message, RuntimeWarning, stacklevel=_caller()[1] + 1)


# ---------------------------------------------------------------- conditions


class _Condition:
    """The result of a comparison, which answers as the bool does."""

    __slots__ = ("_answer", "_name", "_node", "_watch")
    __index__: Any

    def __init__(self, watch: Watch, name: str, node: Value, answer: bool) -> None:
        self._watch, self._name, self._node, self._answer = watch, name, node, answer
        watch._unused[id(self)] = self

    __class__ = property(lambda self: bool)  # for isinstance  # pyright: ignore

    def __bool__(self) -> bool:
        self._watch._unused.pop(id(self), None)
        return self._watch.guard(self._name, self._node, self._answer)

    def _as_value(self) -> Value:
        """The 1 or 0 for `autograd.where`, which is no guard."""
        self._watch._unused.pop(id(self), None)
        return self._node


def _as_bool(x: Any) -> Any:
    return bool(x) if type(x) is _Condition else x


def _on_bools(name: str) -> Callable[..., Any]:
    operation = getattr(operator, name)
    return lambda self, other: operation(bool(self), _as_bool(other))


def _on_bools_reflected(name: str) -> Callable[..., Any]:
    operation = getattr(operator, name)
    return lambda self, other: operation(_as_bool(other), bool(self))


for _name in ("add", "sub", "mul", "truediv", "and_", "or_", "xor"):
    setattr(_Condition, f"__{_name.strip('_')}__", _on_bools(_name))
    setattr(_Condition, f"__r{_name.strip('_')}__", _on_bools_reflected(_name))
for _name in COMPARISONS:
    setattr(_Condition, f"__{_name}__", _on_bools(_name))
for _type in (int, float, repr, hash):
    setattr(_Condition, f"__{_type.__name__}__", lambda self, of=_type: of(bool(self)))
_Condition.__index__ = lambda self: int(bool(self))
