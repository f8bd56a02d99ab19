"""How a command ends when its output is closed or full, and after Ctrl-C at any moment."""

import contextlib
import io
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from autograd.cli import ending
from autograd.cli.command import calculate

COMMANDS = ["'x*x' x=2", "'x*x' x=2 --json --order 2", "--help", "--version", "doctor"]
UNWRITTEN = "python -m autograd: the output cannot be written: "


def shell(line: str, **settings: Any) -> tuple[int, str, str]:
    """The status, stdout and stderr of a line in which AUTOGRAD runs the program."""
    line = line.replace("AUTOGRAD", f"'{sys.executable}' -m autograd")
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **settings}
    done = subprocess.run(["sh", "-c", line], text=True, **pipes)
    return done.returncode, done.stdout or "", done.stderr


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_output_that_nobody_reads_ends_it_quietly(command: str, unbuffered: str) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    environment = {**os.environ, "PYTHONUNBUFFERED": unbuffered}
    done = shell(f"AUTOGRAD {command}", stdout=writer, env=environment)
    os.close(writer)
    assert done == (141, "", "")


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize(
    ("output", "why"), [("&-", "Bad file descriptor"), ("/dev/full", "No space left on device")]
)
@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_output_that_cannot_be_written_is_told(
    command: str, output: str, why: str, unbuffered: str
) -> None:
    environment = {**os.environ, "PYTHONUNBUFFERED": unbuffered}
    done = shell(f"AUTOGRAD {command} >{output}", env=environment)
    assert done == (1, "", f"{UNWRITTEN}{why}\n")


@pytest.mark.parametrize("errors", ["&-", "/dev/full"])
def test_errors_that_cannot_be_written_do_not_go_to_stdout(errors: str) -> None:
    assert shell(f"AUTOGRAD 'x*x' x=2 2>{errors}")[0] == 0
    assert shell(f"AUTOGRAD 'x +' 2>{errors}")[1] == ""
    assert shell(f"AUTOGRAD 1 >/dev/full 2>{errors}") == (1, "", "")


def test_without_input_the_steps_are_printed() -> None:
    expected = shell("AUTOGRAD 'x*x' x=2 --step < /dev/null")
    assert (expected[0], expected[2]) == (0, "")
    assert shell("AUTOGRAD 'x*x' x=2 --step <&-") == expected


INTERRUPT = """
import os, signal, sys

class Interrupt:
    def find_spec(name, path=None, target=None):
        if name == os.environ["INTERRUPTED"]:
            os.kill(os.getpid(), signal.SIGINT)

sys.meta_path.insert(0, Interrupt)
"""


@pytest.mark.parametrize(
    "module",
    [
        *("autograd.build", "autograd.core.value", "argparse", "autograd.cli.command"),
        *("autograd.cli.expressions", "autograd.show.drawing.svg"),
    ],
)
def test_an_interrupt_during_imports_ends_it_quietly(module: str, tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(INTERRUPT)
    environment = {**os.environ, "PYTHONPATH": str(tmp_path), "INTERRUPTED": module}
    line = f"AUTOGRAD 'x*x' x=2 --svg {tmp_path / 'x.svg'}"
    assert shell(line, env=environment) == (130, "", "")
    assert [path.name for path in tmp_path.iterdir() if path.suffix] == ["sitecustomize.py"]


def test_other_errors_and_programs_keep_their_tracebacks() -> None:
    code = "import sys, autograd; assert sys.excepthook is sys.__excepthook__"
    subprocess.run([sys.executable, "-c", code, "autograd"], check=True)
    code = "from autograd.cli.ending import hide_interrupts as h; h(); raise {}"
    for error, status, words in (("KeyboardInterrupt", 130, ""), ("KeyError(7)", 1, "7")):
        done = subprocess.run([sys.executable, "-c", code.format(error)], capture_output=True)
        assert (done.returncode, words in done.stderr.decode()) == (status, True)
        assert bool(done.stderr) is bool(words)


@pytest.mark.parametrize("error", [KeyboardInterrupt, KeyError])
def test_an_interrupt_has_no_traceback(
    error: type[BaseException], monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[object] = []
    monkeypatch.setattr(sys, "excepthook", None)
    monkeypatch.setattr(sys, "__excepthook__", lambda *error: seen.append(error[0]))
    monkeypatch.setattr(os, "_exit", lambda status: seen.append(status))
    ending.hide_interrupts()
    sys.excepthook(error, error(), None)
    assert seen[0] == (130 if error is KeyboardInterrupt else KeyError)


def test_output_may_go_into_a_string() -> None:
    with contextlib.redirect_stdout(io.StringIO()) as written:
        assert ending.run_command(calculate, ["1 + 2"]) == 0
        assert ending.run_command(calculate, ["--version"]) == 0
    assert written.getvalue().startswith("1 + 2 = 3.0\nscalar-autograd ")


@pytest.mark.parametrize("buffering", [-1, 1])  # it fails in the end, or in `calculate`
@pytest.mark.parametrize(("output", "status"), [("pipe", 141), ("/dev/full", 1), (None, 1)])
def test_the_status_after_output_that_fails(
    output: str | None, status: int, buffering: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stderr", None)
    monkeypatch.setattr(sys, "stdin", None)
    with contextlib.ExitStack() as stack:
        file = None
        if output == "pipe":
            reader, writer = os.pipe()
            os.close(reader)
            file = stack.enter_context(os.fdopen(writer, "w", buffering))
        elif output:
            file = stack.enter_context(open(output, "w", buffering))
        monkeypatch.setattr(sys, "stdout", file)
        assert ending.run_command(calculate, ["1 + 2"]) == status
    sys.stderr.close()
    sys.stdin.close()
