"""Watch a function run: what it asks of Values whose answer decides the way that it goes."""

from __future__ import annotations

import math
import operator
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from autograd.core.operand import real
from autograd.core.value import Value, observe
from autograd.program.arrays import np

__all__ = ["Guard", "Watch"]

COMPARISONS = ("lt", "le", "gt", "ge", "eq", "ne")
WHOLE: dict[str, Callable[..., Any]] = {
    "int": int,
    "trunc": math.trunc,
    "floor": math.floor,
    "ceil": math.ceil,
    "round": round,
}


@dataclass(frozen=True)
class Guard:
    """A question that the function asked, and the answer with which it was recorded.

    Attributes:
        op: such as "lt" or "floor".
        operands: Values and numbers.
        answer: 1.0 or 0.0, or the number that `int` and its like gave.
        place: the file and line that asked.
    """

    op: str
    operands: tuple[Any, ...]
    answer: float
    place: str


class Watch:
    """Answers for the Values of this thread while it is entered, and keeps the guards.

    A comparison is a guard once it is used as a bool. For `autograd.where` it is a number.

    Attributes:
        guards: in the order in which they were asked.
        conditions: by the id of the leaf that stands for one, the comparisons that were handed
            to `where`: leaf, operation and operands.
        reads: where `.data` was read.
    """

    def __init__(self) -> None:
        self.guards: list[Guard] = []
        self.conditions: dict[int, tuple[Value, str, tuple[Any, ...]]] = {}
        self.reads: list[str] = []

    def __enter__(self) -> Watch:
        _lock.acquire()
        self.thread = threading.get_ident()
        _watching.append(self)
        observe(self)
        return self

    def __exit__(self, *error: object) -> None:
        self.thread = 0  # what is left of the run answers as floats do
        _watching.pop()
        observe(_watching[-1] if _watching else None)
        _lock.release()

    def __call__(self, what: str, x: Value, other: Any) -> Any:
        """The observer; see `autograd.core.value.observe`."""
        if threading.get_ident() != self.thread:
            return _plain(what, x._data, other)
        other = other._value if type(other) is _Reading else other
        if what == "data":
            self.reads.append(_place())
            return _Reading(self, x)
        answer = _plain(what, x._data, other)
        if what == "bool":
            self.guard("ne", (x, 0.0), answer)
        elif what in WHOLE:
            digits = () if other is None else (other,)
            self.guard("trunc" if what == "int" else what, (x, *digits), answer)
        elif type(other) is Value or real(other) is not None:
            return _Condition(self, what, (x, other), answer)
        elif hasattr(other, "shape"):
            answers = np.frompyfunc(lambda y: bool(self(what, x, y)), 1, 1)(other)
            return np.array(answers, dtype=bool)
        return answer

    def guard(self, op: str, operands: tuple[Any, ...], answer: float) -> None:
        """Note what was answered."""
        numbers = tuple([x if type(x) is Value else float(x) for x in operands])
        self.guards.append(Guard(op, numbers, float(answer), _place()))


_lock = threading.RLock()  # one function is recorded at a time
_watching: list[Watch] = []


def _plain(what: str, x: float, other: Any) -> Any:
    """What a Value answers if nobody watches."""
    if what == "data":
        return x
    if what == "bool":
        return x != 0.0
    if what in WHOLE:
        return WHOLE[what](x) if other is None else WHOLE[what](x, other)
    return getattr(operator, what)(x, other._data if type(other) is Value else other)


def _place() -> str:
    """The file and line of the innermost caller outside this library."""
    frame: Any = sys._getframe(1)
    while frame.f_back and frame.f_globals.get("__name__", "").split(".")[0] in LIBRARY:
        frame = frame.f_back
    return f"{frame.f_code.co_filename}:{frame.f_lineno}"


LIBRARY = ("autograd", "nn", "numpy")


class _Condition:
    """The result of a comparison, which answers as the bool does."""

    __index__: Any

    def __init__(self, watch: Watch, op: str, operands: tuple[Any, ...], answer: bool) -> None:
        self._watch, self._op, self._operands, self._answer = watch, op, operands, answer

    def __bool__(self) -> bool:
        self._watch.guard(self._op, self._operands, self._answer)
        return self._answer

    def _as_value(self) -> Value:
        leaf = Value(float(self._answer))
        self._watch.conditions[id(leaf)] = (leaf, self._op, self._operands)
        return leaf


class _Reading(float):
    """The `.data` of a Value, and what floats computed of it: comparing it is a guard too."""

    _watch: Watch
    _value: Value
    __hash__ = float.__hash__

    def __new__(cls, watch: Watch, x: Value) -> _Reading:
        reading = super().__new__(cls, x._data)
        reading._watch, reading._value = watch, x
        return reading


def _on_bool(name: str, reflected: bool = False) -> Callable[..., Any]:
    operation = getattr(operator, name)

    def method(self: _Condition, other: Any) -> Any:
        pair = bool(self), _unwrapped(other)
        return operation(*(pair[::-1] if reflected else pair))

    return method


def _unwrapped(x: Any) -> Any:
    return bool(x) if type(x) is _Condition else x


def _asked(what: str) -> Callable[..., Any]:
    def method(self: _Reading, other: Any = None) -> Any:
        return self._watch(what, self._value, _unwrapped(other))

    return method


def _computed(name: str) -> Callable[..., Any]:
    def method(self: _Reading, *others: Any) -> Any:
        values = [other._value if type(other) is _Reading else other for other in others]
        result = getattr(self._value, name)(*values)
        return _Reading(self._watch, result) if type(result) is Value else NotImplemented

    return method


for _name in ("add", "sub", "mul", "truediv", "and_", "or_", "xor", *COMPARISONS):
    setattr(_Condition, f"__{_name.strip('_')}__", _on_bool(_name))
for _name in ("add", "sub", "mul", "truediv", "and_", "or_", "xor"):
    setattr(_Condition, f"__r{_name.strip('_')}__", _on_bool(_name, reflected=True))
for _type in (int, float, repr, hash):
    setattr(_Condition, f"__{_type.__name__}__", lambda self, of=_type: of(bool(self)))
_Condition.__index__ = lambda self: int(bool(self))
for _name in ("bool", *WHOLE, *COMPARISONS):
    setattr(_Reading, f"__{_name}__", _asked(_name))
for _name in ("add", "sub", "mul", "truediv", "pow"):
    setattr(_Reading, f"__{_name}__", _computed(f"__{_name}__"))
    setattr(_Reading, f"__r{_name}__", _computed(f"__r{_name}__"))
for _name in ("neg", "abs"):
    setattr(_Reading, f"__{_name}__", _computed(f"__{_name}__"))
