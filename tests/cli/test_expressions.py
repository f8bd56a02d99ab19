"""Formulas as text: what they compute, and that nothing else gets through."""

import math
import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import autograd
from autograd import Value
from autograd.cli.expressions import CONSTANTS, FUNCTIONS, parse
from autograd.core import functions
from tests.helpers.builds import THIS, run
from tests.helpers.formulas import SHARED

PLACE = {"x": 0.5, "y": 1.5, "z": -2.0}


FORMULAS = st.recursive(
    st.sampled_from(["x", "y", "z", "2", "0.5"]),
    lambda inner: st.one_of(
        st.builds("({})".format, inner),
        st.builds("{}{}".format, st.sampled_from("+-"), inner),
        st.builds("{}{}{}".format, inner, st.sampled_from([*"+-*/<>", "**", "<="]), inner),
    ),
    max_leaves=12,
)


@given(FORMULAS)
def test_precedence_is_that_of_python(text: str) -> None:
    expression = parse(text)
    try:
        expected = eval(text, {}, PLACE)
        found = expression(*[PLACE[name] for name in expression.names])
    except (ArithmeticError, TypeError, ValueError):  # Python has complex numbers, too
        return
    assert found == expected or math.isnan(expected)


def test_a_formula_of_values_records_what_python_records() -> None:
    x, y = Value(2.0, label="x"), Value(3.0)
    found = parse("x*y + 2*x")(x, y)
    expected = x * y + 2 * x
    assert (str(found.op), [str(v.op) for v in found.inputs]) == ("+", ["*", "*"])
    assert found.inputs[1].operands == expected.inputs[1].operands == (2.0, x)
    assert found.inputs[0].inputs == (x, y)
    assert found.partials == expected.partials


def test_every_function_of_the_package_is_there() -> None:
    for name, function in FUNCTIONS.items():
        assert function is getattr(autograd, name)
    assert set(functions.__all__) - set(FUNCTIONS) == {"dot", "take"}
    assert not set(FUNCTIONS) & set(CONSTANTS)


@pytest.mark.parametrize("name", sorted(FUNCTIONS))
def test_every_function_takes_its_numbers_or_says_what_it_takes(name: str) -> None:
    results, complaints = [], []
    for operands in ("", "x", "x, y", "x, y, z"):
        expression = parse(f"{name}({operands})")
        place = [Value(1.0 if name == "acosh" else 0.5) for _ in expression.names]
        try:
            results.append(expression(*place))
        except (TypeError, ValueError) as error:
            complaints.append(str(error))
    arity = r"(missing \d required|takes (from \d to )?\d) positional .+"
    none = ".*(of no operands|one operand or more)"
    own = rf"{name} takes \d( to \d)? operand\(s\), got \d"
    assert all(re.fullmatch(rf"{name}\(\)( {arity}|:{none})|{own}", c) for c in complaints)
    assert results
    assert all(type(result) in (float, Value) for result in results)


def test_names_come_in_order_and_text_with_even_spaces() -> None:
    expression = parse("  b *\n\ta + b*pi + sin(c)  ")
    assert expression.names == ("b", "a", "c")
    assert expression.text == "b * a + b*pi + sin(c)"


@pytest.mark.parametrize(
    "text",
    [
        *("x.data", "x.__class__.__mro__", "().__class__", "(x := 3)", "x[0]", "x[0:1]", "x,"),
        *("[x for x in y]", "(x for x in y)", "{x: y}", "{x}", "(x, y)", "()", "x; y"),
        *("lambda: x", "f'{x}'", "'text'", "b'bytes'", "True", "None", "...", "2j", "x # + y"),
        *("(yield x)", "await x", "not x", "~x", "x @ y", "x << y", "x, y"),
        *("x is y", "x in [y]", "sin(*x)", "sin(**x)", "(lambda: 1)()", "[lo=x]", "sin(=x)"),
        *("__import__('os').system('true')", "x\0", "x\udcff", "x\n= 2", "٣", "1__0", "0xg"),
        *(
            "clip(x, lo=0, 1)",
            "clip(x, lo=0, lo=1)",
            "clip(x lo=0)",
            "sum((x=1))",
            "x=2",
            "sin(x=)",
            "sin(2=x)",
        ),
        *("(" * 10**4, "(" * 5000 + "x", "sin" + "(" * 300 + "x" + ")" * 299),
    ],
)
def test_nothing_else_is_a_formula(text: str) -> None:
    with pytest.raises((SyntaxError, ValueError)):
        parse(text)


@pytest.mark.parametrize(
    "text",
    [
        *("(" * 5000 + "x" + ")" * 5000, "-" * 9000 + "x", "x**" * 3000 + "x"),
        "+".join(["x"] * 20_000),
    ],
)
def test_deep_input_gets_a_clear_error(text: str) -> None:
    with pytest.raises(ValueError):
        parse(text)


def test_long_input_works() -> None:
    assert parse("+".join(["x"] * 2000))(1.0) == 2000.0
    assert parse(f"sum({', '.join(['x'] * 4000)})")(1.0) == 4000.0
    assert parse("".join(["("] * 100 + ["x"] + [")"] * 100))(1.0) == 1.0


TOKENS = [*"()[],.:=x", "x", "3", "1e3", "+", "**", "lambda ", "sin", "sum", " if ", "@"]


@settings(max_examples=200)
@given(st.text(max_size=40) | st.lists(st.sampled_from(TOKENS), max_size=12).map("".join))
def test_any_text_is_a_formula_or_told_what_is_wrong(text: str) -> None:
    names, message = set[str](), ""
    try:
        names = set(parse(text).names)
    except (SyntaxError, ValueError) as error:
        message = str(error)
    assert not names & {*FUNCTIONS, *CONSTANTS}
    assert "invalid syntax" not in message


def test_reading_a_formula_runs_nothing() -> None:
    """The audit hook sees every `exec`, import and open: there is none, but for the parser."""
    code = (
        "import sys; from autograd.cli.expressions import parse; seen = [];"
        "sys.addaudithook(lambda event, _: seen.append(event));"
        "f = parse('sin(x)**2 + sum([x, 1])'); f(1.0);"
        "print(sorted(set(seen)))"
    )
    assert run(THIS, "-c", code).stdout == b"['compile']\n"


@pytest.mark.parametrize("case", SHARED, ids=lambda case: case["formula"][:30])
def test_the_cases_that_both_parsers_share(case: dict[str, Any]) -> None:
    text = case["formula"]
    if "error" in case:
        with pytest.raises(SyntaxError) as caught:
            parse(text)
        assert (caught.value.msg, caught.value.offset) == (case["error"], case["place"])
        return
    formula = parse(text)
    leaves = [Value(float(case["at"][name])) for name in formula.names]
    place = [leaf.data for leaf in leaves]
    if "fails" in case:
        kind = {"ValueError": ValueError, "TypeError": TypeError}.get(case["fails"])
        for operands in (leaves, place):
            with pytest.raises(kind or ArithmeticError):
                formula(*operands)
        return
    result = formula(*leaves)
    assert (type(formula(*place)), formula(*place)) == (float, getattr(result, "data", result))
    if isinstance(result, Value):
        result.backward()
    assert getattr(result, "data", result) == pytest.approx(
        float(case["value"]), rel=1e-15, nan_ok=True
    )
    assert list(case["gradient"]) == list(formula.names)
    for leaf, expected in zip(leaves, case["gradient"].values()):
        assert leaf.grad == pytest.approx(float(expected), rel=1e-15)
