"""The command line, as a person and as a script uses it."""

import json
import math
import re
import runpy
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import autograd
from autograd import Value
from autograd.cli.command import calculate
from autograd.cli.expressions import FUNCTIONS
from tests.helpers.builds import THIS
from tests.helpers.builds import run as process
from tests.helpers.tables import table
from tests.helpers.terminals import Terminal

TABLE = """\
sin(x*y) + x**2 = 3.720584501801074

variable  value  derivative
x         2.0    6.880510859951098
y         3.0    1.920340573300732
"""
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """Call `calculate` in this process: its exit code, stdout and stderr."""

    def call(*arguments: str) -> tuple[int, str, str]:
        try:
            code = calculate(list(arguments))
        except SystemExit as ended:
            code = int(str(ended.code))
        out, err = capsys.readouterr()
        return code, out, err

    return call


def test_value_and_gradient(run: Run) -> None:
    assert run("sin(x*y) + x**2", "x=2", "y=3") == (0, TABLE, "")


def test_options_may_stand_anywhere(run: Run) -> None:
    words = ["--order", "2", "x*y", "x=2", "y=3"]
    expected = run(*words)
    assert expected[0] == 0
    assert "second derivatives" in expected[1]
    for at in (1, 2, 3):
        formula = words[2 : 2 + at]
        assert run(*formula, *words[:2], *words[2 + at :]) == expected


@pytest.mark.parametrize(
    ("binding", "value"),
    table(
        """
"x=-2" | -2.0
"x=+.5" | 0.5
"x=1e-3" | 1e-3
"x=-1_000" | -1000.0
" x = 3 " | 3.0
"x=-pi/2" | -math.pi / 2
"x=inf" | math.inf
"x=-Inf" | -math.inf
"x=1/3" | 1 / 3
"x=1/inf" | 0.0
""",
        globals(),
    ),
)
def test_values_of_variables(run: Run, binding: str, value: float) -> None:
    code, out, _ = run("x", binding, "--json")
    assert code == 0
    assert float(json.loads(out)["value"]) == value


def test_a_formula_that_begins_with_a_minus(run: Run) -> None:
    for formula in ("-x", "-2*x", "-x + y - y", "-(x)", "-sin(x)**0*x"):
        names = ["y=1"] if "y" in formula else []
        code, out, err = run(formula, "x=-2", *names)
        assert (code, err) == (0, "")
        assert out.startswith(f"{formula} = ")
    assert run("-h*2", "h=3")[1].startswith("-h*2 = -6.0")


def test_no_variables_no_table(run: Run) -> None:
    assert run("1 + 2") == (0, "1 + 2 = 3.0\n", "")


def test_a_result_that_depends_on_no_variable(run: Run) -> None:
    code, out, _ = run("where(x < 2, 5, 6)", "x=1", "--order", "2")
    assert code == 0
    assert out.splitlines()[0] == "where(x < 2, 5, 6) = 5.0"
    assert out.splitlines()[3].split() == ["x", "1.0", "0.0"]
    assert out.splitlines()[6].split() == ["x", "0.0"]


def test_second_derivatives(run: Run) -> None:
    code, out, _ = run("x**2 * y", "x=2", "y=3", "--order", "2")
    assert code == 0
    assert out.splitlines()[-3:] == [
        "second derivatives  x    y",
        "x                   6.0  4.0",
        "y                   4.0  0.0",
    ]


def test_source(run: Run) -> None:
    code, out, _ = run("w*x + b", "w=2", "x=3", "b=1", "--source")
    assert code == 0
    assert "mul1 = w * x" in out
    assert "def gradient(w, x, b, seed):" in out
    assert out.startswith("def value(w, x, b):\n")


def test_latex(run: Run) -> None:
    code, out, _ = run("x*y", "x=2", "y=3", "--latex")
    assert code == 0
    x, y = Value(2.0, label="x"), Value(3.0, label="y")
    f = x * y
    f.label = "f"
    f.backward()
    assert out == f"{f.graph().latex()}\n"
    assert r"v_{2} &= -f = -2" in run("-f", "f=2", "--latex")[1]
    assert run("x", "x=2", "--latex")[1].count("&=") == 2


