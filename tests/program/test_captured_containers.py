"""A compiled function follows what its code names, whatever holds it."""

from collections import OrderedDict, defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Any

import pytest

from autograd.program import compile


class Slots:
    __slots__ = ("scale",)

    def __init__(self, scale: float) -> None:
        self.scale = scale

    @compile
    def scaled(self, x: Any) -> Any:
        return self.scale * x


@dataclass(slots=True)
class SlottedData:
    scale: float


class Derived(Slots):
    __slots__ = ("more",)


class OwnList(list[Any]):
    pass


class OwnDict(dict[Any, Any]):
    pass


class Key(Enum):
    SCALE = "scale"


def with_attribute(holder: Any) -> tuple[Any, Callable[[Any], Any], Callable[[float], None]]:
    return holder, lambda x: holder.scale * x, lambda new: setattr(holder, "scale", new)


def with_entry(
    holder: Any, key: Any
) -> tuple[Any, Callable[[Any], Any], Callable[[float], None]]:
    def change(new: float) -> None:
        holder[key] = new

    return holder, lambda x: holder[key] * x, change


HOLDERS = {
    "slots": lambda: with_attribute(Slots(2.0)),
    "slots of a base": lambda: with_attribute(Derived(2.0)),
    "a dataclass with slots": lambda: with_attribute(SlottedData(2.0)),
    "OrderedDict": lambda: with_entry(OrderedDict(scale=2.0), "scale"),
    "defaultdict": lambda: with_entry(defaultdict(float, scale=2.0), "scale"),
    "deque": lambda: with_entry(deque([1.0, 2.0]), 1),
    "a subclass of list": lambda: with_entry(OwnList([1.0, 2.0]), 1),
    "a subclass of dict": lambda: with_entry(OwnDict(scale=2.0), "scale"),
    "a dict with tuples as keys": lambda: with_entry({("scale", 0): 2.0}, ("scale", 0)),
    "a dict with Enums as keys": lambda: with_entry({Key.SCALE: 2.0}, Key.SCALE),
}


@pytest.mark.parametrize("kind", HOLDERS)
def test_a_number_that_changes_is_followed(kind: str) -> None:
    _, f, change = HOLDERS[kind]()
    fast = compile(f, verify=False)
    for scale in (2.0, 3.0, 3.0, -1.0):
        change(scale)
        assert [fast(x) for x in (1.0, 2.0)] == [f(1.0), f(2.0)]
    assert len(fast.recordings) == 3


@pytest.mark.parametrize("make", [OwnList, deque, list])
def test_entries_that_come_and_go_are_followed(make: Callable[..., Any]) -> None:
    weights = make([1.0, 2.0])
    fast = compile(lambda x: sum([w * x for w in weights]), verify=False)
    assert fast(1.0) == 3.0
    weights.append(4.0)
    assert fast(1.0) == 7.0
    weights.pop()
    assert fast(1.0) == 3.0


def test_a_method_of_a_class_with_slots_compiles() -> None:
    one, other = Slots(2.0), Slots(3.0)
    assert [one.scaled(2.0), other.scaled(2.0), one.scaled(3.0)] == [4.0, 6.0, 6.0]
    one.scale = 5.0
    assert [one.scaled(2.0), other.scaled(2.0)] == [10.0, 6.0]
    assert len(one.scaled.recordings) == 2
