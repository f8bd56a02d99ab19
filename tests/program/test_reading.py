"""Numbers that a function reads out of Values, in whatever way, never decide unseen."""

import concurrent.futures
import copy
import decimal
import functools
import itertools
import json
import math
import pickle
import statistics
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import autograd
from autograd import Value, no_grad
from autograd.core.operand import primal
from autograd.program import compile
from tests.helpers.tables import named

GRID: list[float] = [-1.5, -0.0, 0.0, 0.25, 1.25, 2.75]


def _without_grad(f: Callable[[], Any]) -> Any:
    with no_grad():
        return f()


def _in_a_thread(f: Callable[[], Any]) -> Any:
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        return pool.submit(f).result()


def _tried(f: Callable[[], Any]) -> Any:
    try:
        return f()
    except (ValueError, ArithmeticError):
        return -7.0


def _backward(x: Any) -> float:
    y = Value(x.data) if type(x) is not Value else x * x
    y.backward()
    return float(x.grad) if type(x) is Value else 0.0


READS = named(
    """
compared: lambda x: x.data > 1.0
of several: lambda x: x.data * (x + 1.0).data - abs(-x.data)
math: lambda x: math.sqrt(abs(x.data))
hypot: lambda x: math.hypot(x.data, 1.0)
copysign: lambda x: math.copysign(1.0, x.data)
isnan: lambda x: math.isnan(x.data)
float: lambda x: float(x.data)
complex: lambda x: abs(complex(x.data, 1.0))
int: lambda x: int(x.data)
int of a Value: lambda x: int(x * 2.0)
round: lambda x: round(x.data, 1)
round of a Value: lambda x: round(x, 1)
trunc: lambda x: math.trunc(x) + math.floor(x.data) + math.ceil(x.data)
bool: lambda x: bool(x.data)
bool of a Value: bool
not: lambda x: not x
is_integer: lambda x: x.data.is_integer()
hex: lambda x: x.data.hex()[0] == '-'
hash: lambda x: hash(x.data) % 7
dict: lambda x: {1.25: 2.0, 0.0: 3.0}.get(x.data, 1.0)
set: lambda x: x.data in {1.25, -1.5}
index: lambda x: [0.0, *GRID].index(x.data) if x.data in GRID else -1
repr: lambda x: float(repr(x.data))
repr of a Value: lambda x: '-' in repr(x)
format of a Value: lambda x: float(format(x, '.1f'))
pickle: lambda x: pickle.loads(pickle.dumps(x.data))
copy: lambda x: copy.copy(x.data) + copy.deepcopy(x.data)
json: lambda x: json.dumps(x.data)[0] == '-'
fsum: lambda x: math.fsum([x.data, 0.5])
sum: lambda x: sum([x.data, 0.5])
max: lambda x: max(x.data, 0.5) + min(x, -0.5)
mean: lambda x: statistics.mean([x.data, 2.0])
decimal: lambda x: float(decimal.Decimal(x.data))
type: lambda x: type(x.data) is float
identity: lambda x: (x > 1.0) is True
np.exp: lambda x: np.exp(x.data)
np.float64 times: lambda x: np.float64(2.0) * x.data
np.array: lambda x: np.array([x.data, 1.0]).sum()
np.maximum: lambda x: np.maximum(x.data, [0.5, 1.5]).sum()
np.isnan of a Value: lambda x: np.isnan(x * 1.0)
np.searchsorted: lambda x: np.searchsorted(np.array(GRID), x.data)
an array less than it: lambda x: (np.array([0.0, 1.0]) < x.data).sum()
an array less than a Value: lambda x: (np.array([0.0, 1.0]) < x).sum()
autograd: lambda x: autograd.exp(x.data)
a Value of it: lambda x: Value(x.data) * 2.0
detach: lambda x: x.detach() * 2.0
a copied Value: lambda x: copy.copy(x) + copy.deepcopy(x)
no_grad: lambda x: _without_grad(lambda: x * 2.0)
no_grad compared: lambda x: _without_grad(lambda: x > 1.0)
what is raised: lambda x: _tried(lambda: autograd.sqrt(x))
what is raised later: lambda x: _tried(lambda: autograd.sqrt(x - 1.25) + 1.0 / (x - 2.75))
times a Value: lambda x: x.data * (x + 1.0)
in another thread: lambda x: _in_a_thread(functools.partial(float, x.data))
partials: lambda x: (x * x).partials[0]
backward: lambda x: _backward(x)
state: lambda x: pickle.loads(pickle.dumps(x)) > 1.0
""",
    GRID=GRID,
    Value=Value,
    _backward=_backward,
    _in_a_thread=_in_a_thread,
    _tried=_tried,
    _without_grad=_without_grad,
    autograd=autograd,
    copy=copy,
    decimal=decimal,
    functools=functools,
    json=json,
    math=math,
    np=np,
    pickle=pickle,
    statistics=statistics,
)
QUIET = {  # what is no reading, or none at these numbers
    *("bool of a Value", "not", "np.isnan of a Value", "an array less than a Value"),
    *("detach", "identity", "what is raised", "what is raised later"),
}


