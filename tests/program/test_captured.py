"""What a function reads besides its arguments: seen where it names that, told where not."""

import io
import itertools
import math
import pickle
import sys
import threading
from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest

pytest.importorskip("scipy")

import numpy as np
from hypothesis import given
from scipy import special

import autograd
from autograd import primitive
from autograd.program import Compiled, compile, spot_check
from autograd.program.spot_check import Schedule
from autograd.program.trace.captured import Captured
from tests.program.agreement import Case, cases, mapped
from tests.program.worlds import FORMS, HIDDEN, NAMED, outcome, parsed

LONG = 60.0  # seconds, after which something hangs


@pytest.fixture
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    """Checks may take as long as they like."""
    monkeypatch.setattr(spot_check, "FIRST", math.inf)


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
c = {'a': ([1.0], {2})}
? c['a'][0][0]
! c = {'a': ([1.0], {2})}
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
    assert fast.recordings[1:] == ["what made holds has changed from [2.0] to [5.0]"]


def test_of_what_is_large_little_is_looked_at() -> None:
    class Node:
        below: Any = None
        k = 2.0

    top = last = Node()
    for _ in range(3000):
        last.below = last = Node()
    many = [[float(i)] for i in range(60_000)]
    some = [0.0] * 90_000
    captured = Captured(lambda x: (top.below.k, many, some))
    assert len(captured.looks.spaces) < 10_000
    assert sum(map(len, captured.looks.contents)) <= 100_000


# ---------------------------------------------------------------- spot checks


class Hidden:
    """A number that no guard sees."""

    def __init__(self, k: float) -> None:
        self.cell = np.array([k, *[0.0] * 200_000])

    def __call__(self) -> float:
        return float(self.cell[0])


def test_installed_packages_are_not_gone_through() -> None:
    def f(x: Any) -> Any:
        return special.gammaln(x) * np.exp(x) + float(len(pytest.__all__))

    names = {*Captured(f).looks.names}
    assert names == {"__code__", "float", "len", "gammaln", "__all__"}


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
        r"compiled .*lambda.* gives in sample \d (3|6|9|12)\.0 where .*lambda.* itself gives "
        r"(5|10|15|20)\.0\. .* an argument, or a Value \(verify=False"
    )
    with pytest.raises(ValueError, match=words):
        fast.value_and_grad(2.0, xs)
    assert fast(2.0, xs) == 12.5
    assert fast.recordings[1:] == ["a spot check found something else"]


METHODS: dict[str, Callable[[Compiled], Any]] = {
    "value": lambda fast: fast(3.0),
    "value_and_grad": lambda fast: fast.value_and_grad(3.0),
    "jvp": lambda fast: fast.jvp((3.0,), (1.0,)),
    "jacobian": lambda fast: fast.jacobian(3.0),
    "hvp": lambda fast: fast.hvp(3.0, 1.0),
}


@pytest.mark.parametrize("method", METHODS)
def test_each_method_is_checked_unless_it_should_not_be(method: str, often: None) -> None:
    for verify in (True, False):
        k = Hidden(2.0)
        fast = compile(lambda x, k=k: x * x * k(), verify=verify)
        before = METHODS[method](fast)
        k.cell[0] = 3.0
        if verify:
            with pytest.raises(ValueError, match=r"gives 18\.0 where .* gives 27\.0"):
                METHODS[method](fast)
            assert METHODS[method](fast) != before
        else:
            assert METHODS[method](fast) == before


KINDS: dict[str, Callable[[Any, bool], Any]] = {
    "raises KeyError": lambda x, odd: {False: x}[odd],
    "2 numbers where": lambda x, odd: [x, x] if not odd else [x],
    r"4\.0 where .* gives 9\.0": lambda x, odd: x * x if odd else x + 1.0,
    r"4\.0 where .* gives 3\.0": lambda x, odd: x if odd else x + 1.0,
}


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
    with pytest.raises(ValueError, match=r"gives 6\.0 where"):
        fast(3.0)
    sums = compile(lambda x: autograd.sum(x))  # a program rounds it otherwise
    assert sums([1.3, 1e17, -1e17]) in (0.0, 1.3)


