"""Snapshots: what a run has changed is named and put back; what is the same is no change."""

import collections
import contextvars
import functools
import random
import sys
import types
import weakref
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import nn.training.side_effects
from autograd import Value
from nn.training.side_effects import Snapshot

NEVER_SET: Any = contextvars.ContextVar("NEVER_SET")
STREAM = sys.stderr
HOLDER = types.SimpleNamespace(lines=iter("ab"), deep=types.SimpleNamespace(n=0))
NEW: int
MODULE: Any = types.ModuleType("one_of_ours")


def makes_a_global() -> None:
    global NEW
    NEW = 1


def reads() -> Any:
    return STREAM, HOLDER, MODULE.n, NEVER_SET


class Tools:
    total = 0

    @staticmethod
    def add(held: list[int] = []) -> None:  # noqa: B006
        held.append(1)

    @classmethod
    def count(cls) -> None:
        cls.total += 1

    def late(self) -> Callable[[], int]:
        def inner() -> int:
            return n

        n = 1
        return inner


def unset() -> tuple[Callable[[], int], Callable[[], None]]:
    """Two functions of a variable that has no value yet."""

    def read() -> int:
        return n

    def write() -> None:
        nonlocal n  # type: ignore[misc]
        n = 1

    n: int
    return read, write


class Numbers(list[int]):
    """A list with an attribute and an iterator of its own."""

    note = "kept"

    def __iter__(self) -> Any:
        raise AssertionError("it must not be run")


class Kind(type):
    made = 0


class Owner(metaclass=Kind):
    """Of a class whose class counts; it is found by a child that does not own it."""

    n = 0


class Fixed(functools.partial[Any]):
    """An attribute that can't be set, as some have that are written in C."""

    func = functools.partial.func


Fixed.__module__ = 5  # type: ignore[assignment]
bits = np.random.PCG64(3)
owner = Owner()
fixed = Fixed(list)
numbers = Numbers([1, 2])
tools = Tools()
empty = unset()
value = Value(2.0)
table: Any = {(1, 2): [value], "w": np.array([1.0, 2.0])}
CHANGES: dict[str, tuple[Any, Callable[[], Any], str]] = {
    "bits": (bits, bits.random_raw, "x"),
    "subclass": (numbers, lambda: list.append(numbers, 3), "x"),
    "element": (numbers, lambda: list.__setitem__(numbers, 1, 3), r"x\[1\]"),
    "default of a static method": (tools, tools.add, r"the defaults of Tools.add\[0\]"),
    "class": (tools, tools.count, "Tools.total"),
    "new global": (makes_a_global, makes_a_global, "NEW"),
    "variable without value": (empty[0], empty[1], "n"),
    "gradient": ([value], lambda: setattr(value, "grad", 3.0), "the grad of x"),
    "key": (table, lambda: table.update(new=1), r"x\['new'\]"),
    "array in a dict": (table, lambda: table["w"].__setitem__(0, 3.0), r"x\['w'\]"),
    "object of a global": (reads, lambda: setattr(HOLDER.deep, "n", 1), "HOLDER.deep.n"),
    "behind a weak reference": (
        [weakref.ref(owner)],
        lambda: setattr(owner, "n", 1),
        r"x\[0\]\.n",
    ),
    "behind a view": (
        types.MappingProxyType({"w": tools}),
        lambda: setattr(tools, "n", 1),
        r"x\.n",
    ),
    "class of a class": (owner, lambda: setattr(Kind, "made", 1), "Kind.made"),
    "beside what can't be set": (fixed, lambda: setattr(fixed, "n", 1), "x.n"),
    "of a module of ours": (reads, lambda: setattr(MODULE, "n", 1), "n"),
}


def shown(x: Any) -> Any:
    """What a change would show in."""
    return (
        *(
            bits.state["state"]["state"],
            list.copy(numbers),
            Tools.add.__defaults__,
            Tools.total,
        ),
        *("NEW" in globals(), value.data, value.grad, str(table), HOLDER.deep.n, MODULE.n),
        *({**vars(x)} for x in (owner, tools, fixed)),
        Kind.made,
    )


@pytest.mark.parametrize("case", CHANGES)
def test_a_change_is_named_and_put_back(case: str) -> None:
    MODULE.n = 0
    x, change, name = CHANGES[case]
    before = shown(x)
    with pytest.raises(ValueError, match=f"^the model or the loss changes {name} when it runs"):
        Snapshot(x=x).unchanged(change)
    if case != "variable without value":  # which can't be put back
        assert shown(x) == before
    assert Snapshot(x=x).unchanged(lambda: 5) == 5


def test_what_fails_or_is_interrupted_is_put_back_too() -> None:
    held = [1.0]

    def interrupted() -> None:
        held.append(2.0)
        raise KeyboardInterrupt

    def failing() -> None:
        raise ZeroDivisionError

    for f, error in ((interrupted, KeyboardInterrupt), (failing, ZeroDivisionError)):
        with pytest.raises(error):
            Snapshot(x=held).unchanged(f)
        assert held == [1.0]


class Own:
    def method(self) -> None: ...


own, other = Own(), Own()
array_of_objects = np.array([1, "a"], dtype=object)
SAME: list[tuple[Any, Any, bool]] = [
    (0.0, -0.0, False),
    (float("nan"), float("nan"), True),
    ((1, [2.0]), (1, [2.0]), True),
    ({"a": 1}, {"a": 2}, False),
    ({"a": [1]}, {"a": [1]}, True),
    ({1, 2}, {2, 1}, True),
    (np.ones(2), np.ones(2), True),
    (np.ones(2), np.ones(2, int), False),
    (array_of_objects, array_of_objects.copy(), True),
    (own.method, own.method, True),
    (own.method, other.method, False),
    (own, other, False),
    (1, True, False),
    (collections.deque([1]), collections.deque([1]), False),
]


@pytest.mark.parametrize(("before", "after", "same"), SAME)
def test_what_takes_the_place_of_its_like(before: Any, after: Any, same: bool) -> None:
    holder = types.SimpleNamespace(x=before)
    snapshot = Snapshot(model=holder)
    holder.x = after
    assert snapshot.changed() == (None if same else "model.x")


def test_what_is_far_is_looked_at_up_to_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nn.training.side_effects, "FAR", 3)
    assert len(Snapshot(f=reads).notes) < 10


def test_numpy_may_have_no_generator_yet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "numpy.random", raising=False)
    assert Snapshot(x=types.SimpleNamespace(n=[1])).changed() is None


def test_training_draws_random_numbers() -> None:
    class Noisy:
        own = random.Random(1)
        arrays = np.random.default_rng(1)

        def draw(self) -> tuple[float, float, float]:
            return random.random(), self.own.random(), self.arrays.random()

    model = Noisy()
    seen = Snapshot(model=model)
    model.draw()
    assert seen.changed(trained=True) is None
    assert seen.changed() is not None
