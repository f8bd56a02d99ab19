"""Many lanes: the same results by threads and by plans."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from autograd.program import compile
from tests.helpers.tables import named

X = np.arange(256.0) % 13.0 - 6.0  # of which all sums and means are exact
ROWS = np.stack([X, X[::-1] + 1.0, X * X], 1)
TURNED = np.stack([ROWS, -ROWS], 2).transpose(1, 0, 2)


def branching(x: Any) -> Any:
    return x * x if x > 4.0 else 3.0 * x if x > -6.0 else x - 1.0


def weighted(w: Any, x: Any, y: Any) -> Any:
    return (w["a"] * x[0] - x[1] * y) ** 2 + w["b"][1] * x[2]


def several(w: Any, x: Any) -> Any:
    return {"a": w * x[0] * x[1], "b": [x[2] * x[2], w]}


W = {"a": 2.0, "b": [0.5, -1.0]}
Case = tuple[Callable[..., Any], Any, tuple[Any, ...]]
CASES = named(
    """
array: (lambda x: x * x, 0, (X,))
list: (lambda x: x * x, 0, (X.astype(int).tolist(),))
branches: (branching, 0, (X,))
dict: (lambda x: x['u'] * x['v'][1] ** 2, 0, ({'u': X, 'v': ROWS},))
axes: (weighted, (None, 1, 0), (W, ROWS.T, X))
strides: (weighted, (None, 0, 0), (W, ROWS[:, ::-1], np.repeat(X, 2)[::2]))
another axis: (lambda x: x[0, 1] * x[1, 0], 1, (TURNED,))
several: (several, (None, 0), (1.5, ROWS))
""",
    ROWS=ROWS,
    TURNED=TURNED,
    W=W,
    X=X,
    branching=branching,
    np=np,
    several=several,
    weighted=weighted,
)


def everything(case: Case, reduce: str | None, threads: int = 1) -> list[Any]:
    """Return what each method gives, and again, where some go straight into the kernel."""
    f, in_axes, args = case
    fast, every = compile(f, in_axes, reduce, threads=threads), tuple(range(len(args)))
    last = every[-1]
    methods: dict[str, Callable[[], Any]] = {
        "call": lambda: fast(*args),
        "jvp": lambda: fast.jvp(args, args),
        "jacobian": lambda: fast.jacobian(*args, argnums=every),
    }
    if f is not several and reduce is None:
        methods["hessian"] = lambda: fast.hessian(*args, argnums=last)
    elif f is not several:
        methods["gradient"] = lambda: fast.value_and_grad(*args, argnums=every)
        methods["hvp"] = lambda: fast.hvp(args[0], args[0], *args[1:])
    return [(name, run()) for _ in range(2) for name, run in methods.items()]


@pytest.mark.parametrize("reduce", [None, "sum", "mean"])
@pytest.mark.parametrize("name", CASES)
def test_threads_change_nothing(name: str, reduce: Any) -> None:
    shared, single = [everything(CASES[name], reduce, threads) for threads in (2, 1)]
    with np.printoptions(threshold=10**6):
        assert repr(shared) == repr(single)


def test_sums_that_are_infinite() -> None:
    total = compile(lambda w, x: w * x, (None, 0), "sum", verify=False)
    large = np.full(120, 1e307)
    total.value_and_grad(1.0, X)
    assert total.value_and_grad(1.0, large) == (np.inf, np.inf)
    assert total(1.0, large) == np.inf
