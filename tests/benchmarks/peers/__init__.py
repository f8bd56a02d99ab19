"""Libraries to be measured beside ours, each in an environment of its own.

They are too large to be asked of everyone who runs the tests. `python -m
tests.benchmarks.peers` makes the environments in `.venv-peers/`, and the benchmarks find them
there.
"""

import functools
import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

ENVIRONMENTS = Path(__file__).parents[3] / ".venv-peers"
NAMES = {"pytorch": "PyTorch", "jax": "JAX", "casadi": "CasADi"}
PACKAGES = {
    "pytorch": ["torch", "numpy"],
    "jax": ["jax"],
    "casadi": ["casadi", "numpy"],
}


def interpreter(peer: str) -> Path:
    """Where the peer's Python is, or would be."""
    return ENVIRONMENTS / peer / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


@functools.cache
def measured(peer: str, work: str) -> tuple[str, dict[str, Any]]:
    """Its name with its version, and what its script says of this work, both in JSON.

    Skips the test where the peer is missing.
    """
    python = interpreter(peer)
    if not python.exists():
        pytest.skip(f"{NAMES[peer]} is not installed; run: python -m tests.benchmarks.peers")
    script = Path(__file__).with_name(f"{peer}.py")
    run = subprocess.run([python, "-I", script], input=work, capture_output=True, text=True)
    if run.returncode:
        pytest.fail(f"{script.name} failed in {python}:\n{run.stderr}")
    answer: dict[str, Any] = json.loads(run.stdout)
    return f"{NAMES[peer]} {answer['version']}", answer
