"""What the table states of each kink and edge is what the docs state, and what is computed."""

import inspect
import math
from collections.abc import Callable
from typing import Any

import pytest

import autograd
from autograd import Value, grad, hessian, jvp, log, sqrt, value_and_grad, where
from autograd.core.primitive import RESERVED, TABLE
from tests.core.test_table import same

INF, NAN = math.inf, math.nan
Case = tuple[tuple[float, ...], tuple[float, ...]]  # operands, partials
TIES: list[Case] = [((2.0, 2.0), (0.5, 0.5)), ((-1.0,) * 4, (0.25,) * 4)]
AT_ZERO: list[Case] = [((0.0,), (0.0,)), ((-0.0,), (0.0,))]
INFINITE_AT_ZERO: list[Case] = [((0.0,), (INF,)), ((-0.0,), (INF,))]
SMALLER: list[Case] = [((0.0, c), (min(1.0, c), 0.0)) for c in (0.01, 1.0, 3.0)]
STATED: dict[str, dict[str, list[Case]]] = {
    "pow": {
        "0**0 = 1 with both partials 0": [((0.0, 0.0), (0.0, 0.0)), ((-0.0, 0.0), (0.0, 0.0))],
        "d/dx 0**p = inf for 0 < p < 1": [((0.0, p), (INF, 0.0)) for p in (1e-300, 0.5, 0.99)],
        "d/dp (0**p) = 0": [((0.0, p), (p * 0.0 ** (p - 1.0), 0.0)) for p in (1.0, 1.5, 2.0)],
        "d/dp does not exist at x < 0": [((-2.0, 3.0), (12.0, NAN)), ((-2.0, 0.0), (0.0, NAN))],
    },
    "mod": {
        "where x / y is whole and the value jumps, the derivatives of the side it lies on": [
            ((6.0, 3.0), (1.0, -2.0)),
            ((-6.0, 3.0), (1.0, 2.0)),
            ((0.0, 3.0), (1.0, 0.0)),
        ]
    },
    "floordiv": {"0 also where x / y is whole and the value jumps": [((6.0, 3.0), (0.0, 0.0))]},
    "abs": {"0 at x = 0": AT_ZERO},
    "sign": {"0 at x = 0": AT_ZERO},
    "relu": {"0 at x = 0": AT_ZERO},
    "leaky_relu": {
        "the smaller of 1 and slope at x = 0, 0 if slope < 0": [
            *SMALLER,
            ((0.0, -2.0), (0.0, 0.0)),
        ]
    },
    "elu": {
        "the smaller of 1 and alpha at x = 0, 0 if alpha < 0": [
            *SMALLER,
            ((0.0, -2.0), (0.0, 0.0)),
        ]
    },
    "maximum": {"operands that tie for the maximum share equally": TIES},
    "minimum": {"operands that tie for the minimum share equally": TIES},
    "clip": {
        "0 at both bounds, where the bound itself has partial 1": [
            ((-1.0, -1.0, 2.0), (0.0, 1.0, 0.0)),
            ((2.0, -1.0, 2.0), (0.0, 0.0, 1.0)),
        ]
    },
    "where": {
        "the branch not chosen has partial 0": [
            ((1.0, 2.0, 3.0), (0.0, 1.0, 0.0)),
            ((0.0, 2.0, 3.0), (0.0, 0.0, 1.0)),
        ]
    },
    "rsqrt": {
        "the value inf and the derivative -inf at x = 0": [((0.0,), (-INF,))],
    },
    "sqrt": {"inf at x = 0": INFINITE_AT_ZERO[:1]},
    "cbrt": {"inf at x = 0": INFINITE_AT_ZERO},
    "cbrt_slope": {
        "the value inf at x = 0, where there is no derivative": [((0.0,), (NAN,))],
    },
    "hypot": {"0 at the origin": [((0.0, 0.0), (0.0, 0.0)), ((0.0,), (0.0,))]},
    "asin": {"inf at x = -1 and 1": [((-1.0,), (INF,)), ((1.0,), (INF,))]},
    "acos": {"-inf at x = -1 and 1": [((-1.0,), (-INF,)), ((1.0,), (-INF,))]},
    "atan2": {"both partials 0 at the origin": [((0.0, 0.0), (0.0, 0.0))]},
    "acosh": {"inf at x = 1": [((1.0,), (INF,))]},
}
CASES = [
    pytest.param(name, *case, id=f"{name}{case[0]}")
    for name, stated in STATED.items()
    for cases in stated.values()
    for case in cases
]


# ---------------------------------------------------------------------- the statements


@pytest.mark.parametrize("name", sorted(RESERVED))
def test_every_clause_of_the_table_has_cases_here(name: str) -> None:
    assert "; ".join(STATED.get(name, {})) == TABLE[name].kink


