"""Watch a function run: what it asks of Values whose answer decides the way that it goes."""

from __future__ import annotations

import math
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

__all__ = ["Guard", "Watch", "innermost", "warn", "watches"]

EXACT = int, bool, Fraction, Decimal
UNEQUAL = type(None), str, bytes, tuple, list, dict, set  # to any number

WHOLE: dict[str, Callable[..., Any]] = {
    "int": int,
    "trunc": math.trunc,
    "floor": math.floor,
    "ceil": math.ceil,
    "round": round,
}


def _question(name: str, value: Callable[..., Any]) -> Primitive:
    """A question as an operation; its result is a number through which nothing flows."""
    rule = lambda out, *xs: (0.0,) * len(xs)  # noqa: E731
    more = ("", "", "", name, (), None, "")
    return Primitive(name, lambda *xs: float(value(*xs)), (rule,), name, True, True, *more)


QUESTIONS = {name: _question(name, getattr(operator, name)) for name in COMPARISONS}
QUESTIONS |= {name: _question(name, WHOLE[name]) for name in ("trunc", "floor", "ceil")}
QUESTIONS["round"] = _question("round", lambda x, *n: round(x, *map(int, n)))


def _ask(name: str, *operands: Any) -> Value:
    """The node of a question, which is a number like any other."""
    with recording():
        return Value._record(QUESTIONS[name], operands)


class Guard(NamedTuple):
    """A question that the function asked, and the answer with which it was recorded.

    Attributes:
        what: a comparison, "int" or its like; "float" where a number was read out.
        node: the Value that has to be `answer` wherever the function goes this way.
        answer: 1.0 or 0.0 of a comparison.
        place: the file and line that asked.
    """

    what: str
    node: Value
    answer: float
    place: str


class Watch:
    """Answers for the Values of this thread while it runs a function, and keeps the guards.

    A comparison is a guard once it is used as a bool. For `autograd.where` it is a number. What
    `.data` gives is compared and computed with like the Value. Where any other code reads it,
    as `math.sqrt` or `float` do, the way that it goes is the way for this very number.
    What a program could not repeat raises: to set `.data`, or to ask in another thread.

    Args:
        leaves: the function's inputs.
        before: the guards of a run that this one repeats at other numbers: it is answered as
            that was, so that it goes the same way. But numbers are read out as they are now.

    Attributes:
        guards: in the order in which they were asked.
    """

    def __init__(
        self, leaves: Sequence[Value], before: Sequence[Guard] = (), plain: bool = False
    ) -> None:
        self.guards: list[Guard] = []
        self.refused = ""  # why it can't be compiled
        self._leaves, self._before, self._plain = leaves, before, plain
        self._open: dict[int, _Condition] = {}  # comparisons whose answer nobody has used
        self._thread = 0  # the one that it answers in

    def run(self, f: Callable[[], Any]) -> Any:
        """Call f, watched and recorded.

        Raises:
            ValueError: f does what a program could not repeat.
            Whatever f raises.
        """
        here = get_ident()
        outer = watches.get(here, ())
        try:
            self._thread = here
            _push(self)
            with recording():
                result = f()
            for condition in [*self._open.values()]:  # but `is` may have looked at it
                bool(condition)
        finally:
            self._thread = 0  # what is left answers as floats do
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
        """Answer in this thread; see `autograd.core.value.observe`."""
        here = get_ident() == self._thread
        if what == "data":
            return _Reading(self, x) if here and not self._plain else x._data
        if what == "detach":
            if not here or self._plain:
                return Value(x._data)
            with recording():
                return Value._record(TABLE["detach"], (x,))
        if what == "set":
            self.refuse(f"sets the data of a Value in {_place()}, which a program would not do")
            raise ValueError(self.refused)
        if what in ("partials", "hash"):
            frame: Any = sys._getframe(2)
            if frame.f_code.co_name in ("partials", "__hash__"):  # pragma: no branch
                frame = frame.f_back  # interpreted
            asked = here and not _in_library(frame)
            if what == "partials":
                for each in x.inputs if asked and not self._plain else ():
                    self.guard("float", each, each._data)
                return None
            if asked and all(any(x is leaf for leaf in self._leaves) for x in _leaves([x])):
                return hash(x._data if self._plain else self.guard("float", x, x._data))
            return object.__hash__(x)  # but eager has a float
        here = here and not self._plain
        y = other._node if type(other) in (_Reading, _Condition) else other
        if here and hasattr(y, "shape") and not isinstance(y, np.generic):
            y = np.asarray(y)
            answers = [bool(self(what, x, each)) for each in y.ravel()]
            return np.array(answers, dtype=bool).reshape(y.shape)
        if here and type(y) not in (Value, float):
            return self._compare(what, x, y)
        answer = getattr(operator, what)(x._data, y._data if type(y) is Value else y)
        return _Condition(self, what, _ask(what, x, y), answer) if here else answer

    def _compare(self, what: str, x: Value, y: Any) -> Any:
        """Compare with what is neither a Value nor a float: if no float is equal to it, the way
        that it goes is the way for this very number."""
        compare = getattr(operator, what)
        exact = type(y) in EXACT or isinstance(y, np.float64 | np.integer | np.bool_)
        if exact and (y != y or (abs(y) < 1e300 and float(y) == y)):
            return _Condition(self, what, _ask(what, x, float(y)), compare(x._data, y))
        if what not in ("eq", "ne") or type(y) not in UNEQUAL:
            self.guard("float", x, x._data)
        return compare(x._data, y)

    def refuse(self, why: str) -> None:
        """Note why the function can't be compiled."""
        self.refused = self.refused or f"compile: the function {why}"

    def made(self, xs: Sequence[Value]) -> bool:
        """Whether one of these was computed of the function's inputs."""
        return any(any(x is leaf for leaf in self._leaves) for x in _leaves(xs))

    def guard(self, what: str, node: Value, answer: Any) -> Any:
        """Note what was answered, and give it; or what the earlier run was answered."""
        if not self._thread:
            return answer
        place, earlier = "", answer
        if len(self.guards) < len(self._before):
            earlier = self._before[len(self.guards)].answer
            answer = answer if what == "float" else earlier
        else:
            place = _place()
        self.guards.append(Guard(what, node, float(answer), place))
        if what == "float" and earlier == 0.0:
            with recording():  # 0.0 and -0.0 are equal, but not to `math.copysign`
                bool(self("lt", TABLE["atan2"](node, -1.0), 0.0))
        return answer


