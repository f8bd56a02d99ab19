"""The command line of the demos: what it runs, and how it ends."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("matplotlib")

from demos import digits
from demos.__main__ import DEMOS, main

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
Call = tuple[Path, bool, int]


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[Call]:
    """Collect the calls of the main demo, in place of running it."""
    made: list[Call] = []
    monkeypatch.setattr(digits, "run", lambda *call: made.append(call))
    monkeypatch.chdir(tmp_path)
    return made


def start(*arguments: str, code: str = "") -> subprocess.Popen[str]:
    """`python -m demos` in a process of its own, after some code."""
    script = (
        f"import sys\n{code}\nfrom demos.__main__ import main\nsys.exit(main(sys.argv[1:]))"
    )
    return subprocess.Popen(
        [sys.executable, "-u", "-c", script, *arguments],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        env={**os.environ, "PYTHONIOENCODING": "utf-8"},
    )


def refusal(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """Return what is written to stderr for arguments that are refused with exit code 2."""
    with pytest.raises(SystemExit) as end:
        main(arguments)
    assert end.value.code == 2
    return capsys.readouterr().err


def test_without_a_name_it_lists_demos_and_runs_the_main_one(
    calls: list[Call], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--list"]) == 0
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()[1:]] == [*DEMOS]
    assert calls == []
    assert main([]) == 0
    assert calls == [(Path("demos-output"), False, 0)]
    output = capsys.readouterr().out
    assert all(name in output for name in DEMOS)
    assert Path("demos-output").is_dir()


def test_options_reach_the_demo(calls: list[Call], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["digits", "--quick", "--out", "deep/down", "--seed", "7"]) == 0
    assert calls == [(Path("deep/down"), True, 7)]
    assert "short run" in capsys.readouterr().out
    assert list(Path("deep/down").iterdir()) == []


def test_there_is_one_file_for_each_demo() -> None:
    parts = {"__init__", "__main__", "common", "lessons", "transformer"}
    others = parts | {"cluster"}  # which needs processes
    assert {path.stem for path in (ROOT / "demos").glob("*.py")} - others == set(DEMOS)


def test_help_names_every_demo_and_fits_a_terminal(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    with pytest.raises(SystemExit) as end:
        main(["--help"])
    assert end.value.code == 0
    output = capsys.readouterr().out
    assert all(name in output for name in (*DEMOS, "--quick", "--out", "--seed", "--list"))
    assert max(map(len, output.splitlines())) <= 80


@pytest.mark.parametrize("name", ["digit", "DIGITS", "digist", "zzz"])
def test_an_unknown_name_gets_the_list_and_a_suggestion(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    message = refusal(capsys, name)
    hint = "" if name == "zzz" else "; did you mean 'digits'?"
    assert f"there is no demo {name!r}{hint}\n" in message
    assert all(demo in message for demo in DEMOS)


@pytest.mark.parametrize("seed", ["-1", "x", "1.5", str(2**31)])
def test_a_seed_is_a_whole_number(seed: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert f"must be a whole number below 2**31, got {seed!r}" in refusal(
        capsys, f"--seed={seed}"
    )


def test_an_output_folder_that_cannot_be_is_refused_at_once(
    calls: list[Call], capsys: pytest.CaptureFixture[str]
) -> None:
    Path("file").touch()
    for out in ("file", "file/below"):
        message = refusal(capsys, "digits", "--out", out)
        assert f"--out {out}: a file is there, not a folder; choose another folder" in message
    message = refusal(capsys, "digits", "--out", "x" * 300)
    assert "too long; choose another folder" in message
    assert calls == []


def test_ctrl_c_ends_with_one_line_and_code_130(tmp_path: Path) -> None:
    with start("digits", "--out", str(tmp_path)) as process:
        assert process.stdout is not None
        assert process.stdout.readline().startswith("An MLP")
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate()
    assert process.returncode == 130
    assert errors == "\ninterrupted\n"
    assert list(tmp_path.iterdir()) == []


def test_a_missing_package_gives_one_line(tmp_path: Path) -> None:
    code = "sys.modules['matplotlib'] = None"
    with start("regression", "--out", str(tmp_path), code=code) as process:
        _, errors = process.communicate()
    assert process.returncode == 1
    assert errors == "matplotlib is not installed: pip install -e '.[demos]'\n"


def test_a_reader_that_leaves_early_gets_no_traceback(tmp_path: Path) -> None:
    with start("regression", "--out", str(tmp_path)) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        errors = process.stderr.read()
    assert process.returncode == 1
    assert errors == ""


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")
@pytest.mark.parametrize("arguments", [["--list"], ["names", "--quick"]])
def test_a_full_disk_gives_one_line(arguments: list[str], tmp_path: Path) -> None:
    with open("/dev/full", "w") as full:
        command = [sys.executable, "-m", "demos", *arguments, "--out", str(tmp_path)]
        run = subprocess.run(command, cwd=ROOT, stdout=full, stderr=subprocess.PIPE, text=True)
    assert run.returncode == 1
    assert run.stderr == "python -m demos: [Errno 28] No space left on device\n"
