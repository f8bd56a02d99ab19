"""Every command with a part of it lost, doubled or replaced by nonsense."""

import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest

from autograd.cli.checking import check_function
from autograd.cli.command import calculate
from autograd.cli.playing import open_page
from tests.helpers.tables import table

GOOD = [
    ["sin(x*y) + x**2", "x=2", "y=3"],
    ["log(x)", "x=2", "--json"],
    ["x*y", "x=1", "y=-2", "--order", "2", "--latex"],
    ["-x", "x=3", "--check"],
]
NONSENSE = [
    *("", " ", "x", "=", "x=", "=1", "x=x", "x=nan", "x=inf", "x=-inf", "x=0", "x=1e999"),
    *("x=1j", "x=None", "x='1'", "x=[]", "x=1 2", "x=1=2", "x=True", "x=1/0", "x=log(0)"),
    *("x=9**9**9", "x=" + "9" * 5000, "x=exp(1000)", "x=(" * 3, "None", "1j", "'a'", "[]"),
    *("x +", "x ** y ** ", "x if x else y", "lambda x: x", "x := 1", "f'{x}'", "x[0]", "x.y"),
    *("open('f')", "print(x)", "log(x, x)", "log()", "log(x=1)", "log", "sin sin", "x y"),
    *("\x00", "2x", "x**", "lambda", "(x", "clip(x, lo=0, lo=1)"),
    *("\n", "é=1", "x" * 20_000, "x=" + "(" * 500, "-", "--", "---", "-1", "--odd", "--order"),
    *("--order=0", "--order=x", "--svg", "--svg=", "--svg=no/f.svg", "--html=no/f.html"),
    *(
        "--html=f.png",
        "--html",
        "--json=1",
        "--check=2",
        "--step=1",
        "doctor",
        "x=2",
        "--latex",
    ),
    "--json",
]


# The exit code, the command, and words of the message.
TOLD = r"""
2 | ["x=2", "x*y", "y=3"] | "= has no meaning here: give values after it, as x=2"
2 | ["x*y", "x=2"] | "no value for y; add y=1, say"
2 | ["x*y + z"] | "no value for x, y, z; add x=1 y=1 z=1, say"
2 | ["x", "x=1", "z=2"] | "z is not in the formula, whose variables are: x"
2 | ["1", "z=2"] | "z is not in the formula, whose variables are: none"
2 | ["x", "x=1", "x=2"] | "each name once"
2 | ["ﬁ", "ﬁ=1", "fi=2"] | "each name once"
2 | ["x", "x"] | "'x': values are given as x=1.0"
2 | ["x", "x="] | "'x=': values are given as x=1.0"
2 | ["x", "2=x"] | "'2=x': values are given as x=1.0"
2 | ["x", "x.y=1"] | "'x.y=1': values are given as x=1.0"
2 | ["x", "x=two"] | "x=two: a value is a number"
2 | ["x", "x=1e999"] | "1e999 is too large for a float"
2 | ["x", "x=1/0"] | "division by zero"
2 | ["x", "x=[1]"] | "the value of x takes a real number"
2 | ["x", "x=__import__(1)"] | "no function '__import__'"
2 | ["pi", "pi=3"] | "pi is not in the formula"
2 | ["x*inf", "x=0", "inf=1"] | "inf is not in the formula"
2 | ["[x]", "x=1"] | "gives a list"
2 | ["0" + "-" * 9000 + "x", "x=1"] | "nested too deeply"
2 | ["x\udcff"] | "? has no meaning here"
2 | [] | "the following arguments are required: FORMULA"
2 | ["x", "x=1", "--order", "3"] | "invalid choice"
2 | ["x", "x=1", "--json", "--latex"] | "not allowed with"
2 | ["x", "x=1", "--jso"] | "unrecognized arguments"
1 | ["log(x)", "x=-1"] | "log(-1.0 labelled 'x'): outside the domain, which is x > 0"
1 | ["9**9**9"] | "pow(9.0, 387420489.0): the result is too large"
1 | ["1/x", "x=0"] | "division by zero"
1 | ["x**y", "x=-2", "y=3"] | "does not exist here"
1 | ["sqrt(x) - sqrt(x)", "x=0"] | "infinity minus infinity"
1 | ["sqrt(x) - sqrt(x)", "x=0"] | "is infinite; autograd.step(y) shows how (--step"
1 | ["exp(x)", "x=710"] | "too large"
1 | ["x", "x=1", "--html", "x"] | "a page is saved as .html, got 'x'"
1 | ["x", "x=1", "--svg", "missing/x.svg"] | "missing/x.svg: No such file or directory"
2 | ["play", "--no-open", "2x"] | "there is nothing between 2 and x"
2 | ["play", "--no-open", "x"] | "no value for x"
2 | ["play", "--no-open", "[x]", "x=1"] | "gives a list"
1 | ["play", "--no-open", "log(x)", "x=-1"] | "outside the domain"
1 | ["play", "--no-open", "x", "x=1", "--html", "no/folder/a.html"] | "no/folder/a.html"
2 | ["check", "nowhere_1:f", "--at", "x=1"] | "No module named 'nowhere_1'"
2 | ["check", "math", "--at", "x=1"] | "must be given as MODULE:FUNCTION"
2 | ["check", "math:nothing", "--at", "x=1"] | "has no attribute 'nothing'"
2 | ["check", "math:pi", "--at", "x=1"] | "must be a function, got"
2 | ["check", "math:sin", "--at", "x"] | "values are given as x=1.0 or"
2 | ["check", "math:sin", "--at", "x=1,x=2"] | "each name once"
2 | ["check", "math:sin", "--at", "x=[1,2"] | "values are given as x=1.0 or p=[2.0, 3.0]"
2 | ["check", "math:sin", "--at", "p=[1,two]"] | "p[1]=two: a value is a number"
2 | ["check", "math:sin", "--at", "x=one"] | "x=one: a value is a number"
2 | ["check", "math:sin", "--at", "x=1"] | "a function of floats needs --gradient"
2 | ["check", "autograd:beta", "--at", "z=2"] | "unexpected keyword argument 'z'"
2 | ["check", "math:sin"] | "--at"
1 | ["check", "autograd:log", "--at", "x=-1"] | "outside the domain"
"""