@pytest.mark.filterwarnings("ignore:compile")
@pytest.mark.parametrize("how", READS)
def test_what_is_read_never_decides_unseen(how: str) -> None:
    read = READS[how]

    def branch(x: Any, limit: float) -> Any:
        return x * 2.0 if read(x) > limit else x + 1.0

    def pick(x: Any, limit: float) -> Any:
        return x * 2.0 if read(x) == limit else x + 1.0

    limits = sorted({primal(read(Value(x))) for x in GRID})[:2]
    for f, limit, first in itertools.product([branch, pick], limits, (0, 2, 4)):
        fast = compile(functools.partial(f, limit=limit))
        for x in GRID[first:] + GRID[:first]:
            assert _result(fast, x) in (f(Value(x), limit).data, ValueError)


def _result(f: Callable[[float], Any], x: float) -> Any:
    try:
        return f(x)
    except ValueError as error:
        return ValueError if "compile: " in str(error) else error


@pytest.mark.parametrize("how", sorted({*READS} - QUIET))
def test_f_computes_by_itself_with_one_warning(how: str) -> None:
    read = READS[how]

    def f(x: Any) -> Any:
        return x * x * x * (2.0 if read(x) > 0.5 else 3.0)

    xs = [0.25, 1.25, 2.75]
    fast, lanes, single = compile(f), compile(f, in_axes=0), compile(f)
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        for x in xs:
            assert fast(x) == primal(f(Value(x)))
            assert fast.value_and_grad(x) == autograd.value_and_grad(f)(x)
            assert fast.hessian(x) == autograd.hessian(f)(x)
        assert lanes(xs) == [primal(f(Value(x))) for x in xs]
        assert lanes.jacobian(xs) == [autograd.grad(f)(x) for x in xs]
        assert single.hvp(1.25, 2.0) == autograd.hvp(f, 1.25, 2.0)
    assert fast.programs == lanes.programs == single.programs == []
    assert len(told) == 3
    for each in told:
        text = str(each.message)
        assert "by itself, which is slower: it " in text
        assert f"in {__file__}:" in text or "<string>:1" in text


def test_a_reading_is_noted_though_f_catches_what_it_raises() -> None:
    def f(x: Any) -> Any:
        try:
            return autograd.sqrt(x)
        except Exception:
            return x * x

    fast = compile(f)
    with pytest.warns(RuntimeWarning, match="reads a number out of a Value"):
        assert fast(-3.0) == 9.0
    assert fast(4.0) == 2.0
    assert fast.grad(-3.0) == -6.0


def test_what_f_reads_of_a_constant_or_of_values_outside() -> None:
    w = Value(2.0)
    fast = compile(lambda x: x * w.data)
    with pytest.warns(RuntimeWarning, match=r"detach\(\)"):
        assert fast(3.0) == 6.0
    w.data = 5.0
    assert fast(3.0) == 15.0
