"""In whatever order and way the packages are imported, they are the same."""

import importlib.util
import pickle
import re
import rlcompleter
import runpy
import sys
from inspect import getdoc
from pathlib import Path
from pydoc import render_doc

import pytest

import autograd
import nn
from autograd.core import hints
from nn import functional
from nn.hints import HINTS
from tests.helpers.builds import printed

LACKING = hints.HINTS["autograd"]
FIRST = """
nn autograd.transforms autograd.testing.strategies autograd.core.value autograd.core.table
autograd.core.functions autograd.show.stepper autograd.cli.command nn.losses nn.training.fit
"""
USE = """
import autograd, nn
from autograd import Value
x = Value(2.0)
nn.mse_loss([(x * x).tanh()], [1.0]).backward()
print(x.grad.hex(), autograd.Value is Value)
"""
FIT = """
layer = nn.Layer(1, 1)
settings = {"loss": nn.mse_loss, "optimizer": nn.SGD(layer.parameters()), "epochs": 2}
print(nn.fit(layer, [[1.0]], [2.0], progress=False, **settings).not_compiled)
"""


@pytest.fixture(scope="module")
def usual() -> str:
    return printed(USE)


@pytest.mark.parametrize("first", FIRST.split())
def test_any_module_can_be_the_first(first: str, usual: str) -> None:
    assert printed(f"import {first}{USE}") == usual


def test_the_checker_is_there_without_an_import_of_its_own() -> None:
    code = "import autograd; print(autograd.testing.gradcheck(autograd.sin, 1.0).verdict)"
    assert printed(code) == "pass"


def test_importing_again_in_a_notebook_goes_on_with_old_values() -> None:
    code = """
import importlib, autograd
x = autograd.Value(3.0)
importlib.reload(autograd)
y = x * autograd.Value(2.0)
y.backward()
print(y, x.grad, type(x) is autograd.Value)
"""
    assert printed(code) == "Value(6.0, op='*', grad=1.0) 2.0 True"


def test_without_numpy_all_but_arrays_works(usual: str) -> None:
    without = "import sys; sys.modules['numpy'] = None"
    assert printed(without + USE) == usual
    reason = "not compiled, since ImportError: compiled functions need NumPy: pip install"
    assert reason in printed(without + USE + FIT)
    assert printed(f"{without}\nfrom autograd import *; print(sin(0.0))") == "0.0"


@pytest.mark.parametrize("name", [*HINTS["nn"], "GaussianNLLLoss"])
def test_names_of_pytorch_are_told_theirs_here(name: str) -> None:
    with pytest.raises(AttributeError, match=f"{name}'; ") as raised:
        getattr(nn, name)
    for told in re.findall(r"nn\.(\w+)", str(raised.value)):
        assert hasattr(nn, told)
    assert not hasattr(nn, "Conv3d")


@pytest.mark.parametrize(
    ("package", "name"),
    [
        *[("nn", name) for name in HINTS["nn"]],
        *[("autograd", name) for name in LACKING],
    ],
)
def test_an_import_tells_the_same(package: str, name: str) -> None:
    with pytest.raises(AttributeError) as asked:
        getattr(sys.modules[package], name)
    with pytest.raises(ImportError) as raised:
        exec(f"from {package} import {name}", {})
    told = str(asked.value).partition("; ")[2]
    assert told
    assert str(raised.value).endswith(told)
    assert importlib.util.find_spec(f"{package}.{name}") is None


def test_an_import_from_a_module_tells_it_too(tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text("from nn.optim import Adagrad\n")
    with pytest.raises(ImportError, match=r"nn\.SGD"):
        runpy.run_path(str(program))
    assert not hasattr(nn.optim, "Adagrad")


@pytest.mark.parametrize("package", ["nn", "autograd"])
def test_an_import_of_anything_else_is_pythons(package: str) -> None:
    with pytest.raises(ImportError, match="odd"):
        exec(f"from {package} import odd", {})


@pytest.mark.parametrize("name", LACKING)
def test_names_of_torch_are_told_theirs_in_autograd(name: str) -> None:
    with pytest.raises(AttributeError, match=f"{name}'; ") as raised:
        getattr(autograd, name)
    for told in re.findall(r"autograd\.(\w+)", str(raised.value)):
        assert hasattr(autograd, told)
    for told in re.findall(r"\bnn\.(\w+)", str(raised.value)):
        assert hasattr(nn, told)


def test_what_a_value_has_not_is_not_listed() -> None:
    x, absent = autograd.Value(2.0), {*hints.HINTS["Value"]}
    completer = rlcompleter.Completer({"x": x, "Value": autograd.Value})
    completed = [
        {each.partition(".")[2].rstrip("()") for each in completer.attr_matches(f"{owner}.")}
        for owner in ("x", "Value")
    ]
    for names in ({*dir(x)}, *completed):
        assert not names & absent
        assert {"exp", "backward", "data"} < names
    assert "Absent" not in render_doc(autograd.Value)
    assert pickle.loads(pickle.dumps(autograd.Value)) is autograd.Value
    assert not any(hasattr(x, name) for name in hints.HINTS["Value"])
    assert getdoc(autograd.Value.numpy) == "Absent: write x.data"  # type: ignore[attr-defined]
    for told in re.findall(r"autograd\.(\w+)", " ".join(hints.HINTS["Value"].values())):
        assert hasattr(autograd, told)


def test_functions_are_where_pytorch_has_them() -> None:
    assert all(getattr(functional, name) is getattr(nn, name) for name in functional.__all__)
    with pytest.raises(AttributeError, match="dropout"):
        getattr(functional, "dropout")  # noqa: B009
