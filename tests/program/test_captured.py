"""A function reads more than its arguments: seen where it names that, told where not."""

import io
import itertools
import pickle
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import pytest

pytest.importorskip("scipy")

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

import autograd
from autograd import primitive
from autograd.program import Compiled, compile
from autograd.program.trace.schedule import Schedule
from tests.helpers.agreement import Case, cases, mapped
from tests.helpers.tables import named
from tests.helpers.worlds import FORMS, HIDDEN, NAMED, outcome, parsed

LONG = 60.0  # seconds, after which something hangs
MANY = 3_000_000  # calls, among which there are checks


def told(call: Callable[[], object]) -> int:
    """After how many calls a check finds a change, which raises."""
    for count in range(1, MANY):
        try:
            call()
        except ValueError:
            return count
    pytest.fail("it is not told")


@dataclass
class Counted:
    """A function that counts its own calls, of which there is one in each check."""

    f: Callable[..., Any]
    calls: int = 0

    def __call__(self, *args: Any) -> Any:
        self.calls += 1
        return self.f(*args)

    def checks(self, call: Callable[[], object]) -> None:
        """Calls the program until one of them is checked."""
        before = self.calls
        for _ in range(MANY):
            call()
            if self.calls > before:
                return
        pytest.fail("it is not checked")


@pytest.mark.parametrize("name", NAMED)
def test_what_is_named_is_seen_at_once(name: str) -> None:
    assert {outcome(NAMED[name], form) for form in FORMS} == {"seen"}


@pytest.mark.parametrize("name", HIDDEN)
def test_what_is_not_named_is_told(name: str) -> None:
    assert {outcome(HIDDEN[name], form) for form in FORMS} <= {"seen", "told"}


@pytest.mark.parametrize("around", [compile, autograd.grad])
@pytest.mark.parametrize("method", ["__call__", "grad", "jacobian"])
def test_it_is_told_of_a_compiled_function_inside(around: Any, method: str) -> None:
    file = io.BytesIO(b"1")
    inner = compile(lambda x: x * float(file.getvalue()))
    outer = around(lambda x: x * getattr(inner, method)(1.0))
    assert outer(1.0) == 1.0
    file.write(b"2")
    assert told(lambda: outer(1.0)) > 0


# ---------------------------------------------------------------- changes that don't matter

IDLE = parsed("""
# another attribute
class C: k, other = 1.0, 2.0
? C.k
! C.other = 3.0
# the same number
k = 1.0
? k
! k = float('1')
# an equal list
c = [1.0, 2.0]
? c[0]
! c = [1.0, 2.0]
# equal containers
c = {'a': [1.0, (2.0, 'b')]}
? c['a'][0]
! c = {'a': [1.0, (2.0, 'b')]}
# a log
c = []
def g():
    c.append(1)
    return 1.0
? g()
! c.append(2)
# a counter
n = 0
def g():
    global n
    n += 1
    return 1.0
? g()
! n = 9
# a cache
c = {}
def g():
    c[len(c)] = 1.0
    return c[0]
? g()
! c.update(k=3.0)
# an object's counter
class C:
    n = 0
    def g(self):
        self.n += 1
        return 1.0
c = C()
? c.g()
! c.n = 9
""")


@pytest.mark.parametrize("name", IDLE)
def test_changes_that_do_not_matter_record_nothing(name: str) -> None:
    setup, number, change = IDLE[name]
    space: dict[str, Any] = {}
    exec(f"{setup}\ndef f(x): return x * ({number})", space)
    fast = compile(space["f"])
    assert [fast(2.0) for _ in range(20)] == [2.0] * 20
    exec(change, space)
    assert [fast(3.0) for _ in range(20)] == [3.0] * 20
    assert fast.recordings == ["the first call"]


def test_what_is_prepared_once_is_a_guard_from_then_on() -> None:
    made: list[float] = []

    def f(x: Any) -> Any:
        if not made:
            made.append(2.0)
        return x * made[0]

    fast = compile(f)
    assert fast(3.0) == 6.0
    made[0] = 5.0
    assert fast(3.0) == 15.0
    assert fast.recordings[1:] == ["made[0] has changed from 2.0 to 5.0"]


# ---------------------------------------------------------------- spot checks


class Hidden:
    """A number that no guard sees."""

    def __init__(self, k: float) -> None:
        self.cell = np.array([k, *[0.0] * 200_000])

    def __call__(self) -> float:
        return float(self.cell[0])


