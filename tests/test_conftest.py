"""A run of the tests is like the run before, unless it is asked for other random numbers."""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

CONFTEST = Path(__file__).with_name("conftest.py")
TEST = """
import random, signal
from hypothesis import given, strategies as st
@given(st.floats())
def test_drawn(x): print(x)
def test_alone(): print(random.random())
def test_interrupted(): assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
"""


def drawn(folder: Path, *options: str) -> tuple[str, str]:
    """The head of a run's report, and what it drew."""
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-rP", "-p", "no:cacheprovider", *options],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(CONFTEST.parents[1])},
        capture_output=True,
        text=True,
        check=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_IGN),  # as after a `&`
    )
    head, _, body = run.stdout.partition("collected")
    return head, "\n".join(re.findall(r"^\S+$", body, re.MULTILINE))


def test_the_random_profile_prints_the_seed_that_draws_the_same_again(tmp_path: Path) -> None:
    (tmp_path / "conftest.py").write_text(CONFTEST.read_text("utf-8"), "utf-8")
    (tmp_path / "test_it.py").write_text(TEST, "utf-8")
    head, found = drawn(tmp_path, "--hypothesis-profile=random")
    (seed,) = re.findall(r"--hypothesis-seed=\d+", head)
    assert drawn(tmp_path, "--hypothesis-profile=random", seed)[1] == found
    other = drawn(tmp_path, "--hypothesis-profile=random", "--hypothesis-seed=1")[1]
    assert other != found
    assert len(found) > 100
