"""A program as JavaScript: it computes what Python does."""

import math
from typing import Any

import pytest

import autograd
from autograd import compile, dot, maximum, primitive, where
from autograd.javascript import UntranslatableError


def f(w: Any, x: Any) -> Any:
    h = (dot(w[:2], x, w[2]) * 2.0).tanh()
    h = h + round(h * 7.0) - math.floor(h) + (h == 0.0)
    return where(h > 0.0, h.exp(), h * 3.0) + maximum(x[0], w[1], 0.25) ** 2 / (
        1.0 + x[1] * x[1]
    )


@pytest.mark.parametrize("lanes", [False, True])
def test_value_and_gradient_are_those_of_python(chromium: Any, lanes: bool) -> None:
    w, x = [0.5, -1.25, 0.75], [1.5, -0.5]
    fast = compile(f, in_axes=(None, 0)) if lanes else compile(f)
    fast(w, [x] if lanes else x)
    expected, (d_w, d_x) = autograd.value_and_grad(f, argnums=(0, 1))(w, x)
    source = fast.program.source("javascript")
    call = f"gradient({w}, {x}, [1])" if lanes else f"gradient({w + x}, [], [1])"
    page = chromium.new_page()
    out, d_u, d_lane = page.evaluate(f"() => {{ {source} return {call}; }}")
    assert out == [pytest.approx(expected, rel=1e-15)]
    assert d_u + d_lane == pytest.approx([*d_w, *d_x], rel=1e-14)
    value = call.replace("gradient", "value").replace(", [1])", ")")
    assert page.evaluate(f"() => {{ {source} return {value}; }}") == out
    page.close()


def test_a_product_with_0_gets_nothing_of_infinity(
    chromium: Any,
) -> None:
    def gradient(f: Any, *xs: float) -> list[float]:
        fast = compile(f)
        fast(*xs)
        page = chromium.new_page()
        call = f"gradient({[*xs]}, [], [1, 1])"
        _, found, _ = page.evaluate(
            f"() => {{ {fast.program.source('javascript')} return {call}; }}"
        )
        page.close()
        return [*found]

    def f(x: Any, y: Any) -> Any:
        return (dot([x, 2.0], [0.0, y]) + x * 0.0).sqrt()

    assert gradient(f, 3.0, 0.0) == [0.0, math.inf]
    assert autograd.grad(f, argnums=(0, 1))(3.0, 0.0) == (0.0, math.inf)
    mixed = gradient(lambda x, y: dot([x, x], [0.0, y]).sqrt(), 3.0, 0.0)
    assert gradient(lambda x, y: x * y.sqrt(), 0.0, 0.0) == [0.0, 0.0]
    assert gradient(lambda x, y: [x * y] * 2, 3.0, 2.0) == [4.0, 6.0]
    assert math.isnan(mixed[0])  # as of what is multiplied by a variable that happens to be 0


def test_what_has_no_javascript_is_said() -> None:
    read = primitive("read_back", lambda x: float(str(x)), lambda out, x: 1.0)
    opaque = compile(lambda x: read(x))
    opaque(2.0)
    with pytest.raises(UntranslatableError, match="read_back"):
        opaque.program.source("javascript")
