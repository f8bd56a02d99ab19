"""Watch a function run: what it asks of Values whose answer decides the way that it goes."""

from __future__ import annotations

import math
import operator
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

from autograd.core.no_grad import recording
from autograd.core.operand import real
from autograd.core.primitive import TABLE, Primitive
from autograd.core.value import Value, observe
from autograd.program.arrays import np
from autograd.program.expressions import COMPARISONS

__all__ = ["Guard", "Watch", "unwatched"]

WHOLE: dict[str, Callable[..., Any]] = {
    "int": int,
    "trunc": math.trunc,
    "floor": math.floor,
    "ceil": math.ceil,
    "round": round,
}


def _question(name: str, value: Callable[..., Any]) -> Primitive:
    """What is asked, as an operation; its result is a number through which nothing flows."""
    rule = lambda out, *xs: (0.0,) * len(xs)  # noqa: E731
    more = ("", "", "", name, ())
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
        what: a comparison, "int" or its like; "float" or "hash" where a number was read out.
        node: the Value that has to be `answer` wherever the function goes this way.
        answer: 1.0 or 0.0 of a comparison.
        place: the file and line that asked.
    """

    what: str
    node: Value
    answer: float
    place: str


class Watch:
    """Answers for the Values of this thread while it is entered, and keeps the guards.

    A comparison is a guard once it is used as a bool. For `autograd.where` it is a number. What
    `.data` gives is compared and computed with like the Value. Where any other code reads it,
    as `math.sqrt` or `float` do, the way that it goes is the way for this very number.

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
        self._leaves, self._before, self._plain = leaves, before, plain
        self._open: dict[int, _Condition] = {}  # comparisons whose answer nobody has used

    def __enter__(self) -> Watch:
        _lock.acquire()
        self._thread = threading.get_ident()
        _watching.append(self)
        observe(self)
        return self

    def __exit__(self, *error: object) -> None:
        for condition in [*self._open.values()]:  # but `is` may have looked at it
            bool(condition)
        self._thread = 0  # what is left of the run answers as floats do
        _watching.pop()
        observe(_watching[-1] if _watching else None)
        _lock.release()

    def __call__(self, what: str, x: Value, other: Any) -> Any:
        """The observer; see `autograd.core.value.observe`."""
        here = threading.get_ident() == self._thread
        if what == "data":
            return _Reading(self, x) if here and not self._plain else x._data
        if what in ("partials", "hash"):
            method = sys._getframe(1).f_code.co_name in ("partials", "__hash__")  # interpreted
            asked = here and not _in_library(sys._getframe(1 + method))
            if what == "partials":
                for each in x.inputs if asked and not self._plain else ():
                    self.guard("float", each, each._data)
                return None
            if asked and self._stands_for_a_number(x):
                return hash(x._data if self._plain else self.guard("hash", x, x._data))
            return object.__hash__(x)
        here = here and not self._plain
        y = other._node if type(other) in (_Reading, _Condition) else other
        if here and hasattr(y, "shape"):
            answers = np.frompyfunc(lambda each: bool(self(what, x, each)), 1, 1)(y)
            return np.array(answers, dtype=bool)
        answer = getattr(operator, what)(x._data, y._data if type(y) is Value else y)
        if here and (type(y) is Value or real(y) is not None):
            return _Condition(self, what, _ask(what, x, y), answer)
        return answer

    def _stands_for_a_number(self, x: Value) -> bool:
        """Whether x was computed of the function's inputs alone, so that eager has a float."""
        found = {id(x): x}
        nodes = [x]
        for node in nodes:  # which grows as it is walked
            if node.op is None and not any(node is leaf for leaf in self._leaves):
                return False
            more = {id(each): each for each in node.inputs if id(each) not in found}
            found |= more
            nodes += more.values()
        return True

    def guard(self, what: str, node: Value, answer: Any) -> Any:
        """Note what was answered, and give it; or what the earlier run was answered."""
        if not self._thread:
            return answer
        k, place, recorded = len(self.guards), "", answer
        if k >= len(self._before):
            place = _place()
        else:
            recorded = self._before[k].answer
            answer = answer if what == "float" else recorded
            if what == "hash":
                self._hold(node, answer)
            elif what in ("eq", "ne") and answer == (what == "eq"):
                self._hold(*node.operands)
        self.guards.append(Guard(what, node, float(answer), place))
        if what in ("float", "hash") and recorded == 0.0:
            with recording():  # 0.0 and -0.0 are equal, but not to `math.copysign`
                bool(self("lt", TABLE["atan2"](node, -1.0), 0.0))
        return answer

    def _hold(self, x: Value, number: Any) -> None:
        """Where x is equal to a number, that is what x is, and what is read out of it."""
        moved = type(number) is not Value and x._data != number
        if moved and (x.op is not None or any(x is leaf for leaf in self._leaves)):
            x._data = number  # pyright: ignore


_lock = threading.RLock()  # one function is recorded at a time
_watching: list[Watch | None] = []


@contextmanager
def unwatched() -> Iterator[None]:
    """While the block runs, Values of this thread answer as floats do."""
    watch = _watching[-1] if _watching else None
    if watch is None or watch._thread != threading.get_ident():
        yield
        return
    _watching.append(None)
    observe(None)
    try:
        yield
    finally:
        _watching.pop()
        observe(watch)


def _place() -> str:
    """The file and line of the innermost caller outside this library."""
    frame: Any = sys._getframe(1)
    while frame.f_back and _in_library(frame):
        frame = frame.f_back
    return f"{frame.f_code.co_filename}:{frame.f_lineno}"


def _in_library(frame: Any) -> bool:
    return frame.f_globals.get("__name__", "").partition(".")[0] in LIBRARY


LIBRARY = {"autograd", "nn", "numpy", *sys.stdlib_module_names}


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

    def _number(self, what: str) -> float:
        return float(self._watch.guard(what, self._node, self._node._data))

    def __float__(self) -> float:
        return self._number("float")

    def __bool__(self) -> bool:
        return bool(self._watch("ne", self._node, 0.0))

    def __hash__(self) -> int:
        return hash(self._number("hash"))

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
