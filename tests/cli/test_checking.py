"""`python -m autograd check`: a function that can be imported."""

import json
import math

import pytest

from autograd import Value
from autograd.cli.checking import check_function
from tests.helpers.tables import table

HERE = "tests.cli.test_checking"


def area(x: Value, y: Value) -> Value:
    return x * y


def square(x: Value) -> Value:
    return x**2


def detached(x: Value) -> Value:
    return x * x.data


def sine(x: float) -> float:
    return math.sin(x)


def cosine(x: float) -> float:
    return math.cos(x)


def edge(x: Value) -> Value:
    return x.sqrt()


def norm(p: list[Value], q: list[list[Value]], b: Value) -> Value:
    return p[0] * p[1] + q[1][0] * b


def bent(p: list[Value]) -> Value:
    return p[0] * p[1].data + p[1]


def one(x: float) -> float:
    return 1.0


def test_a_function_that_passes(capsys: pytest.CaptureFixture[str]) -> None:
    at = ["--at", "y=2.0, x=1.5", "--order", "2"]
    assert check_function(["check", f"{HERE}:area", *at]) == 0
    assert capsys.readouterr().out.startswith("pass: all")
    assert check_function(["check", f"{HERE}:square", "--at", "x=-3", "--order", "2"]) == 0
    assert "identity" not in capsys.readouterr().out
    hand = ["--gradient", f"{HERE}:cosine"]
    assert check_function(["check", f"{HERE}:sine", "--at", "x=0.5", *hand]) == 0
    assert "worst     x = 0.5 (" in capsys.readouterr().out
    by_place = ["--gradient", "math:cos"]
    assert check_function(["check", "math:sin", "--at", "x=0.5", *by_place]) == 0
    without_signature = ["check", "math:hypot", "--at", "x=3"]
    assert check_function([*without_signature, "--gradient", f"{HERE}:one"]) == 0
    assert check_function(["check", "autograd:maximum", "--at", "x=0.5,y=1"]) == 0


def test_lists(capsys: pytest.CaptureFixture[str]) -> None:
    at = ["--at", "p=[0.3, 2*pi], b = hypot(3, 4), q=[[1], [-2]]"]
    assert check_function(["check", f"{HERE}:norm", *at]) == 0
    assert capsys.readouterr().out.startswith("pass: all 1")
    assert check_function(["check", f"{HERE}:bent", "--at", "p=[0.3,2.0]", "--json"]) == 1
    found = json.loads(capsys.readouterr().out)
    assert (found["where"], found["x"], round(found["numeric"], 9)) == ("p[1]", 2.0, 1.3)
    assert check_function(["check", f"{HERE}:bent", "--at", "p=[0.3,2.0]"]) == 1
    assert "  at        p[1] = 2.0 (0x" in capsys.readouterr().out


def test_one_that_fails_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert check_function(["check", f"{HERE}:detached", "--at", "x=3", "--json"]) == 1
    found = json.loads(capsys.readouterr().out)
    assert (found["verdict"], found["where"], found["analytic"]) == ("fail", "x", 3.0)
    assert check_function(["check", f"{HERE}:edge", "--at", "x=0", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["analytic"] == "inf"


@pytest.mark.parametrize(
    ("function", "at", "words"),
    table(
        """
"nowhere_1:f" | "x=1" | "No module named 'nowhere_1'"
HERE | "x=1" | "must be given as MODULE:FUNCTION"
f"{HERE}:nothing" | "x=1" | "has no attribute 'nothing'"
f"{HERE}:HERE" | "x=1" | "must be a function, got"
f"{HERE}:sine" | "x" | "values are given as x=1.0 or"
f"{HERE}:area" | "x=1,x=2" | "each name once"
f"{HERE}:sine" | "x=[1,2" | "values are given as x=1.0 or p=[2.0, 3.0]"
f"{HERE}:bent" | "p=[1,two]" | "p[1]=two: a value is a number"
f"{HERE}:sine" | "x=one" | "x=one: a value is a number"
"math:sin" | "x=1" | "a function of floats needs --gradient"
f"{HERE}:area" | "x=1,z=2" | "unexpected keyword argument 'z'"
""",
        globals(),
    ),
)
def test_mistakes(
    function: str, at: str, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert check_function(["check", function, "--at", at]) == 2
    assert words in capsys.readouterr().err


def test_mistakes_in_the_options(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        check_function(["check", f"{HERE}:area"])
    assert "--at" in capsys.readouterr().err


def test_a_function_that_fails_is_no_mistake_in_the_command(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert check_function(["check", "autograd:log", "--at", "x=-1"]) == 1
    assert "outside the domain" in capsys.readouterr().err
