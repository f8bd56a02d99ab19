"""Every command with a part of it lost, doubled or replaced by nonsense."""

import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest

from autograd.cli.command import calculate

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
        try:
            code = calculate(command)
        except SystemExit as ended:
            code = int(str(ended.code))
        out, err = capsys.readouterr()
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
