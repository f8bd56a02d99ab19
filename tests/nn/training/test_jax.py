"""Training on JAX: the same numbers on one device, on eight and in two processes."""

import json
import os
import pickle
import random
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nn
from autograd.core.primitive import TABLE
from nn.training.checkpoint import read_checkpoint
from tests.nn.training.fitting import fitted
from tests.nn.training.on_jax import train

jax: Any = pytest.importorskip("jax", reason="JAX is not installed")
Process = subprocess.Popen[str]


def start(**settings: Any) -> Process:
    """A process of `tests.nn.training.on_jax`."""
    command = [
        sys.executable,
        "-m",
        "tests.nn.training.on_jax",
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


def together(*each: dict[str, Any], **settings: Any) -> list[Process]:
    """Processes that train together, two unless told."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    common = {"count": 2, "port": port} | settings
    return [start(**common | {"index": i} | own) for i, own in enumerate(each or ({}, {}))]


def agree(found: dict[str, Any], expected: dict[str, Any]) -> None:
    assert "error" not in found, found
    assert found["not compiled"] is None
    for name in ("data", "grad"):
        np.testing.assert_allclose(found[name], expected[name], rtol=0, atol=1e-10)
    for name, numbers in expected["records"].items():
        np.testing.assert_allclose(found["records"][name], numbers, rtol=0, atol=1e-10)


@pytest.fixture(name="in_64_bits")
def _in_64_bits() -> Iterator[None]:
    before = jax.config.jax_enable_x64
    jax.config.update("jax_enable_x64", True)
    yield
    jax.config.update("jax_enable_x64", before)


@pytest.fixture(name="own_primitive")
def _own_primitive() -> Iterator[None]:
    yield
    TABLE.pop("softened", None)


@pytest.fixture(name="native", scope="module")
def _native() -> dict[str, Any]:
    """A hundred steps with dropout, branches, clipping, a penalty and a schedule."""
    return train("native")


def test_one_device(native: dict[str, Any], in_64_bits: None) -> None:
    agree(train("jax"), native)


def test_eight_devices_of_one_process(native: dict[str, Any]) -> None:
    found = finished(start(devices=8))
    assert found["devices"] == 8
    agree(found, native)


def test_two_processes_and_one_more_than_was_said(native: dict[str, Any]) -> None:
    *both, third = together({}, {}, {"count": 3})
    _, errors = ended(third)
    assert third.returncode != 0
    assert "Unexpected task registered with task=2" in errors
    for process in both:
        agree(finished(process), native)


@pytest.mark.parametrize("killed", [0, 1])
def test_one_of_two_is_killed(native: dict[str, Any], tmp_path: Path, killed: int) -> None:
    saved, mark = tmp_path / "saved.json", tmp_path / "mark"
    marks = [{"mark": str(mark) if i == killed else None} for i in range(2)]
    processes = together(*marks, checkpoint=str(saved))
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
    for process in together({}, {"seed": 4, "samples": 24}, epochs=1):
        error = finished(process)["error"]
        assert "the parameters, the samples, the state of random of process" in error
        assert "each process has to be given the same" in error


def test_a_process_that_never_arrives(native: dict[str, Any], tmp_path: Path) -> None:
    saved = tmp_path / "saved.json"
    train("native", epochs=2, checkpoint=saved)
    before = saved.read_bytes()
    others = {"checkpoint": str(saved), "resume": True, "initialization_timeout": 1}
    (process,) = together({}, **others)
    lines, errors = ended(process)
    assert process.returncode != 0  # JAX ends it
    assert not lines
    assert "DEADLINE_EXCEEDED" in errors
    assert saved.read_bytes() == before
    agree(train("native", checkpoint=saved, resume=True), native)


def test_a_process_without_the_primitive(tmp_path: Path, own_primitive: None) -> None:
    saved = tmp_path / "saved.json"
    expected = train("native", own=True)
    train("native", own=True, epochs=2, checkpoint=saved)
    before = saved.read_bytes()
    options: dict[str, Any] = {"own": True, "checkpoint": str(saved), "resume": True}
    both = together({}, {"defined": False}, **options)  # the first waits for 30 s
    errors = [finished(process)["error"] for process in both]
    assert "another process is gone" in errors[0]
    assert "the primitive 'softened', which is not defined here" in errors[1]
    assert saved.read_bytes() == before
    agree(train("native", **options), expected)


# ---------------------------------------------------------------- in this process


def trained(backend: str = "jax", **options: Any) -> tuple[Any, Any, Any, Any]:
    """A step, its model, and the samples."""
    random.seed(1)
    model = nn.Layer(3, 2)
    optimizer = options.pop("optimizer", nn.SGD)(model.parameters(), lr=0.1)
    step = nn.compile(model, nn.mse_loss, optimizer, backend=backend, **options)
    source = np.random.default_rng(0)
    return step, model, source.normal(size=(5, 3)), source.normal(size=(5, 2))


def test_the_values_are_the_truth_after_pull(in_64_bits: None) -> None:
    losses = []
    for backend in ("native", "jax"):
        step, model, xs, ys = trained(backend)
        found = [step(xs, ys), step(xs, ys)]
        step.pull()
        model.parameters()[0].data = 0.25
        step.optimizer.lr = 0.01
        found += [step(xs, ys), step(xs, ys), step.evaluate(xs, ys), step(xs[:2], ys[:2])]
        found += step.predict(xs).ravel().tolist()
        losses.append(found)
    np.testing.assert_allclose(losses[1], losses[0], rtol=1e-12)
    assert pickle.loads(pickle.dumps(step)).evaluate(xs, ys) == step.evaluate(xs, ys)


def test_what_becomes_of_the_optimizer_meanwhile(in_64_bits: None) -> None:
    numbers = []
    for backend in ("native", "jax"):
        step, model, xs, ys = trained(backend)
        rule = nn.RMSprop(model.parameters(), 0.01, momentum=0.5, centered=True)
        step = nn.compile(model, step.eager.loss, rule, backend=backend)
        for change in ({}, {"momentum": 0.0}, {"centered": False}, {"momentum": 0.9}):
            for name, x in change.items():
                setattr(rule, name, x)
            step(xs, ys)
        rule.params.reverse()
        step(xs, ys)
        step.pull()
        numbers.append([x for p in model.parameters() for x in (p.data, p.grad)])
        numbers[-1] += [x for buffer in rule.buffers.values() for x in buffer]
    np.testing.assert_allclose(numbers[1], numbers[0], rtol=1e-11)


def test_what_eager_refuses_changes_nothing(in_64_bits: None) -> None:
    step, model, xs, ys = trained()
    step(xs, ys)
    step.pull()
    before = [p.data for p in model.parameters()]
    with pytest.raises(FloatingPointError, match="the loss is inf"):
        step(xs, 1e300 * ys)
    assert [p.data for p in model.parameters()] == before
    assert step.optimizer.steps == 1
    with pytest.raises(ValueError, match="takes 3 inputs, got 4"):
        step(np.ones((5, 4)), ys)
    with pytest.raises(ValueError, match="5 samples in X for 4 samples in y"):
        step(xs, ys[:4])
    assert step(xs, ys) > 0.0


class Scaled(nn.Module):
    """Twice a negative output, times a number that is no parameter."""

    def __init__(self) -> None:
        self.layer = nn.Layer(1, 1, init=nn.init.constant(1.0))
        self.scale = 1.0

    def __call__(self, x: Any) -> Any:
        y = self.layer(x)
        return y * self.scale if y > 0.0 else 2.0 * y


def test_what_a_later_batch_brings(in_64_bits: None) -> None:
    """A way that is new, and a model that a callback has changed."""
    results = []
    for backend in ("native", "jax"):
        model = Scaled()
        step = nn.compile(model, nn.mse_loss, nn.SGD(model.parameters(), 0.01), backend=backend)
        found = [step([[1.0], [2.0]], [1.0, 1.0]), step([[-1.0], [2.0]], [1.0, 1.0])]

        step.pull()

        def change(end: nn.EpochEnd, model: Scaled = model) -> None:
            model.scale = 3.0

        settings: dict[str, Any] = {"callbacks": [change], "backend": backend}
        history = fitted(model, [[1.0], [2.0]], [1.0, 1.0], 0.01, 2, **settings)
        results.append([*found, *history["loss"]])
    np.testing.assert_allclose(results[1], results[0], rtol=1e-12)


def test_what_is_not_finite_is_left_to_eager(in_64_bits: None) -> None:
    for lr, target, message in (
        (0.1, 1e300, "the loss is inf"),
        (1e308, 9.0, "SGD.step: the next value of .* is inf"),
    ):
        for backend in ("native", "jax"):
            model = nn.Layer(1, 1, init=nn.init.constant(1.0))
            optimizer = nn.SGD(model.parameters(), lr=lr)
            step = nn.compile(model, nn.mse_loss, optimizer, backend=backend)
            with pytest.raises(FloatingPointError, match=message):
                step([[1.0], [2.0]], [target, 1.0])


def test_a_loss_of_nothing_is_done_by_values(in_64_bits: None) -> None:
    model = nn.Layer(1, 1, init=nn.init.constant(1.0))
    optimizer = nn.SGD(model.parameters(), lr=0.01)
    step = nn.compile(model, lambda: model([2.0]) ** 2, optimizer, backend="jax")
    expected = nn.compile(model, lambda: model([2.0]) ** 2, optimizer)()
    assert step() < expected


class Own(nn.SGD):
    """With a step that can't be recorded."""

    def step(self) -> None:
        super().step()


def test_what_jax_cannot_do(in_64_bits: None, monkeypatch: pytest.MonkeyPatch) -> None:
    step, _, xs, ys = trained(optimizer=Own)
    with pytest.raises(TypeError, match="JAX can't run Own's step"):
        step(xs, ys)
    with pytest.raises(ValueError, match='backend must be "native" or "jax", got \'cuda\''):
        trained("cuda")
    with pytest.raises(ValueError, match="leave out compiled=False"):
        train("jax", compiled=False)
    jax.config.update("jax_enable_x64", False)
    with pytest.raises(RuntimeError, match="jax_enable_x64"):
        trained()
    monkeypatch.setitem(sys.modules, "jax", None)
    with pytest.raises(ImportError, match=r"pip install 'scalar-autograd\[jax\]'"):
        trained()


@pytest.fixture(name="gathered")
def _gathered(in_64_bits: None, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Says what comes back when two processes, of which this is one, gather arrays."""
    monkeypatch.setattr(jax, "process_count", lambda: 2)

    def say(gather: Callable[[Any], Any]) -> None:
        monkeypatch.setattr("jax.experimental.multihost_utils.process_allgather", gather)

    return say


def test_processes_are_compared(gathered: Callable[..., None]) -> None:
    step, _, xs, ys = trained()
    gathered(lambda own: np.stack([own, own + np.array([0, 1, 0, 0])]))
    with pytest.raises(ValueError, match="compile: the optimizer of process 0 and others"):
        step(xs, ys)
    gathered(lambda own: np.stack([own, own]))
    assert step(xs, ys) == pytest.approx(trained("native")[0](xs, ys), rel=1e-12)


def test_a_process_that_is_gone(gathered: Callable[..., None]) -> None:
    step, _, xs, ys = trained()

    def fails(own: Any) -> Any:
        raise error

    gathered(fails)
    error: Exception = jax.errors.JaxRuntimeError("UNAVAILABLE: connection reset by peer")
    with pytest.raises(RuntimeError, match="compile: another process is gone") as caught:
        step(xs, ys)
    assert caught.value.__cause__ is error
    error = ValueError("of another kind")
    with pytest.raises(ValueError, match="of another kind"):
        step(xs, ys)


def test_no_device_and_no_other_process(
    in_64_bits: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    devices = jax.devices
    monkeypatch.setattr(jax, "devices", lambda: devices("cuda"))
    with pytest.raises(RuntimeError, match=r"finds no device to train on: .*cuda"):
        trained()

    def times_out() -> Any:
        raise RuntimeError("Getting local topologies failed: GetKeyValue() timed out")

    monkeypatch.setattr(jax, "devices", times_out)
    with pytest.raises(RuntimeError, match="another process has not come as far as this"):
        trained()
