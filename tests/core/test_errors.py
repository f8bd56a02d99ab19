"""Wrong input: the type of error that Python floats give, and what its message names."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest

import autograd
from autograd import (
    Value,
    acosh,
    asin,
    atanh,
    clip,
    cosh,
    dot,
    exp,
    exp2,
    log,
    log1p,
    logsumexp,
    maximum,
    minimum,
    reciprocal,
    sin,
    sqrt,
)
from autograd.core.primitive import TABLE

INF = math.inf
OUTSIDE = "outside the domain, which is"
TOO_LARGE = "too large for a float; scale or clip"
BY_ZERO = "division by zero; keep the divisor away from 0"

# what is called, on a Value labelled x, the error, and what its message holds
CASES: list[tuple[str, Callable[[Any], Any], float, type[Exception], list[str]]] = [
    ("log", lambda x: x.log(), -1.0, ValueError, ["log(-1.0 labelled 'x')", OUTSIDE, "x > 0"]),
    ("log of 0", log, 0.0, ValueError, ["log(0.0 labelled 'x')", "x > 0"]),
    ("log1p", log1p, -1.0, ValueError, ["log1p(-1.0 labelled 'x')", "x > -1"]),
    ("sqrt", sqrt, -0.5, ValueError, ["sqrt(-0.5 labelled 'x')", "x ≥ 0"]),
    ("asin", asin, 1.5, ValueError, ["asin(1.5 labelled 'x')", "-1 ≤ x ≤ 1"]),
    ("acosh", acosh, 0.5, ValueError, ["acosh(0.5 labelled 'x')", "x ≥ 1"]),
    ("atanh", atanh, 1.0, ValueError, ["atanh(1.0 labelled 'x')", "-1 < x < 1"]),
    ("sin", sin, INF, ValueError, ["sin(inf labelled 'x')", "x finite"]),
    ("clip", lambda x: clip(x, 2, 1), 0.0, ValueError, ["clip(0.0 labelled 'x', 2, 1)", "low"]),
    (
        "root of a negative",
        lambda x: x ** (1 / 3),
        -8.0,
        ValueError,
        ["pow(-8.0 labelled 'x', 0.3333333333333333)", OUTSIDE, "whole exponent"],
    ),
    (
        "power of a plain negative",
        lambda x: (-8.0) ** x,
        0.5,
        ValueError,
        ["pow(-8.0, 0.5 labelled 'x')"],
    ),
    ("x / 0", lambda x: x / 0, 1.0, ZeroDivisionError, ["div(1.0 labelled 'x', 0", BY_ZERO]),
    ("1 / x", lambda x: 1 / x, 0.0, ZeroDivisionError, ["div(1.0, 0.0 labelled 'x')", BY_ZERO]),
    ("x / x", lambda x: x / x, -0.0, ZeroDivisionError, ["div(-0.0 labelled 'x', -0.0"]),
    ("1 / x in the table", reciprocal, 0.0, ZeroDivisionError, ["reciprocal(0.0", BY_ZERO]),
    ("0 to a negative power", lambda x: x**-1, 0.0, ZeroDivisionError, ["pow(0.0", BY_ZERO]),
    ("exp", exp, 1000.0, OverflowError, ["exp(1000.0 labelled 'x')", TOO_LARGE]),
    ("x.exp", lambda x: x.exp(), 1000.0, OverflowError, ["exp(1000.0 labelled", TOO_LARGE]),
    ("exp2", exp2, 1024.0, OverflowError, ["exp2(1024.0 labelled 'x')", TOO_LARGE]),
    ("cosh", cosh, -800.0, OverflowError, ["cosh(-800.0 labelled 'x')", TOO_LARGE]),
    ("power", lambda x: x**2, 1e200, OverflowError, ["pow(1e+200 labelled 'x', 2.0)"]),
    ("sum", lambda x: x.sum(x), 1e308, OverflowError, ["sum(1e+308 labelled 'x', 1e+308"]),
    ("sum of ±inf", lambda x: x.sum(-INF), INF, ValueError, ["sum(inf labelled 'x', -inf)"]),
]


@pytest.mark.parametrize(
    ("call", "data", "error", "words"),
    [case[1:] for case in CASES],
    ids=[case[0] for case in CASES],
)
def test_outside_the_domain(
    call: Callable[[Any], Any], data: float, error: type[Exception], words: list[str]
) -> None:
    x = Value(data, label="x")
    with pytest.raises(error) as caught:
        call(x)
    assert type(caught.value) is error
    for word in words:
        assert word in str(caught.value)
    assert (x.data, x.grad, x.label) == (data, 0.0, "x") or data != data


def test_a_value_in_place_of_its_data_gets_a_hint() -> None:
    with pytest.raises(TypeError, match=r"use its \.data or \.detach\(\)"):
        Value(Value(1.0))  # type: ignore[arg-type]


@pytest.mark.parametrize("f", [maximum, minimum, logsumexp])
def test_nothing_to_choose_from(f: Callable[..., Any]) -> None:
    with pytest.raises(ValueError, match=r"^(maximum|minimum|logsumexp)\(\): "):
        f([])


def test_a_message_names_floats_as_well() -> None:
    with pytest.raises(ValueError, match=r"^log\(-1\.0\): outside the domain"):
        log(-1.0)


def test_a_message_stays_short() -> None:
    with pytest.raises(ValueError, match=r"labelled 'x{76}\.\.\.\)") as caught:
        Value(-1.0, label="x" * 10_000).log()
    assert len(str(caught.value)) < 300
    with pytest.raises(OverflowError, match=r"sum\((1e\+308, ){8}\.\.\.\)"):
        autograd.sum([Value(1e308)] * 1000)
    with pytest.raises(TypeError, match=r"got 'y{76}\.\.\. \(str\)"):
        Value("y" * 10_000)  # type: ignore[arg-type]


def test_errors_of_an_own_rule_keep_their_type_and_words() -> None:
    class OddError(ValueError):
        pass

    def raising(error: Exception) -> Callable[[float], float]:
        def value(x: float) -> float:
            raise error

        return value

    x = Value(2.0, label="x")
    try:
        picky = autograd.primitive("picky", raising(ValueError("x is even")), lambda out, x: x)
        with pytest.raises(ValueError, match=r"^picky\(2\.0 labelled 'x'\): x is even"):
            picky(x)
        odd = autograd.primitive("picky", raising(OddError("odd")), lambda out, x: x)
        with pytest.raises(OddError, match="odd") as caught:
            odd(x)
        assert caught.value.__notes__ == ["while computing picky(2.0 labelled 'x')"]
        wrong = autograd.primitive("picky", raising(KeyError("k")), lambda out, x: x)
        with pytest.raises(KeyError, match="k"):
            wrong(x)
    finally:
        TABLE.pop("picky", None)


def test_dot_names_the_product_that_is_too_large() -> None:
    with pytest.raises(OverflowError, match=r"dot\(1e\+308"):
        dot([Value(1e308)], [1.0], 1e308)


@pytest.mark.parametrize(
    "use", [Value, lambda n: Value(1.0) + n, lambda n: Value(1.0).exp() ** n]
)
def test_an_integer_beyond_every_float(use: Any) -> None:
    with pytest.raises(OverflowError, match=r"10000000000.* is too large for a float"):
        use(10**400)


@pytest.mark.parametrize("big", [1e200, Value(1e200)])
def test_products_that_overflow_to_opposite_infinities(big: Any) -> None:
    with pytest.raises(OverflowError, match=r"dot\(0\.0, 1e\+200.*too large for a float"):
        dot([big, big], [1e200, -1e200])


def test_infinite_operands_of_dot_give_nan_as_floats_do() -> None:
    assert math.isnan(dot([math.inf, math.inf], [1.0, -1.0]))
