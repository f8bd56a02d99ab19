"""The demo of several processes: as one native training, also if they are killed meanwhile."""

import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nn
from demos import cluster

pytestmark = pytest.mark.slow

for name in ("jax", "optax", "orbax.checkpoint"):
    pytest.importorskip(name, reason=f"{name} is not installed")


PAUSED = """
import signal, sys
from pathlib import Path
from demos import cluster
def say(text, flush):
    print(text, flush=flush)
    if text.startswith(f"step {2 * cluster.EVERY}:"):
        signal.pause()
cluster.print = say
cluster.main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), Path(sys.argv[4]))
"""


def started(folder: Path, *how: str) -> list[Any]:
    """Two processes."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    flags = "--xla_backend_optimization_level=0 --xla_force_host_platform_device_count=1"
    environment = os.environ | {"JAX_PLATFORMS": "cpu", "XLA_FLAGS": flags}
    options: Any = {"stdout": subprocess.PIPE, "text": True, "env": environment}
    command = [sys.executable, *how, address, "2"]
    return [subprocess.Popen([*command, str(i), str(folder)], **options) for i in range(2)]


def told(process: Any) -> list[str]:
    """The steps that it tells of, until it ends."""
    with process:
        return [line.partition(":")[0] for line in process.stdout if line.startswith("step ")]


def native() -> list[float]:
    """Return the numbers that one process learns from the samples of both."""
    step, shards = cluster.recorded(), [cluster.shard(i) for i in range(2)]
    for i in range(cluster.STEPS):
        start = i * cluster.BATCH % len(shards[0][0])
        mine = slice(start, start + cluster.BATCH)
        x, y = (np.concatenate([part[mine] for part in both]) for both in zip(*shards))
        step(x, y)
    return [p.data for p in step.model.parameters()]


def test_processes_that_are_killed_and_started_again(tmp_path: Path) -> None:
    processes = started(tmp_path, "-c", PAUSED)
    for process in processes:  # both wait after the second checkpoint was begun
        assert any(line.startswith(f"step {2 * cluster.EVERY}:") for line in process.stdout)
    for process in processes[::-1]:
        process.kill()
        process.communicate()
    assert not (tmp_path / "model.json").exists()
    processes = started(tmp_path, "-m", "demos.cluster")
    steps = [told(process) for process in processes]
    assert [process.returncode for process in processes] == [0, 0]
    assert steps[0] == steps[1]
    assert steps[0][0] in (f"step {2 * cluster.EVERY}", f"step {3 * cluster.EVERY}")
    assert steps[0][-1] == f"step {cluster.STEPS}"
    model = cluster.recorded().model
    nn.load_model(model, tmp_path / "model.json")
    found = [p.data for p in model.parameters()]
    np.testing.assert_allclose(found, native(), rtol=1e-12)