# ---------------------------------------------------------------- a watch for each thread

IDLE = Watch([])  # answers as floats do
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
    mine = watches.get(get_ident())
    watches.clear()
    observe(None if mine is None else _observer)
    if mine is not None:
        watches[get_ident()] = mine


if hasattr(os, "register_at_fork"):  # pragma: no branch
    os.register_at_fork(after_in_child=_in_child)


def innermost() -> Watch | None:
    """The watch of this thread."""
    mine = watches.get(get_ident())
    return mine[-1] if mine else None


def _observer(what: str, x: Value, other: Any) -> Any:
    """The observer of all threads, while there is a watch."""
    mine = watches.get(get_ident())
    if mine is not None:
        return mine[-1](what, x, other)
    if what == "set":
        return None
    if what not in ("partials", "hash"):
        _ask_elsewhere(what, [y for y in (x, other) if type(y) is Value])
    return IDLE(what, x, other)


def _ask_elsewhere(what: str, xs: Sequence[Value]) -> None:
    """Refuse the recording that these Values are computed in, which is another thread's."""
    for mine in [*watches.values()]:
        for watch in mine:
            if not watch.refused and watch.made(xs):
                watch.refuse(
                    f"asks for {what!r} of a Value in another thread, in {_place()}: compute "
                    "there, but compare and read numbers out in the thread that calls it"
                )


def _caller() -> tuple[Any, int]:
    """The innermost frame outside this library, and how far it is from the caller of this."""
    frame: Any = sys._getframe(1)
    level = 0
    while frame.f_back and _in_library(frame):
        frame, level = frame.f_back, level + 1
    return frame, level


def _place() -> str:
    """The file and line of the innermost caller outside this library."""
    frame, _ = _caller()
    return f"{frame.f_code.co_filename}:{frame.f_lineno}"


def _in_library(frame: Any) -> bool:
    return is_library(frame.f_code.co_filename)


def warn(message: str) -> None:
    """Warn of what the innermost caller outside this library does."""
    warnings.warn(message, RuntimeWarning, stacklevel=_caller()[1] + 1)


def _leaves(xs: Sequence[Value]) -> Iterator[Value]:
    """The leaves that these are computed of."""
    known = {id(x): x for x in xs}
    nodes = [*known.values()]
    for node in nodes:  # which grows as it is walked
        if node.op is None:
            yield node
        more = {id(each): each for each in node.inputs if id(each) not in known}
        known |= more
        nodes += more.values()


