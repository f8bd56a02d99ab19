"""Training on JAX: the same numbers on one device, on eight and in two processes."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nn.state import read_checkpoint
from tests.nn.on_jax import train

jax: Any = pytest.importorskip("jax", reason="JAX is not installed")
Process = subprocess.Popen[str]


def start(**settings: Any) -> Process:
    """A process of `tests.nn.on_jax`."""
    command = [
        sys.executable,
        "-m",
        "tests.nn.on_jax",
        json.dumps({"backend": "jax"} | settings),
    ]
    environment = os.environ | {"JAX_PLATFORMS": "cpu"}
    pipes: Any = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    return subprocess.Popen(command, text=True, env=environment, **pipes)


def ended(process: Process) -> tuple[list[str], str]:
    """The lines that it printed, and its errors."""
    out, errors = process.communicate(timeout=120)
    return out.splitlines(), errors


def finished(process: Process) -> dict[str, Any]:
    """What it printed last."""
    lines, errors = ended(process)
    assert lines, errors
    found: dict[str, Any] = json.loads(lines[-1])
    return found


def pair(*both: dict[str, Any], **settings: Any) -> list[Process]:
    """Two processes that train together."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    each = both or ({}, {})
    return [start(**settings, **own, count=2, index=i, port=port) for i, own in enumerate(each)]


def agree(found: dict[str, Any], expected: dict[str, Any]) -> None:
    assert "error" not in found, found
    assert found["not compiled"] is None
    for name in ("data", "grad"):
        np.testing.assert_allclose(found[name], expected[name], rtol=0, atol=1e-10)
    for name, numbers in expected["records"].items():
        np.testing.assert_allclose(found["records"][name], numbers, rtol=0, atol=1e-10)


@pytest.fixture(name="native", scope="module")
def _native() -> dict[str, Any]:
    """A hundred steps with dropout, branches, clipping, a penalty and a schedule."""
    return train("native")


@pytest.mark.parametrize("devices", [1, 8])
def test_devices_of_one_process(native: dict[str, Any], devices: int) -> None:
    found = finished(start(devices=devices))
    assert found["devices"] == devices
    agree(found, native)


def test_two_processes(native: dict[str, Any]) -> None:
    for process in pair():
        agree(finished(process), native)


@pytest.mark.parametrize("killed", [0, 1])
def test_one_of_two_is_killed(native: dict[str, Any], tmp_path: Path, killed: int) -> None:
    saved, mark = tmp_path / "saved.json", tmp_path / "mark"
    marks = [{"mark": str(mark) if i == killed else None} for i in range(2)]
    processes = pair(*marks, checkpoint=str(saved))
    while not mark.exists():
        assert all(each.poll() is None for each in processes)
        time.sleep(0.02)
    processes[killed].kill()
    processes[killed].communicate()
    lines, errors = ended(processes[1 - killed])
    assert processes[1 - killed].returncode != 0
    gone = "RuntimeError: fit: another process is gone" in lines[-1]
    assert gone or (killed == 0 and "another task died" in errors)  # JAX ends the process
    assert len(read_checkpoint(saved)["history"]["loss"]) >= 2
    agree(train("native", checkpoint=saved, resume=True), native)


def test_processes_that_differ() -> None:
    for other, message in (
        ({"seed": 4}, "the parameters of process"),
        ({"samples": 24}, "the samples of process"),
    ):
        for process in pair({}, other, epochs=1):
            found = finished(process)
            assert message in found["error"]
            assert "each process has to be given the same" in found["error"]
