"""The table states each kink and edge as the docs state it, and as it is computed."""

import inspect
import math
from collections.abc import Callable
from typing import Any

import pytest

import autograd
from autograd import Value, grad, hessian, jvp, log, sqrt, value_and_grad, where
from autograd.core.primitive import RESERVED, TABLE
from tests.helpers.tables import column, table

INF, NAN = math.inf, math.nan
Case = tuple[tuple[float, ...], tuple[float, ...]]  # operands, partials


def parsed(text: str) -> dict[str, dict[str, list[Case]]]:
    """Return operands and partials by entry and by clause: rows below "# entry: clause"."""
    stated: dict[str, dict[str, list[Case]]] = {}
    for part in text.strip().removeprefix("# ").split("\n# "):
        head, _, rows = part.partition("\n")
        name, _, clause = head.partition(": ")
        stated.setdefault(name, {})[clause] = table(rows, INF=INF, NAN=NAN)
    return stated


STATED = parsed("""
# pow: 0**0 = 1 with both partials 0
(0.0, 0.0) | (0.0, 0.0)
(-0.0, 0.0) | (0.0, 0.0)
# pow: d/dx 0**p = inf for 0 < p < 1
(0.0, 1e-300) | (INF, 0.0)
(0.0, 0.5) | (INF, 0.0)
(0.0, 0.99) | (INF, 0.0)
# pow: d/dp (0**p) = 0
(0.0, 1.0) | (1.0, 0.0)
(0.0, 1.5) | (0.0, 0.0)
(0.0, 2.0) | (0.0, 0.0)
# pow: d/dp does not exist at x < 0
(-2.0, 3.0) | (12.0, NAN)
(-2.0, 0.0) | (0.0, NAN)
# mod: where x / y is whole and the value jumps, the derivatives of the side it lies on
(6.0, 3.0) | (1.0, -2.0)
(-6.0, 3.0) | (1.0, 2.0)
(0.0, 3.0) | (1.0, 0.0)
# floordiv: 0 also where x / y is whole and the value jumps
(6.0, 3.0) | (0.0, 0.0)
# abs: 0 at x = 0
(0.0,) | (0.0,)
(-0.0,) | (0.0,)
# sign: 0 at x = 0
(0.0,) | (0.0,)
(-0.0,) | (0.0,)
# relu: 0 at x = 0
(0.0,) | (0.0,)
(-0.0,) | (0.0,)
# leaky_relu: the smaller of 1 and slope at x = 0, 0 if slope < 0
(0.0, 0.01) | (0.01, 0.0)
(0.0, 1.0) | (1.0, 0.0)
(0.0, 3.0) | (1.0, 0.0)
(0.0, -2.0) | (0.0, 0.0)
# elu: the smaller of 1 and alpha at x = 0, 0 if alpha < 0
(0.0, 0.01) | (0.01, 0.0)
(0.0, 1.0) | (1.0, 0.0)
(0.0, 3.0) | (1.0, 0.0)
(0.0, -2.0) | (0.0, 0.0)
# maximum: operands that tie for the maximum share equally
(2.0, 2.0) | (0.5, 0.5)
(-1.0, -1.0, -1.0, -1.0) | (0.25, 0.25, 0.25, 0.25)
# minimum: operands that tie for the minimum share equally
(2.0, 2.0) | (0.5, 0.5)
(-1.0, -1.0, -1.0, -1.0) | (0.25, 0.25, 0.25, 0.25)
# clip: 0 at both bounds, where the bound itself has partial 1
(-1.0, -1.0, 2.0) | (0.0, 1.0, 0.0)
(2.0, -1.0, 2.0) | (0.0, 0.0, 1.0)
# where: the branch not chosen has partial 0
(1.0, 2.0, 3.0) | (0.0, 1.0, 0.0)
(0.0, 2.0, 3.0) | (0.0, 0.0, 1.0)
# rsqrt: the value inf and the derivative -inf at x = 0
(0.0,) | (-INF,)
# sqrt: inf at x = 0
(0.0,) | (INF,)
# cbrt: inf at x = 0
(0.0,) | (INF,)
(-0.0,) | (INF,)
# cbrt_slope: the value inf at x = 0, where there is no derivative
(0.0,) | (NAN,)
# hypot: 0 at the origin
(0.0, 0.0) | (0.0, 0.0)
(0.0,) | (0.0,)
# asin: inf at x = -1 and 1
(-1.0,) | (INF,)
(1.0,) | (INF,)
# acos: -inf at x = -1 and 1
(-1.0,) | (-INF,)
(1.0,) | (-INF,)
# atan2: both partials 0 at the origin
(0.0, 0.0) | (0.0, 0.0)
# acosh: inf at x = 1
(1.0,) | (INF,)
""")
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
            with pytest.raises(ValueError, match=name):
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


