"""Wrong input: the type of error that Python floats give, and what its message names."""

from typing import Any

import pytest

import autograd
from autograd import Value, dot
from autograd.core.primitive import TABLE


def test_a_value_in_place_of_its_data_gets_a_hint() -> None:
    with pytest.raises(TypeError, match=r"use its \.data or \.detach\(\)"):
        Value(Value(1.0))  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=r"gradient\(y, xs\) differentiates Values"):
        autograd.grad(Value(1.0))  # type: ignore[arg-type]


def test_several_numbers_in_place_of_one_get_a_hint() -> None:
    with pytest.raises(TypeError, match=r"got \[1\.0, 2\.0\] \(list\); call it for each"):
        autograd.sin([1.0, 2.0])


def test_an_array_in_place_of_a_number_gets_numpys_function() -> None:
    np = pytest.importorskip("numpy")
    xs = np.array([Value(1.0), Value(2.0)])
    assert [y.op for y in np.exp(xs)] == [autograd.exp, autograd.exp]
    with pytest.raises(TypeError, match=r"each number, \[exp\(x\) for x in xs\], or np\.exp$"):
        autograd.exp(xs)
    with pytest.raises(TypeError, match=r"each number, \[sigmoid\(x\) for x in xs\]$"):
        autograd.sigmoid(xs)


def test_a_message_stays_short() -> None:
    with pytest.raises(ValueError, match=r"labelled 'x{79}\)") as caught:
        Value(-1.0, label="x" * 10_000).log()
    assert len(str(caught.value)) < 300
    with pytest.raises(OverflowError, match=r"sum\((1e\+308, ){8}\.\.\.\)"):
        autograd.sum([Value(1e308)] * 1000)
    with pytest.raises(TypeError, match=r"got 'y{79} \(str\)"):
        Value("y" * 10_000)  # type: ignore[arg-type]


def test_errors_of_an_own_rule_keep_their_type_and_words() -> None:
    class OddError(ValueError):
        pass

    def raised(error: Exception) -> Exception:
        def value(x: float) -> float:
            raise error

        picky = autograd.primitive("picky", value, lambda out, x: x)
        del TABLE["picky"]
        with pytest.raises(type(error)) as caught:
            picky(Value(2.0, label="x"))
        return caught.value

    call = "picky(2.0 labelled 'x')"
    assert str(raised(ValueError("x is even"))) == f"{call}: x is even"
    odd, other = OddError("odd"), KeyError("k")
    assert (raised(odd), raised(other)) == (odd, other)
    assert odd.__notes__ == [f"in {call}"]


@pytest.mark.parametrize("big", [1e200, Value(1e200)])
def test_products_that_overflow_to_opposite_infinities(big: Any) -> None:
    with pytest.raises(OverflowError, match=r"dot\(0\.0, 1e\+200.*too large for a float"):
        dot([big, big], [1e200, -1e200])