@pytest.mark.parametrize(
    "name", sorted(set(autograd.__all__) & RESERVED | {"abs", "pow", "sum"})
)
def test_the_docs_state_what_the_table_states(name: str) -> None:
    words = " ".join((inspect.getdoc(getattr(autograd, name)) or "").split())
    kink = TABLE[name].kink
    assert words.count("Kink:") == bool(kink)
    if kink:
        assert f" Kink: {kink}. >>> " in words


@pytest.mark.parametrize(("name", "operands", "partials"), CASES)
def test_what_is_stated_is_recorded(
    name: str, operands: tuple[float, ...], partials: tuple[float, ...]
) -> None:
    y = TABLE[name](*map(Value, operands))
    assert len(y.partials) == len(partials)
    assert all(map(same, y.partials, partials)), y.partials
    for slot, partial in enumerate(partials):
        x = Value(operands[slot])
        y = TABLE[name](*operands[:slot], x, *operands[slot + 1 :])
        if math.isnan(partial):
            with pytest.raises(ValueError, match=f"{name}.*derivative .* does not exist here"):
                y.backward()
        else:
            y.backward()
            assert x.grad == partial


# ---------------------------------------------------------------------- masked branches


def everything(f: Callable[[Any], Any], x: float) -> list[float]:
    """The first derivative in three ways, and the second."""
    leaf = Value(x)
    y = f(leaf)
    if type(y) is Value:
        y.backward()
    return [leaf.grad, value_and_grad(f)(x)[1], jvp(f, (x,), (1.0,))[1], hessian(f)(x)]


@pytest.mark.parametrize(
    ("f", "derivatives"),
    [
        (lambda x: where(x > 0.0, lambda: log(x), 0.0), [0.0] * 4),
        (lambda x: where(x > 0.0, lambda: x * log(x), lambda: 3.0 * x), [3.0, 3.0, 3.0, 0.0]),
        (lambda x: where(x > 0.0, sqrt(x), x * x), [0.0, 0.0, 0.0, 2.0]),
        (lambda x: where(x > 0.0, x**0.5, 0.0), [0.0] * 4),
        (lambda x: autograd.take([2.0 * x, sqrt(x)], 0), [2.0, 2.0, 2.0, 0.0]),
        (lambda x: autograd.maximum(sqrt(x), 1.0), [0.0] * 4),
        (lambda x: autograd.minimum(sqrt(x), -1.0), [0.0] * 4),
        (lambda x: autograd.sign(sqrt(x)), [0.0] * 4),
        (lambda x: autograd.clip(sqrt(x), 0.5, 1.0), [0.0] * 4),
        (lambda x: autograd.relu(-sqrt(x)), [0.0] * 4),
    ],
)
def test_a_branch_not_taken_gives_no_nan(
    f: Callable[[Any], Any], derivatives: list[float]
) -> None:
    assert everything(f, 0.0) == derivatives


@pytest.mark.parametrize(
    "f",
    [
        lambda x: 0.0 * sqrt(x),
        lambda x: sqrt(x) * 0,
        lambda x: 0.0 * sqrt(x) * 0.0,
        lambda x: sqrt(0.0 * x),
        lambda x: sqrt(x * 0),
        lambda x: autograd.dot([0.0, 1.0], [sqrt(x), 2.0]),
        lambda x: sqrt(autograd.dot([x, 1.0], [0.0, 0.0])),
    ],
)
def test_what_is_multiplied_by_the_number_zero_does_not_count(f: Callable[[Any], Any]) -> None:
    assert everything(f, 0.0) == [0.0] * 4


@pytest.mark.parametrize(
    "product", [lambda x: x * x, lambda x: autograd.dot([x], [x]), autograd.square]
)
def test_a_zero_that_depends_on_something_counts(product: Callable[[Any], Any]) -> None:
    with pytest.raises(FloatingPointError, match="zero times infinity"):
        grad(lambda x: sqrt(product(x)))(0.0)


# ---------------------------------------------------------------------- higher orders


@pytest.mark.parametrize(
    ("f", "x", "second"),
    [
        (sqrt, 0.0, -INF),
        (lambda x: x**0.5, 0.0, -INF),
        (lambda x: x**1.5, 0.0, INF),
        (autograd.asin, 1.0, INF),
        (autograd.asin, -1.0, -INF),
        (autograd.acos, 1.0, -INF),
        (autograd.acosh, 1.0, -INF),
        (autograd.abs, 0.0, 0.0),
        (autograd.relu, 0.0, 0.0),
        (lambda x: autograd.leaky_relu(x, -1.0), 0.0, 0.0),
    ],
)
def test_second_derivatives_at_the_edges(
    f: Callable[[Any], Any], x: float, second: float
) -> None:
    assert hessian(f)(x) == second


def test_the_second_derivative_of_a_cube_root_at_zero() -> None:
    with pytest.raises(ValueError, match=r"cbrt_slope\(0\.0\): the derivative .* not exist"):
        hessian(autograd.cbrt)(0.0)