def test_an_exception_where_the_program_gives_a_number_is_told(often: None) -> None:
    fast = compile(lambda x: [autograd.log(x), x * 2.0][1], in_axes=0)
    assert fast([1.0, 2.0]) == [2.0, 4.0]
    with pytest.raises(ValueError, match=r"numbers where .* raises ValueError.*log\(-1\.0\)"):
        [fast([1.0, -1.0]) for _ in range(3)]


class Slots:
    __slots__ = ("k", "spare")
    k: float
    spare: float


def test_slots_are_guards() -> None:
    holder = Slots()
    holder.k = 2.0
    fast = compile(lambda x: x * (holder.k if type(holder) is Slots else holder.spare))
    assert fast(3.0) == 6.0
    holder.k = 5.0
    assert fast(3.0) == 15.0


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
        patch.setattr(spot_check, "FIRST", math.inf)
        for args in (case.args, near):
            for call in (fast, fast.jacobian):
                fast._schedule.restart()
                call(*args)


def test_rounding_is_no_difference(often: None) -> None:
    fast = compile(lambda x: sum([x, 1e16, -1e16, x, -x, 0.1, -0.1]) - x)
    for i in range(20):
        fast(i / 7.0)
    assert len(fast.programs) == 1


class Clock:
    """Seconds that pass when it is told so."""

    now = 0.0

    def __call__(self) -> float:
        return self.now

    def wait(self, seconds: float) -> None:
        self.now += seconds


def checked(check: float, calls: int, clock: Clock) -> list[int]:
    """Which calls are checked, if recording takes 1 ms, a call 1 µs and a check `check`."""
    schedule, found = Schedule(), list[int]()
    recorded = call = 0

    def run() -> None:
        nonlocal recorded
        clock.wait(1e-6 if recorded else 1e-3)
        recorded = 1

    def compare(_: Any) -> None:
        found.append(call)
        clock.wait(check)

    for call in range(1, calls + 1):  # noqa: B007
        schedule.left -= 1
        if schedule.left == 0:
            schedule.run(run, compare, lambda: recorded)
    return found


@pytest.mark.parametrize("check", [1e-6, 2e-5, 2e-4, 1e-2])
def test_when_checks_are_due(check: float, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock()
    monkeypatch.setattr(spot_check, "clock", clock)
    found = checked(check, 200_000, clock)
    assert found[:2] == [1, 2][: len(found)]
    if check <= 2e-5:
        powers = [2**k for k in range(7)]
        assert found[:7] == powers
        assert abs(found[-1] - found[-2] - check / 1e-8) <= 1  # for a hundredth of the time
    for k, i in enumerate(found):  # what is spent before each
        assert k * check <= 0.25e-3 + 0.05 * (i * 1e-6 + 1e-3)


# ---------------------------------------------------------------- threads


@pytest.mark.parametrize("kind", ["variable", "list", "toggled"])
@pytest.mark.filterwarnings("ignore:compile. f is recorded anew")
def test_what_was_seen_to_change_is_never_old(kind: str) -> None:
    space: dict[str, Any] = {"k": 0.0, "c": [0.0]}
    exec(f"def f(x): return x * {'c[0]' if kind == 'list' else 'k'}", space)
    fast, stop, failed = compile(space["f"]), threading.Event(), list[Exception]()

    def call() -> None:
        try:
            while not stop.is_set():
                fast(1.0)
        except Exception as error:
            failed.append(error)

    interval = sys.getswitchinterval()
    thread = threading.Thread(target=call, daemon=True)
    thread.start()
    sys.setswitchinterval(1e-6)
    try:
        for i in range(200):
            now = float(i % 2 if kind == "toggled" else i)
            space["k"] = space["c"][0] = now
            assert [fast(1.0), fast.grad(1.0), fast(1.0)] == [now] * 3
    finally:
        sys.setswitchinterval(interval)
        stop.set()
        thread.join(LONG)
    assert failed == []


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
    assert fast.recordings == ["k has changed from 1.0 to 2.0"]
    changes = iter([change] * 100)  # at each run
    fast = compile(f)
    assert fast(1.0) == k > 2.0
    assert not fast.programs