@pytest.mark.parametrize("how", ["direct", "called", "made", "outside"])
def test_numbers_of_an_installed_package_are_guards(
    how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those that its own functions name, and those that are named as its attributes."""
    package: Any = ModuleType("installed_here")
    package.__file__ = "lib/site-packages/installed_here.py"
    monkeypatch.setitem(sys.modules, "installed_here", package)
    exec(
        "def direct(x): return scale * x\n"
        "def called(x): return direct(x)\n"
        "class Made:\n    def __call__(self, x): return direct(x)\n"
        "made = Made()",
        vars(package),
    )
    package.outside = lambda x: package.scale * x
    package.scale = 2.0
    fast = compile(getattr(package, how))
    for scale in (2.0, 5.0, 3.0, 4.0):
        package.scale = scale
        assert fast(1.0) == scale


METHODS = named("""
value: lambda fast: fast(3.0)
value_and_grad: lambda fast: fast.value_and_grad(3.0)
jvp: lambda fast: fast.jvp((3.0,), (1.0,))
jacobian: lambda fast: fast.jacobian(3.0)
hvp: lambda fast: fast.hvp(3.0, 1.0)
""")


@pytest.mark.parametrize("method", METHODS)
def test_each_method_is_checked_unless_it_should_not_be(method: str) -> None:
    k, call = Hidden(2.0), METHODS[method]
    fast, never = [compile(lambda x: x * x * k(), verify=verify) for verify in (True, False)]
    before = call(fast), call(never)
    k.cell[0] = 3.0
    calls = told(lambda: call(fast))
    assert call(fast) != before[0]
    assert fast.recordings[1:] == ["a spot check found something else"]
    assert all(call(never) == before[1] for _ in range(3 * calls))


def test_what_is_rounding_or_is_not() -> None:
    k, n = Hidden(0.0), itertools.count(1)
    drifts = primitive("tests.drifts", lambda x: x + k() * next(n), lambda out, x: 1.0)
    fast = compile(lambda x: drifts(x) * 2.0)
    fast(3.0)
    k.cell[0] = 1.0
    assert told(lambda: fast(3.0)) > 0
    sums = compile(lambda x: autograd.sum(x))  # a program rounds it otherwise
    assert sums([1.3, 1e17, -1e17]) in (0.0, 1.3)


def square(x: Any) -> Any:
    return x * x


def test_copies_are_checked_as_the_original_is() -> None:
    for verify in (True, False):
        copy = pickle.loads(pickle.dumps(compile(square, verify=verify)))
        assert copy.verify is verify


@given(cases())
def test_no_false_alarm(case: Case) -> None:
    counted = Counted(case)
    fast = Compiled(counted, case.in_axes, case.reduce, case.without)
    near = tuple([mapped(arg, lambda i, x: x + 1e-3 * i * x) for arg in case.args])
    fast(*case.args)  # is checked, as each recording is
    counted.checks(lambda: (fast(*near), fast.jacobian(*near)))


def test_rounding_is_no_difference() -> None:
    f = Counted(lambda x: sum([x, 1e16, -1e16, x, -x, 0.1, -0.1]) - x)
    fast = compile(f)
    for i in range(20):
        f.checks(lambda: fast(i / 7.0))  # noqa: B023
    assert len(fast.programs) == 1


@given(st.floats(1e-6, 1e-2), st.floats(1e-6, 1e-4), st.integers(10, 3000))
def test_checks_take_a_twentieth_of_the_time(check: float, took: float, calls: int) -> None:
    schedule, spent, due = Schedule(), 0.0, list[int]()
    for i in range(calls):
        schedule.left -= 1
        if schedule.left <= 0 and schedule.is_due(took):
            assert spent <= 0.05 * i * took * (1.0 + 1e-9)
            spent += check
            schedule.note_check(check)
            due.append(i)
    assert due[0] == 0  # the call that records
    assert len(due) > (calls - 1) // (20.0 * check / took + 3.0)


# ---------------------------------------------------------------- threads


def test_a_change_while_it_is_recorded_is_seen() -> None:
    k = 1.0

    def change() -> None:
        nonlocal k
        k += 1.0

    def f(x: Any) -> Any:
        if other := next(changes, None):
            thread = threading.Thread(target=other)
            thread.start()
            thread.join(LONG)
        return x * k

    changes = iter([change])
    fast = compile(f)
    assert fast(1.0) == fast(1.0) == 2.0
    changes = iter([change] * 100)  # at each run
    fast = compile(f)
    with pytest.raises(ValueError, match="something besides its arguments that changes"):
        fast(1.0)
    assert not fast.programs


# ---------------------------------------------------------------- primitives


def test_what_the_rules_of_a_primitive_name_are_guards() -> None:
    k = 2.0
    scaled = primitive("tests.scaled", lambda x: k * x * x, lambda out, x: 2.0 * k * x)
    fast = compile(lambda x: scaled(x) + 1.0)
    for k in (2.0, 5.0, 3.0):
        assert fast.value_and_grad(3.0) == (9.0 * k + 1.0, 6.0 * k)


def test_two_primitives_of_one_name_are_two() -> None:
    first = primitive("tests.twin", lambda x: 2.0 * x, lambda out, x: 2.0)
    fast = compile(lambda x: first(x) * x)
    assert fast.value_and_grad(3.0) == (18.0, 12.0)
    second = primitive("tests.twin", lambda x: 5.0 * x, lambda out, x: 5.0)
    other = compile(lambda x: second(x) * x)
    assert other.value_and_grad(3.0) == (45.0, 30.0)
    with pytest.warns(RuntimeWarning):
        assert fast.value_and_grad(3.0) == (18.0, 12.0)
    assert other.value_and_grad(3.0) == (45.0, 30.0)


def test_a_global_that_hides_a_builtin_function_is_a_guard() -> None:
    names: dict[str, Any] = {}
    exec("def f(x): return 2.0 * abs(x)", names)
    fast = compile(names["f"])
    assert fast(-1.0) == 2.0
    names["abs"] = lambda x: x
    assert fast(-1.0) == -2.0
    del names["abs"]
    assert fast(-1.0) == 2.0


def test_keys_that_are_equal_are_not_the_same() -> None:
    table: dict[Any, float] = {True: 2.0}
    fast = compile(lambda x: x * (5.0 if type(next(iter(table))) is bool else 7.0))
    assert [fast(1.0), fast(2.0)] == [5.0, 10.0]
    del table[True]
    table[1] = 2.0
    assert fast(1.0) == 7.0
    first = compile(lambda d: d[1] * (2.0 if type(next(iter(d))) is bool else 1.0))
    assert [first({True: 1.0}), first({1: 1.0}), first({True: 3.0})] == [2.0, 1.0, 6.0]
