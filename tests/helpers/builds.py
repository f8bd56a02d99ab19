"""The other build of the same source, in a process of its own.

When the tests run compiled, it is the interpreted one, and the other way round.
"""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any, Self

import pytest

from autograd.build.binaries import describe_build

ROOT = Path(__file__).parents[2]
THIS = describe_build()[0]
OTHER = "interpreted" if THIS == "compiled" else "compiled"


def environment(build: str) -> dict[str, str]:
    return {**os.environ, "AUTOGRAD_PURE": "1" if build == "interpreted" else "0"}


def run(build: str, *arguments: str, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    """Runs Python on these arguments with this build, in the root of the repository."""
    return subprocess.run(
        [sys.executable, "-X", "faulthandler", *arguments],
        cwd=ROOT,
        env=environment(build),
        input=stdin,
        capture_output=True,
        check=False,
        timeout=900.0,
    )


def printed(code: str, build: str = THIS) -> str:
    """Return what this code prints, in a process of its own that ends well and in silence."""
    done = run(build, "-W", "error", "-c", code)
    assert (done.returncode, done.stderr.decode()) == (0, "")
    return done.stdout.decode().strip()


def require(build: str) -> None:
    """Skips a test that needs a build which is not here."""
    asked = run(
        build,
        "-c",
        "import autograd.build.binaries as b; print(b.describe_build()[0])",
    )
    if asked.stdout.decode().strip() != build:
        pytest.skip(f"only the {THIS} build is here: install with a C compiler")


def words_of(error: Exception) -> str:
    """The type, message and notes of an error, as far as they are the same in both builds.

    Python and Cython each have words of their own for a wrong number of arguments and for
    an attribute that can't be set, and C calls a type by its full name.
    """
    words = re.sub(r"\bautograd\.(?:\w+\.)+(?=[A-Z])", "", str(error))
    if re.search(r"(missing|takes|needs|unexpected|multiple values).* argument", words):
        words = "wrong arguments"
    if re.search(r"no (setter|deleter)|is not writable|is read-only", words):
        words = "not writable"
    return " ".join([f"{type(error).__name__}: {words}", *getattr(error, "__notes__", [])])


class Worker:
    """A process that answers questions, one line of JSON each; it ends with the block."""

    def __init__(self, build: str, module: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-X", "faulthandler", "-m", module],
            cwd=ROOT,
            env=environment(build),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def ask(self, question: Any) -> Any:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps(question) + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        assert answer, f"the worker ended with code {self.process.wait()} on {question}"
        return json.loads(answer)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.close()
        self.process.stdout.close()
        self.process.wait(100.0)
