"""A notebook that a newcomer would write, run by a real kernel."""

import html
import re
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("nbclient")

import nbclient
import nbformat

CELLS = {
    "compute": """
from autograd import Stepper, Value
a, b, c = Value(2.0, label="a"), Value(-3.0, label="b"), Value(10.0, label="c")
y = (a * b + c).tanh()
y.label = "y"
y
""",
    "differentiate": """
y.backward()
a.grad, b.grad, c.grad
""",
    "graph": "y.graph()",
    "stepper": "Stepper(y)",
    "second graph": """
z = a * a
z.graph()
""",
    "second stepper": "z.steps()",
    "network": """
import nn
model = nn.MLP(2, [3, 1])
model.graph([a, b])
""",
    "fit": """
sgd = nn.SGD(model.parameters(), lr=0.1)
nn.fit(model, [[0.0, 1.0]], [1.0], loss=nn.mse_loss, optimizer=sgd, epochs=2);
""",
    "still the same": "a.grad, b.grad, c.grad",
}
Outputs = dict[str, list[Any]]


@pytest.fixture(scope="module")
def outputs(tmp_path_factory: pytest.TempPathFactory) -> Outputs:
    """Return what each cell showed."""
    notebook = nbformat.v4.new_notebook()  # type: ignore[no-untyped-call]
    new_cell: Any = nbformat.v4.new_code_cell
    notebook.cells = [new_cell(code.strip()) for code in CELLS.values()]
    folder: Path = tmp_path_factory.mktemp("notebook")
    nbclient.execute(notebook, cwd=str(folder), timeout=600, kernel_name="python3")
    nbformat.validate(notebook)
    return dict(zip(CELLS, [cell.outputs for cell in notebook.cells]))


def shown(outputs: Outputs, name: str) -> Any:
    """The single output of a cell, by media type."""
    (output,) = outputs[name]
    return output.data


def test_values_are_shown_as_they_are_written(outputs: Outputs) -> None:
    assert shown(outputs, "compute")["text/plain"] == (
        "Value(0.999329299739067, op='tanh', label='y')"
    )


@pytest.mark.parametrize("name", ["graph", "second graph", "network"])
def test_a_graph_is_a_picture_with_a_tree_beside_it(outputs: Outputs, name: str) -> None:
    data = shown(outputs, name)
    assert data["image/svg+xml"].startswith("<svg")
    assert "data" in data["text/plain"]
    assert "local" in data["text/plain"]


def test_a_small_graph_is_also_a_derivation_in_latex(outputs: Outputs) -> None:
    formulas = shown(outputs, "second graph")["text/latex"]
    assert formulas.startswith(r"\begin{align*}")
    assert r"a \cdot a = 4" in formulas


def test_two_pictures_in_one_notebook_share_no_id(outputs: Outputs) -> None:
    first, second = [
        set(re.findall(r'\bid="([^"]+)"', shown(outputs, name)["image/svg+xml"]))
        for name in ("graph", "second graph")
    ]
    assert first
    assert second
    assert not first & second


def test_two_steppers_are_pages_of_their_own(outputs: Outputs) -> None:
    pages = []
    for name in ("stepper", "second stepper"):
        data = shown(outputs, name)
        assert data["text/plain"].startswith("<Stepper of ")
        (page,) = re.findall(r'<iframe[^>]*\bsrcdoc="([^"]*)"', data["text/html"])
        pages.append(html.unescape(page))
    for page in pages:
        assert page.lower().startswith("<!doctype html>")
        assert "Content-Security-Policy" in page
        assert "<svg" in page
    assert pages[0] != pages[1]


def test_looking_changes_no_gradient(outputs: Outputs) -> None:
    before, after = [
        shown(outputs, name)["text/plain"] for name in ("differentiate", "still the same")
    ]
    assert before == after


def test_a_training_shows_its_progress_and_no_warning(outputs: Outputs) -> None:
    told = str(outputs["fit"])
    assert "2/2" in told
    assert "Warning" not in told