# ---------------------------------------------------------------- what answers in their place


class _Condition:
    """The result of a comparison, which answers as the bool does."""

    __slots__ = ("_answer", "_node", "_watch", "_what")
    __index__: Any

    def __init__(self, watch: Watch, what: str, node: Value, answer: bool) -> None:
        self._watch, self._what, self._node, self._answer = watch, what, node, answer
        watch._open[id(self)] = self

    __class__ = property(lambda self: bool)  # for isinstance  # pyright: ignore

    def __bool__(self) -> bool:
        self._watch._open.pop(id(self), None)
        return bool(self._watch.guard(self._what, self._node, self._answer))

    def _as_value(self) -> Value:
        self._watch._open.pop(id(self), None)
        return self._node


class _Reading:
    """The `.data` of a Value, or what was computed of such numbers alone."""

    __slots__ = ("_node", "_watch")

    def __init__(self, watch: Watch, node: Value) -> None:
        self._watch, self._node = watch, node

    __class__ = property(lambda self: float)  # for isinstance  # pyright: ignore

    def __float__(self) -> float:
        return float(self._watch.guard("float", self._node, self._node._data))

    def __bool__(self) -> bool:
        return bool(self._watch("ne", self._node, 0.0))

    def __hash__(self) -> int:
        return hash(float(self))

    def __getattr__(self, name: str) -> Any:
        return getattr(float(self), name)

    def __reduce_ex__(self, protocol: Any) -> Any:
        return float, (float(self),)

    def __array__(self, *options: Any, **more: Any) -> Any:
        return np.array(float(self))

    def __array_ufunc__(self, ufunc: Any, method: str, *xs: Any, **options: Any) -> Any:
        floats = [float(x) if type(x) is _Reading else x for x in xs]
        return getattr(ufunc, method)(*floats, **options)


def _on_bool(name: str, reflected: bool = False) -> Callable[..., Any]:
    operation = getattr(operator, name)

    def method(self: _Condition, other: Any) -> Any:
        pair = bool(self), bool(other) if type(other) is _Condition else other
        return operation(*(pair[::-1] if reflected else pair))

    return method


def _compared(what: str) -> Callable[..., Any]:
    return lambda self, other: self._watch(what, self._node, other)


def _whole(what: str) -> Callable[..., Any]:
    def method(self: _Reading, *digits: Any) -> Any:
        digits = tuple([each for each in digits if each is not None])
        answer = WHOLE[what](self._node._data, *digits)
        node = _ask("trunc" if what == "int" else what, self._node, *digits)
        answer = self._watch.guard(what, node, answer)
        return answer if digits else int(answer)

    return method


def _computed(name: str) -> Callable[..., Any]:
    def method(self: _Reading, *others: Any) -> Any:
        if others and type(others[0]) is Value:
            return NotImplemented
        nodes = [x._node if type(x) is _Reading else x for x in others]
        with recording():
            result = getattr(self._node, name)(*nodes)
        if type(result) is tuple:
            return tuple([_Reading(self._watch, each) for each in result])
        return _Reading(self._watch, result) if type(result) is Value else result

    return method


for _name in ("add", "sub", "mul", "truediv", "and_", "or_", "xor", *COMPARISONS):
    setattr(_Condition, f"__{_name.strip('_')}__", _on_bool(_name))
for _name in ("add", "sub", "mul", "truediv", "and_", "or_", "xor"):
    setattr(_Condition, f"__r{_name.strip('_')}__", _on_bool(_name, reflected=True))
for _type in (int, float, repr, hash):
    setattr(_Condition, f"__{_type.__name__}__", lambda self, of=_type: of(bool(self)))
_Condition.__index__ = lambda self: int(bool(self))
for _name in COMPARISONS:
    setattr(_Reading, f"__{_name}__", _compared(_name))
for _name in WHOLE:
    setattr(_Reading, f"__{_name}__", _whole(_name))
for _name in ("repr", "str", "format"):
    setattr(
        _Reading,
        f"__{_name}__",
        lambda self, *a, of=f"__{_name}__": getattr(float(self), of)(*a),
    )
for _name in ("add", "sub", "mul", "truediv", "floordiv", "mod", "divmod", "pow"):
    setattr(_Reading, f"__{_name}__", _computed(f"__{_name}__"))
    setattr(_Reading, f"__r{_name}__", _computed(f"__r{_name}__"))
for _name in ("neg", "abs", "pos"):
    setattr(_Reading, f"__{_name}__", _computed(f"__{_name}__"))