MASKED = table(
    """
lambda x: where(x > 0.0, lambda: log(x), 0.0) | [0.0] * 4
lambda x: where(x > 0.0, lambda: x * log(x), lambda: 3.0 * x) | [3.0, 3.0, 3.0, 0.0]
lambda x: where(x > 0.0, sqrt(x), x * x) | [0.0, 0.0, 0.0, 2.0]
lambda x: where(x > 0.0, x ** 0.5, 0.0) | [0.0] * 4
lambda x: autograd.take([2.0 * x, sqrt(x)], 0) | [2.0, 2.0, 2.0, 0.0]
lambda x: autograd.maximum(sqrt(x), 1.0) | [0.0] * 4
lambda x: autograd.minimum(sqrt(x), -1.0) | [0.0] * 4
lambda x: autograd.sign(sqrt(x)) | [0.0] * 4
lambda x: autograd.clip(sqrt(x), 0.5, 1.0) | [0.0] * 4
lambda x: autograd.relu(-sqrt(x)) | [0.0] * 4
""",
    autograd=autograd,
    log=log,
    sqrt=sqrt,
    where=where,
)


@pytest.mark.parametrize(
    ("f", "derivatives"),
    MASKED,
)
def test_a_branch_not_taken_gives_no_nan(
    f: Callable[[Any], Any], derivatives: list[float]
) -> None:
    assert everything(f, 0.0) == derivatives


ZEROS = column(
    """
lambda x: 0.0 * sqrt(x)
lambda x: sqrt(x) * 0
lambda x: 0.0 * sqrt(x) * 0.0
lambda x: sqrt(0.0 * x)
lambda x: sqrt(x * 0)
lambda x: autograd.dot([1.0, 0.0], [2.0, sqrt(x)])
lambda x: sqrt(autograd.dot([x, 1.0], [0.0, 0.0]))
""",
    autograd=autograd,
    sqrt=sqrt,
)


@pytest.mark.parametrize(
    "f",
    ZEROS,
)
def test_what_is_multiplied_by_the_number_zero_does_not_count(f: Callable[[Any], Any]) -> None:
    assert everything(f, 0.0) == [0.0] * 4


@pytest.mark.parametrize(
    "product", [lambda x: x * x, lambda x: autograd.dot([x], [x]), autograd.square]
)
def test_a_zero_that_depends_on_something_counts(product: Callable[[Any], Any]) -> None:
    with pytest.raises(FloatingPointError):
        grad(lambda x: sqrt(product(x)))(0.0)


# ---------------------------------------------------------------------- higher orders


EDGES = table(
    """
sqrt | 0.0 | -INF
lambda x: x ** 0.5 | 0.0 | -INF
lambda x: x ** 1.5 | 0.0 | INF
autograd.asin | 1.0 | INF
autograd.asin | -1.0 | -INF
autograd.acos | 1.0 | -INF
autograd.acosh | 1.0 | -INF
autograd.abs | 0.0 | 0.0
autograd.relu | 0.0 | 0.0
lambda x: autograd.leaky_relu(x, -1.0) | 0.0 | 0.0
""",
    INF=INF,
    autograd=autograd,
    sqrt=sqrt,
)


@pytest.mark.parametrize(
    ("f", "x", "second"),
    EDGES,
)
def test_second_derivatives_at_the_edges(
    f: Callable[[Any], Any], x: float, second: float
) -> None:
    assert hessian(f)(x) == second


