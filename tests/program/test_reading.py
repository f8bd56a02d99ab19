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
UNPLACED = (
    "json",
    "in another thread",
    "decimal",
    "mean",
    "type",
    "identity",
    "state",
    "a copied Value",
    "no_grad",
    "backward",
)


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
            got = _result(fast, x)
            assert got == f(Value(x), limit).data or _is_refusal(how, got)


def _result(f: Callable[[float], Any], x: float) -> Any:
    try:
        return f(x)
    except (ValueError, TypeError) as error:
        return error


def _is_refusal(how: str, error: Any) -> bool:
    ours = how in ("json", "decimal", "mean") or "compile: " in str(error)  # which take floats
    return (
        isinstance(error, Exception)
        and ours
        and (how in UNPLACED or f"{__file__}:" in str(error) or "<string>:1" in str(error))
    )
