"""`python -m autograd check`: a function that can be imported."""

import json
import math

import pytest

from autograd import Value
from autograd.cli.checking import check_function

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