KINKS = table(
    """
'sign' | (NAN,) | NAN | (0.0,)
'sign' | (0.0,) | 0.0 | (0.0,)
'maximum' | (2.0, 2.0, 1.0) | 2.0 | (0.5, 0.5, 0.0)
'maximum' | (NAN, 1.0) | NAN | (NAN, NAN)
'minimum' | (2.0, 1.0, 1.0) | 1.0 | (0.0, 0.5, 0.5)
'minimum' | (1.0, NAN) | NAN | (NAN, NAN)
'maximum' | (INF, INF) | INF | (0.5, 0.5)
'clip' | (1.0, 1.0, 1.0) | 1.0 | (0.0, 0.0, 1.0)
'clip' | (0.0, 1.0, 1.0) | 1.0 | (0.0, 1.0, 0.0)
'clip' | (2.0, 1.0, 1.0) | 1.0 | (0.0, 0.0, 1.0)
'clip' | (5.0, -INF, INF) | 5.0 | (1.0, 0.0, 0.0)
'take' | (-2.0, 5.0, 7.0) | 5.0 | (0.0, 1.0, 0.0)
'take' | (299.0, *[2.0] * 300) | 2.0 | (*[0.0] * 300, 1.0)
'div' | (0.0, 5e-324) | 0.0 | (INF, 0.0)
'cbrt' | (-INF,) | -INF | (0.0,)
'cbrt' | (INF,) | INF | (0.0,)
'pow' | (0.0, -INF) | INF | (-INF, 0.0)
'pow' | (-INF, 0.5) | INF | (0.0, NAN)
'pow' | (3.0, 0.0) | 1.0 | (0.0, math.log(3.0))
'pow' | (INF, 0.1) | INF | (0.0, INF)
'pow' | (INF, 2.0) | INF | (INF, INF)
'pow' | (1e-160, -1.0) | 1e+160 | (-INF, 1e+160 * math.log(1e-160))
'logsumexp' | (0.0, -INF) | 0.0 | (1.0, 0.0)
'logsumexp' | (-INF, -INF) | -INF | (0.5, 0.5)
'logsumexp' | (INF, 0.0) | INF | (1.0, 0.0)
'logsumexp' | (NAN, 0.0) | NAN | (NAN, NAN)
'logsumexp' | (1.0, float('1')) | 1.0 + math.log(2.0) | (0.5, 0.5)
'unit' | (0.0,) | 1.0 | (0.0,)
'unit' | (1.0,) | 0.25 | (0.0,)
'exp_of_difference' | (9e+307, -1.2e+308) | INF | (INF, -INF)
'tanh' | (INF,) | 1.0 | (0.0,)
'silu' | (-3000.0,) | 0.0 | (0.0,)
'sigmoid' | (-INF,) | 0.0 | (0.0,)
'softplus' | (INF,) | INF | (1.0,)
'atan' | (-INF,) | -math.pi / 2 | (0.0,)
'gaussian' | (INF, 1.0) | 0.0 | (0.0, 0.0)
'erf' | (30.0,) | 1.0 | (-0.0,)
'normal_cdf' | (INF,) | 1.0 | (0.0,)
'normal_cdf' | (-INF,) | 0.0 | (0.0,)
'dot' | (1.0, INF, INF, 1.0, -1.0) | NAN | (1.0, 1.0, -1.0, INF, INF)
'dot' | (1.0, 2.0, 3.0, 5.0, 7.0, 11.0, 13.0) | 113.0 | (1.0, 7.0, 11.0, 13.0, 2.0, 3.0, 5.0)
'sum' | () | 0.0 | ()
'hypot' | () | 0.0 | ()
""",
    INF=INF,
    NAN=NAN,
    math=math,
)


def same(a: float, b: float) -> bool:
    return a == b or (math.isnan(a) and math.isnan(b))


@pytest.mark.parametrize(("name", "operands", "data", "partials"), KINKS)
def test_conventions_at_kinks_and_edges(
    name: str, operands: tuple[float, ...], data: float, partials: tuple[float, ...]
) -> None:
    number = TABLE[name](*operands)
    assert same(number, data)
    assert math.copysign(1.0, number) == math.copysign(1.0, data) or math.isnan(data)
    if operands:
        y = TABLE[name](*map(Value, operands))
        assert same(y.data, data)
        assert len(y.partials) == len(partials)
        assert all(map(same, y.partials, partials)), y.partials
