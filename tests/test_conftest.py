"""A run of the tests draws what the run before drew, unless it is asked for others."""

from __future__ import annotations

import random
import re
import subprocess
import sys
from pathlib import Path

from hypothesis import settings

CONFTEST = Path(__file__).with_name("conftest.py")
TEST = """
import random
from hypothesis import given, strategies as st
@given(st.floats())
def test_drawn(x): print(x)
def test_alone(): print(random.random())
"""


def drawn(folder: Path, *options: str) -> tuple[str, str]:
    """The head of a run's report, and what it drew."""
    command = [sys.executable, "-m", "pytest", "-rP", "-p", "no:cacheprovider", *options]
    run = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True)
    head, _, body = run.stdout.partition("collected")
    return head, "\n".join(re.findall(r"^\S+$", body, re.MULTILINE))


def test_the_default_is_the_same_each_time() -> None:
    same = settings.get_profile("same")
    assert same.derandomize
    assert same.database is None
    assert same.deadline is None
    assert random.getstate() == random.Random(0).getstate()


def test_the_random_profile_prints_the_seed_that_draws_the_same_again(tmp_path: Path) -> None:
    (tmp_path / "conftest.py").write_text(CONFTEST.read_text("utf-8"), "utf-8")
    (tmp_path / "test_it.py").write_text(TEST, "utf-8")
    head, found = drawn(tmp_path, "--hypothesis-profile=random")
    (seed,) = re.findall(r"--hypothesis-seed=\d+", head)
    assert drawn(tmp_path, "--hypothesis-profile=random", seed)[1] == found
    other = drawn(tmp_path, "--hypothesis-profile=random", "--hypothesis-seed=1")[1]
    assert other != found
    assert len(found) > 100
