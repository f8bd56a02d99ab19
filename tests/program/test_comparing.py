"""A Value is compared with anything anywhere: the answer is asked for anew, or refused."""

import concurrent.futures
import math
import threading
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

import autograd
from autograd import Value
from autograd.core.operand import primal
from autograd.program import compile
from tests.helpers.tables import column

LIMIT = 3.5
XS = [LIMIT, 3.0, 4.0, math.nextafter(LIMIT, 9.0), math.nextafter(LIMIT, 0.0), -LIMIT, math.inf]
XS += [2.0**53]  # next to a whole number that is no float
ASKED = column("""
lambda x, y: x < y
lambda x, y: x <= y
lambda x, y: x > y
lambda x, y: x >= y
lambda x, y: x == y
lambda x, y: x != y
lambda x, y: y < x
lambda x, y: y <= x
lambda x, y: y > x
lambda x, y: y >= x
lambda x, y: y == x
lambda x, y: y != x
lambda x, y: x.data < y
lambda x, y: x in [None, '3.5', y]
""")


@pytest.mark.filterwarnings("ignore:compile")  # of what is no float
@pytest.mark.parametrize("ask", ASKED)
@pytest.mark.parametrize(
    "y",
    [
        *(Decimal("3.5"), Decimal("3.1"), Decimal("inf"), Fraction(7, 2), Fraction(10, 3)),
        *(np.float64(3.5), np.float32(3.5), np.float16(3.1), np.int8(3)),
        *(np.array(3.5), 4, True, np.True_, 10**400, -(10**400), 2**53 + 1),
    ],
    ids=lambda y: repr(y)[:20],
)
def test_what_a_value_is_compared_with(ask: Callable[[Any, Any], Any], y: Any) -> None:
    def f(x: Any) -> Any:
        try:
            return x * 2.0 if ask(x, y) else -x
        except TypeError:  # of what can't be compared
            return x + 1.0

    with np.errstate(all="ignore"):
        fast = compile(f)
        near = [x * factor for x in XS for factor in (1.0, 1.0 + 1e-8, 1.0 + 2e-4)]
        for x in near:
            assert fast(x) == primal(f(Value(x)))
        xs = [3.0, 4.0, 3.5, -1.0, 4.0]
        assert compile(f, in_axes=(0,))(xs) == [primal(f(Value(x))) for x in xs]


def test_what_is_no_number_is_never_equal() -> None:
    fast = compile(lambda x: x if x not in (None, "x", (1.0,)) and x != None else -x)  # noqa: E711
    assert [fast(1.0), fast(2.0)] == [1.0, 2.0]
    assert [path.guards for path in [fast.program.trace] if path] == [[]]


# ---------------------------------------------------------------- in another thread


def in_a_thread(f: Callable[[], Any]) -> Any:
    found: list[Any] = []
    thread = threading.Thread(target=lambda: found.append(f()))
    thread.start()
    thread.join()
    return found[0]


WARM = concurrent.futures.ThreadPoolExecutor(1)
WARM.submit(int).result()


@pytest.mark.parametrize(
    "there", [in_a_thread, lambda f: WARM.submit(f).result()], ids=["new", "warm"]
)
@pytest.mark.parametrize(
    "ask",
    [
        lambda x: x > 1.0,
        lambda x: 1.0 < x * x + 1.0,
        lambda x: Value(1.0) == x,
        lambda x: bool(x),
        lambda x: x.data > 1.0,
        lambda x: int(x) == 1,
    ],
)
def test_a_question_in_another_thread_is_refused(there: Any, ask: Any) -> None:
    fast = compile(lambda x: x * 2.0 if there(lambda: ask(x)) else x)
    for x in (0.5, 3.0):
        with pytest.raises(ValueError, match="test_comparing"):
            fast(x)
    assert fast.programs == []


def test_what_another_thread_computes_is_recorded() -> None:
    def f(x: Any) -> Any:
        return in_a_thread(lambda: autograd.exp(x) * x) if x > 0.0 else x

    fast = compile(f, in_axes=(0,))
    assert fast([1.0, -1.0]) == pytest.approx([math.e, -1.0], rel=1e-15)


def test_another_thread_records_while_this_one_does() -> None:
    inner = compile(lambda t: t * 2.0 if t > 1.0 else t)
    fast = compile(lambda x: x * in_a_thread(lambda: inner(3.0)) if x > 0.0 else x)
    assert [fast(2.0), fast(-1.0), inner(0.5)] == [12.0, -1.0, 0.5]


# ---------------------------------------------------------------- setting data


def test_setting_data_is_refused() -> None:
    outside = Value(1.0)

    def interior(x: Any) -> Any:
        y = x * 2.0
        y.data = 7.0
        return y * x

    def counts(x: Any) -> Any:
        outside.data += 1.0
        return x * outside

    def hides(x: Any) -> Any:
        try:
            x.data = 3.0
        except ValueError:
            return x * 2.0

    for f in (interior, counts, hides):
        with pytest.raises(ValueError):
            compile(f)(3.0)
    assert outside.data == 1.0
    outside.data = 2.0
    assert outside.data == 2.0