def test_json_is_exact_and_named(run: Run) -> None:
    code, out, err = run("x**2 * y", "x=0.1", "y=3", "--json", "--order", "2")
    assert (code, err) == (0, "")
    assert json.loads(out) == {
        "formula": "x**2 * y",
        "value": 0.1**2 * 3.0,
        "variables": {"x": 0.1, "y": 3.0},
        "gradient": {"x": 2.0 * 0.1 * 3.0, "y": 0.1**2},
        "hessian": {"x": {"x": 6.0, "y": 0.2}, "y": {"x": 0.2, "y": 0.0}},
        "files": [],
    }


def test_json_of_numbers_that_json_lacks(run: Run) -> None:
    def refuse(constant: str) -> None:
        raise AssertionError(constant)

    out = run("x*y", "x=inf", "y=-0.0", "--json", "--order", "2")[1]
    found = json.loads(out, parse_constant=refuse)
    assert (found["value"], found["gradient"]) == ("nan", {"x": 0.0, "y": "inf"})
    assert math.copysign(1.0, found["variables"]["y"]) == -1.0
    assert run("-x", "x=inf", "--json")[1].count('"-inf"') == 1


def test_the_place_of_a_mistake_is_shown(run: Run) -> None:
    _, _, err = run("x + y.real", "x=1")
    assert err.splitlines()[1:3] == ["    x + y.real", "         ^"]
    _, _, err = run("2x + 1", "x=1")
    assert err.splitlines()[:3] == [
        "python -m autograd: there is nothing between 2 and x: write 2*x",
        "    2x + 1",
        "     ^",
    ]
    _, _, err = run("+".join(["x"] * 100) + " + y.real" + " + x" * 50, "x=1")
    shown, caret = err.splitlines()[1:3]
    assert len(shown) <= 76
    assert shown[len(caret) - 1 :].startswith(".real")


def test_control_characters_do_not_reach_the_terminal(run: Run) -> None:
    _, _, err = run("x\x1b[31m\x07")
    assert "\x1b" not in err
    assert "    x?[31m?" in err.splitlines()


def test_check_answers_in_the_variables_that_were_typed(run: Run) -> None:
    code, out, _ = run("sum([x*y, 2*y, 0*w])", "x=3", "y=-0.5", "w=1", "--check")
    assert code == 0
    assert "\npass: all " in out
    assert "\n  worst     " in out
    assert "argument" not in out


def test_check_of_a_kink_and_of_what_is_flat(run: Run) -> None:
    code, out, _ = run("abs(x) - y*y", "x=0", "y=0", "--check")
    assert (code, "-0.0" in out) == (0, False)
    assert out.splitlines()[-1] == "  kink      x = 0.0: any of [-1, 1]"
    code, out, _ = run("relu(x) - relu(-x)", "x=0", "--check", "--order", "2", "--json")
    check = json.loads(out)["check"]
    assert (code, check["verdict"], check["where"]) == (1, "fail", "x")
    assert check["reason"].startswith("a derivative is wrong: differences give another")
    assert (check["analytic"], check["numeric"]) == (0.0, 1.0)
    code, out, _ = run("x**3", "x=2", "--check", "--order", "2", "--json")
    assert (code, json.loads(out)["check"]["order"]) == (0, 2)


