"""What a function reads besides its arguments: seen where it names that, told where not."""

import io
import itertools
import math
import pickle
import sys
import threading
from types import ModuleType
from typing import Any

import pytest

pytest.importorskip("scipy")

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

import autograd
from autograd import primitive
from autograd.program import Compiled, compile, spot_check
from autograd.program.spot_check import Schedule
from tests.helpers.agreement import Case, cases, mapped
from tests.helpers.tables import named
from tests.helpers.worlds import FORMS, HIDDEN, NAMED, outcome, parsed

LONG = 60.0  # seconds, after which something hangs


@pytest.fixture
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    """Checks may take as long as they like."""
    monkeypatch.setattr(spot_check, "PORTION", math.inf)


@pytest.mark.parametrize("name", NAMED)
def test_what_is_named_is_seen_at_once(name: str) -> None:
    assert {outcome(NAMED[name], form, 2) for form in FORMS} == {"seen"}


@pytest.mark.parametrize("name", HIDDEN)
def test_what_is_not_named_is_told(name: str, often: None) -> None:
    assert {outcome(HIDDEN[name], form) for form in FORMS} <= {"seen", "told"}


@pytest.mark.parametrize("around", [compile, autograd.grad])
@pytest.mark.parametrize("method", ["__call__", "grad", "jacobian"])
def test_it_is_told_of_a_compiled_function_inside(
    around: Any, method: str, often: None
) -> None:
    file = io.BytesIO(b"1")
    inner = compile(lambda x: x * float(file.getvalue()))
    outer = around(lambda x: x * getattr(inner, method)(1.0))
    assert outer(1.0) == 1.0
    file.write(b"2")
    with pytest.raises(ValueError, match=r"gives 1\.0 where .* itself gives 2\.0"):
        [outer(1.0) for _ in range(9)]


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


def test_the_message_names_the_number_and_the_sample(often: None) -> None:
    k = Hidden(1.5)
    fast = compile(lambda w, x: w * x * k(), in_axes=(None, 0), reduce="mean")
    xs = np.arange(1.0, 5.0)
    assert fast(2.0, xs) == 7.5
    k.cell[0] = 2.5
    words = (
        r"compiled .*lambda.* gives in sample \d .* where .*lambda.* itself gives .*\. It "
        r"depends on something .* an argument, or a Value \(verify=False"
    )
    with pytest.raises(ValueError, match=words):
        fast.value_and_grad(2.0, xs)
    assert fast(2.0, xs) == 12.5
    assert fast.recordings[1:] == ["a spot check found something else"]


METHODS = named("""
value: lambda fast: fast(3.0)
value_and_grad: lambda fast: fast.value_and_grad(3.0)
jvp: lambda fast: fast.jvp((3.0,), (1.0,))
jacobian: lambda fast: fast.jacobian(3.0)
hvp: lambda fast: fast.hvp(3.0, 1.0)
""")


@pytest.mark.parametrize("method", METHODS)
def test_each_method_is_checked_unless_it_should_not_be(method: str, often: None) -> None:
    for verify in (True, False):
        k = Hidden(2.0)
        fast = compile(lambda x, k=k: x * x * k(), verify=verify)
        before = METHODS[method](fast)
        k.cell[0] = 3.0
        if verify:
            with pytest.raises(ValueError, match=r"gives .* where .* itself gives"):
                METHODS[method](fast)
            assert METHODS[method](fast) != before
        else:
            assert METHODS[method](fast) == before


KINDS = named("""
raises KeyError: lambda x, odd: {False: x}[odd]
2 numbers where: lambda x, odd: [x, x] if not odd else [x]
itself gives 9.0: lambda x, odd: x * x if odd else x + 1.0
itself gives 3.0: lambda x, odd: x if odd else x + 1.0
""")


@pytest.mark.parametrize("words", KINDS)
def test_how_it_may_differ(words: str, often: None) -> None:
    k = Hidden(1.0)
    fast = compile(lambda x: KINDS[words](x, k() == 2.0))
    fast(3.0)
    k.cell[0] = 2.0
    with pytest.raises(ValueError, match=words):
        fast(3.0)


def test_what_is_rounding_or_is_not(often: None) -> None:
    k, n = Hidden(0.0), itertools.count(1)
    drifts = primitive("tests.drifts", lambda x: x + k() * next(n), lambda out, x: 1.0)
    fast = compile(lambda x: drifts(x) * 2.0)
    fast(3.0)
    k.cell[0] = 1.0
    with pytest.raises(ValueError, match=r"gives \d+\.0 where"):
        fast(3.0)
    sums = compile(lambda x: autograd.sum(x))  # a program rounds it otherwise
    assert sums([1.3, 1e17, -1e17]) in (0.0, 1.3)


def test_what_raises_without_being_needed_is_told(often: None) -> None:
    fast = compile(lambda x: [autograd.log(x), x * 2.0][1], in_axes=0)
    assert fast([1.0, 2.0]) == [2.0, 4.0]
    with pytest.raises(ValueError, match=r"itself raises ValueError\('log\(-1"):
        [fast([1.0, -1.0]) for _ in range(3)]


def square(x: Any) -> Any:
    return x * x


def test_copies_are_checked_as_the_original_is() -> None:
    for verify in (True, False):
        copy = pickle.loads(pickle.dumps(compile(square, verify=verify)))
        assert copy.verify is verify


@given(cases())
def test_no_false_alarm(case: Case) -> None:
    fast = Compiled(case, case.in_axes, case.reduce, case.without)
    near = tuple([mapped(arg, lambda i, x: x + 1e-3 * i * x) for arg in case.args])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(spot_check, "PORTION", math.inf)
        for args in (case.args, near):
            for call in (fast, fast.jacobian):
                fast._schedule.restart()
                call(*args)


def test_rounding_is_no_difference(often: None) -> None:
    fast = compile(lambda x: sum([x, 1e16, -1e16, x, -x, 0.1, -0.1]) - x)
    for i in range(20):
        fast(i / 7.0)
    assert len(fast.programs) == 1


@given(st.floats(1e-6, 1e-2), st.floats(1e-6, 1e-4), st.integers(10, 3000))
def test_checks_take_a_twentieth_of_the_time(check: float, took: float, calls: int) -> None:
    schedule, spent, due = Schedule(), 0.0, list[int]()
    for i in range(calls):
        schedule.left -= 1
        if schedule.left <= 0 and schedule.is_due(took):
            assert spent <= 0.05 * i * took * (1.0 + 1e-9)
            spent += check
            schedule.checked(check)
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
    assert fast(1.0) == k > 2.0
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
    with pytest.warns(RuntimeWarning, match=r"it uses a primitive 'tests\.twin' where another"):
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
