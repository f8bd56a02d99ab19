"""An entry of the table is all that there is to write for an operation."""

import doctest
import inspect
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import autograd
from autograd import Value
from autograd.core.operations import NUMPY
from autograd.core.primitive import RESERVED, TABLE
from tests.helpers.builds import environment

DOCUMENTED = sorted(name for name in RESERVED if TABLE[name].doc)


@pytest.mark.parametrize("name", DOCUMENTED)
def test_it_is_the_function_with_examples_that_are_true(name: str) -> None:
    entry = getattr(autograd, name)
    assert entry is TABLE[name]
    assert getattr(Value, name) is entry or name in ("clip", "exp", "relu", "sum", "tanh")
    words = entry.doc.partition("\n\n")[0]
    assert entry.__doc__.startswith(words)
    names = {"Value": Value, **TABLE}
    test = doctest.DocTestParser().get_doctest(entry.__doc__, names, name, None, 0)
    assert test.examples
    assert doctest.DocTestRunner().run(test).failed == 0
    assert inspect.signature(entry).parameters
    doc = inspect.getdoc(getattr(Value(0.5), name))
    assert doc
    assert doc.startswith(words) or name in ("clip", "sum")


ADDED = """
softsign = primitive(
    "softsign",
    lambda x: x / (1.0 + math.fabs(x)),
    lambda out, x: 1.0 / (1.0 + abs(x)) / (1.0 + abs(x)),
    latex=r"\\operatorname{{softsign}} {0}",
    doc="x / (1 + |x|).\\n\\n>>> softsign(1.0)\\n0.5",
)

reserve()
"""
USED = """
import pydoc, inspect, autograd, autograd.core.functions
from hypothesis import HealthCheck, given, settings
from autograd import *
from autograd.cli.expressions import parse
from autograd.testing import check_gradients, strategies
assert autograd.__file__.startswith({place!r}), autograd.__file__
x = Value(1.0, label="x")
y = x.softsign()
y.backward()
assert (y.data, x.grad, softsign(1.0), grad(grad(softsign))(1.0)) == (0.5, 0.25, 0.5, -0.25)
assert Value.softsign is softsign is autograd.softsign
assert "softsign" in y.graph().svg() and "softsign" in y.steps().html()
assert r"\\operatorname{{softsign}} x" in y.graph().latex()
assert "|x|" in pydoc.render_doc(softsign) and str(inspect.signature(softsign)) == "(x)"
assert parse("softsign(x)")(1.0) == 0.5
check_gradients(softsign, 0.3)
@settings(suppress_health_check=[HealthCheck.too_slow])
@given(strategies.points("softsign"))
def law(point):
    assert softsign(*map(Value, point)) == softsign(*point)
law()
"""


def test_an_entry_that_is_added_is_found_everywhere(tmp_path: Path) -> None:
    """In the interpreted build, of a copy; compiled, the table is built into the package."""
    ignored = shutil.ignore_patterns("*.so", "*.pyd", "__pycache__")  # others write into it
    shutil.copytree(Path(autograd.__file__).parent, tmp_path / "autograd", ignore=ignored)
    table = tmp_path / "autograd" / "core" / "table.py"
    source = table.read_text(encoding="utf-8")
    table.write_text(source.replace("\nreserve()\n", ADDED), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-c", USED.format(place=str(tmp_path))],
        cwd=tmp_path,
        env=environment("interpreted"),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_type_checkers_are_told_of_every_entry_that_is_a_method() -> None:
    file = Path(autograd.__file__).parent / "core" / "operations.py"
    block = file.read_text("utf-8").partition("        _entry: Method")[2].partition("\n\n")[0]
    told = {*re.findall(r"(\w+) =", block)}
    arcs = {name: TABLE[entry] for name, entry in NUMPY.items() if name.startswith("arc")}
    methods = {name: TABLE[name] for name in DOCUMENTED} | arcs
    assert told == {name for name, entry in methods.items() if getattr(Value, name) is entry}