def test_step_then_the_table(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    played: list[Any] = []
    monkeypatch.setattr(autograd, "step", played.append)
    code, out, _ = run("x*x", "x=3", "--step")
    assert code == 0
    assert [root.data for root in played] == [9.0]
    assert out.startswith("x*x = 9.0")
    assert run("sqrt(x) - sqrt(x)", "x=0", "--step")[0] == 1  # also a pass that fails
    assert len(played) == 2


def test_files(run: Run, tmp_path: Path) -> None:
    svg, html = tmp_path / "g.svg", tmp_path / "g.HTML"
    code, out, err = run("x*y", "x=2", "y=3", "--svg", str(svg), "--html", str(html))
    assert (code, err) == (0, "")
    assert out.splitlines()[-2:] == [f"written: {svg}", f"written: {html}"]
    assert "<svg" in svg.read_text("utf-8")
    assert html.read_text("utf-8").lower().startswith("<!doctype html>")
    code, out, _ = run("7", "--svg", str(svg), "--html", str(html), "--json")
    assert json.loads(out)["files"] == [str(svg), str(html)]


def test_help_names_every_function_and_fits_a_terminal(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    code, out, _ = run("--help")
    assert code == 0
    assert set(FUNCTIONS) <= set(re.findall(r"\w+", out))
    assert max(map(len, out.splitlines())) <= 80


def test_output_in_an_encoding_that_lacks_the_letters() -> None:
    plain = {"PYTHONIOENCODING": "ascii"}
    with Terminal("-m", "autograd", "θ", "θ=1", environment=plain) as terminal:
        assert terminal.read().startswith(r"\u03b8 = 1.0")


def test_the_package_runs(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    program = str(Path(autograd.__file__).with_name("__main__.py"))
    monkeypatch.setattr(sys, "argv", ["autograd", "1 + 2"])
    with pytest.raises(SystemExit) as ended:
        runpy.run_path(program, run_name="__main__")
    assert (ended.value.code, capsys.readouterr().out) == (0, "1 + 2 = 3.0\n")
    for words, status in ((["doctor", "--fast"], 2), (["check", "--fast"], 2), (["play"], 2)):
        monkeypatch.setattr(sys, "argv", ["autograd", *words])
        with pytest.raises(SystemExit, match=str(status)):
            runpy.run_path(program, run_name="__main__")
    capsys.readouterr()
    runpy.run_path(program, run_name="imported")
    assert capsys.readouterr().out == ""


def test_a_plain_command_imports_nothing_that_is_slow() -> None:
    done = process(THIS, "-X", "importtime", "-m", "autograd", "sin(x)", "x=1")
    lines = done.stderr.decode().splitlines()
    modules = {line.rpartition("|")[2].strip() for line in lines}
    assert "autograd.cli.command" in modules
    assert not modules & {"autograd.show.stepper", "autograd.show.terminal", "rich", "numpy"}


def test_what_repeats_may_be_drawn_whole(tmp_path: Path, run: Run) -> None:
    formula = "+".join(["x"] * 70)
    sizes = []
    for choice in ("auto", "none"):
        file = tmp_path / f"{choice}.svg"
        assert run(formula, "x=1", "--svg", str(file), "--collapse", choice)[0] == 0
        sizes.append(file.read_text("utf-8").count('class="node'))
    assert sizes[0] < 10 < 70 <= sizes[1]
    code, out, err = run(formula, "x=1", "--collapse", "neuron")
    assert (code, out) == (2, "")
    assert "argument --collapse: invalid choice: 'neuron'" in err


@pytest.mark.parametrize("settings", [{}, {"NO_COLOR": "1", "TERM": "dumb"}])
def test_on_a_terminal_a_wide_table_breaks_no_number(settings: dict[str, str]) -> None:
    words = ["exp(x*y)/z + sin(x)**y", "x=1.1", "y=2.2", "z=3.3", "--order", "2"]
    with Terminal("-m", "autograd", *words, columns=80, environment=settings) as terminal:
        out = terminal.read()
    assert "-2.2718907706832026" in out
    assert "│" in out
    assert ("\x1b[" in out) is not bool(settings)


def test_a_narrow_terminal_loses_no_digits() -> None:
    words, plain = ["sin(x*y) + x**2", "x=2", "y=3"], {"NO_COLOR": "1"}
    with Terminal("-m", "autograd", *words, columns=30, environment=plain) as terminal:
        out = terminal.read()
    lines = re.sub(r"\x1b\[[\d;]*m", "", out).splitlines()
    assert max(map(len, lines[2:])) <= 30
    cells = [line.split("│") for line in lines if line.count("│") == 4]
    derivatives = "".join([cell[3].strip() for cell in cells])
    assert derivatives == "6.8805108599510981.920340573300732"


def test_on_a_terminal_without_rich_the_table_is_plain(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setitem(sys.modules, "rich", None)
    assert run("sin(x*y) + x**2", "x=2", "y=3") == (0, TABLE, "")


def test_on_a_terminal_with_rich_it_is_drawn(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    code, out, _ = run("θ*x", "θ=2", "x=3")
    assert code == 0
    assert "│ θ" in out
    monkeypatch.setenv("COLUMNS", "30")
    names = ["first", "second", "third"]
    _, out, _ = run("*".join(names), *[f"{name}=3.5" for name in names], "--order", "2")
    cells = [line.split("│")[1:4] for line in out.splitlines() if line.count("│") == 4]
    words = [[cell.strip() for cell in row] for row in cells]
    assert ["first", "third", "3.5"] in words
