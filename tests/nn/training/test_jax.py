"""Training on JAX: the same numbers on one device and on eight."""

import json
import os
import pickle
import random
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import nn
from tests.helpers.fitting import fitted
from tests.helpers.on_jax import train

jax: Any = pytest.importorskip("jax", reason="JAX is not installed")


def finished(**settings: Any) -> dict[str, Any]:
    """Return what a process of `tests.helpers.on_jax` prints."""
    what = json.dumps({"backend": "jax"} | settings)
    run = subprocess.run(
        [sys.executable, "-m", "tests.helpers.on_jax", what],
        text=True,
        env=os.environ | {"JAX_PLATFORMS": "cpu"},
        capture_output=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    found: dict[str, Any] = json.loads(run.stdout.splitlines()[-1])
    return found


def agree(found: dict[str, Any], expected: dict[str, Any]) -> None:
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


@pytest.fixture(name="native", scope="module")
def _native() -> dict[str, Any]:
    """A hundred steps with dropout, branches, clipping, a penalty and a schedule."""
    return train("native")


@pytest.mark.slow
def test_one_device(native: dict[str, Any], in_64_bits: None) -> None:
    agree(train("jax"), native)


@pytest.mark.slow
def test_eight_devices_of_one_process(native: dict[str, Any]) -> None:
    found = finished(devices=8)
    assert found["devices"] == 8
    agree(found, native)


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
    with pytest.raises(FloatingPointError):
        step(xs, 1e300 * ys)
    assert [p.data for p in model.parameters()] == before
    assert step.optimizer.steps == 1
    with pytest.raises(ValueError):
        step(np.ones((5, 4)), ys)
    with pytest.raises(ValueError):
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
    for lr, target in ((0.1, 1e300), (1e308, 9.0)):
        for backend in ("native", "jax"):
            model = nn.Layer(1, 1, init=nn.init.constant(1.0))
            optimizer = nn.SGD(model.parameters(), lr=lr)
            step = nn.compile(model, nn.mse_loss, optimizer, backend=backend)
            with pytest.raises(FloatingPointError):
                step([[1.0], [2.0]], [target, 1.0])


def test_a_loss_of_nothing_is_done_by_values(in_64_bits: None) -> None:
    model = nn.Layer(1, 1, init=nn.init.constant(1.0))
    optimizer = nn.SGD(model.parameters(), lr=0.01)
    step = nn.compile(model, lambda: model([2.0]) ** 2, optimizer, backend="jax")
    expected = nn.compile(model, lambda: model([2.0]) ** 2, optimizer)()
    assert step() < expected


class Own(nn.SGD):
    """With a step that can't be recorded."""

    def step(self, closure: Any = None) -> None:
        super().step()


def test_what_jax_cannot_do(in_64_bits: None) -> None:
    step, _, xs, ys = trained(optimizer=Own)
    with pytest.raises(TypeError, match="Own"):
        step(xs, ys)
    jax.config.update("jax_enable_x64", False)
    with pytest.raises(RuntimeError, match="jax_enable_x64"):
        trained()