def answer(command: list[str], capsys: pytest.CaptureFixture[str]) -> tuple[int, str, str]:
    """The exit code of a command, and what it writes to stdout and stderr."""
    mains = {"check": check_function, "play": open_page}
    try:
        code = mains.get("".join(command[:1]), calculate)(command)
    except SystemExit as ended:
        code = int(str(ended.code))
    return code, *capsys.readouterr()


def mutants() -> Iterator[list[str]]:
    """The commands, changed in one place."""
    for command in GOOD:
        for place in range(len(command)):
            yield command[:place] + command[place + 1 :]
            yield command[:place] + command[place : place + 1] * 2 + command[place + 1 :]
            for word in NONSENSE:
                yield [*command[:place], word, *command[place + 1 :]]
        for word in NONSENSE:
            yield [*command, word]
    yield from ([word] for word in NONSENSE)
    yield from (list(pair) for pair in itertools.pairwise(NONSENSE))


def test_a_mistaken_command_says_so_and_leaves_nothing(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    codes = {0: 0, 1: 0, 2: 0}
    for command in mutants():
        code, out, err = answer(command, capsys)
        codes[code] += 1
        shown = [word[:40] for word in command]
        assert "Traceback" not in err, shown
        if "doctor" not in command:
            assert code != 0 or err == "", (shown, err[:300])
            assert code != 1 or err or "inconclusive" in out, (shown, out[:300])
            assert code != 2 or (err and not out), (shown, out[:300])
            argparse = len("".join(command)) if err.startswith("usage") else 0
            assert len(err) < 2500 + argparse, (shown, err[:300])
        assert list(tmp_path.iterdir()) == [], shown
    assert min(codes.values()) > 20


@pytest.mark.parametrize(("code", "command", "words"), table(TOLD))
def test_a_mistake_is_told_with_its_exit_code(
    code: int, command: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    found, out, err = answer(command, capsys)
    assert (found, out) == (code, "")
    assert words in err
    of_options = err.startswith("usage: python -m autograd ")
    assert of_options or err.startswith("python -m autograd: ")
    assert ("\npython -m autograd --help says more\n" in err) == (code == 2 and not of_options)
