"""The functions: floats from floats, Values from Values, and how they take arguments."""

import builtins
import math
from typing import Any

import pytest

import autograd
import autograd.core.functions as functional
import nn
from autograd import Value, clip, elu, leaky_relu, log, take, where
from autograd.core.primitive import RESERVED, TABLE

FUNCTIONS = [*functional.__all__, "abs", "pow", "sum"]


@pytest.mark.parametrize(("package", "hidden"), [(autograd, set()), (nn, {"compile"})])
def test_a_star_import_shadows_no_other_builtin(package: Any, hidden: set[str]) -> None:
    namespace: dict[str, Any] = {}
    exec(f"from {package.__name__} import *", namespace)
    assert set(package.__all__) <= set(namespace)
    assert set(namespace) & set(dir(builtins)) == hidden


def test_the_names_are_listed_once_and_exist() -> None:
    assert len(set(autograd.__all__)) == len(autograd.__all__)
    assert all(hasattr(autograd, name) for name in [*autograd.__all__, "abs", "pow", "sum"])
    internal = {"bell", "cbrt_slope", "exp_of_difference", "gaussian", "identity", "normal_cdf"}
    internal |= {"detach", "rsqrt", "unit"}
    assert set(FUNCTIONS) == (RESERVED - internal) | {"fsum"}


def test_default_arguments() -> None:
    x = Value(-2.0)
    assert leaky_relu(x).data == -0.02
    assert elu(x).data == math.expm1(-2.0)
    assert elu(x=-1.0, alpha=2.0) == elu(alpha=2.0, x=-1.0) == elu(-1.0, 2.0)
    assert clip(x).data == -2.0
    assert clip(x, low=-1.0).data == -1.0
    assert clip(x, high=-3.0).data == -3.0
    assert (autograd.exp(x=x).op, autograd.exp(x=0.0)) == (TABLE["exp"], 1.0)


# ---------------------------------------------------------------- where


@pytest.mark.parametrize("condition", [True, 1, 0.5, "yes", Value(1.0)])
def test_where_takes_any_truth_value(condition: object) -> None:
    assert where(condition, 1.0, 2.0) == 1.0
    assert where(not condition, 1.0, 2.0) == 2.0


def test_where_calls_only_the_chosen_branch() -> None:
    x = Value(-1.0)
    assert where(x > 0.0, lambda: log(x), 7.0) == 7.0
    assert where(x <= 0.0, 7.0, lambda: log(x)) == 7.0
    y = where(x > 0.0, lambda: log(x), lambda: x * 2.0)
    assert (y.data, y.op) == (-2.0, TABLE["mul"])


# ---------------------------------------------------------------- take


def test_an_index_may_be_whatever_is_whole() -> None:
    assert take((x for x in [4.0, 5.0]), True) == take([4.0, 5.0], 1.0) == 5.0
    assert take([Value(1.0), Value(2.0), 3.0], Value(1.0)).data == 2.0
