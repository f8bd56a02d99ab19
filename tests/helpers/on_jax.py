"""A training on JAX in a process of its own, which prints JSON.

`python -m tests.helpers.on_jax JSON`

Settings: the entries for `train`, and "devices" of this process.
"""

import json
import os
import random
import sys
from importlib import import_module
from typing import Any

import nn


def data(samples: int, width: int) -> tuple[list[list[float]], list[int]]:
    """Points about three centres, and which one."""
    source = random.Random(5)
    targets = [i % 3 for i in range(samples)]
    return [[source.gauss(t, 1.0) for _ in range(width)] for t in targets], targets


class Net(nn.Module):
    """With dropout, and a branch on a Value that parts the samples."""

    def __init__(self) -> None:
        self.first = nn.Layer(3, 6, activation="tanh")
        self.drop = nn.Dropout(0.25)
        self.last = nn.Layer(6, 3)

    def __call__(self, x: Any) -> Any:
        scores = self.last(self.drop(self.first(x)))
        return scores if scores[0] > scores[1] else [2.0 * score for score in scores]


def train(
    backend: str,
    samples: int = 21,
    epochs: int = 8,
    batch_size: int | None = 8,
    seed: int = 3,
    **options: Any,
) -> dict[str, Any]:
    """Train, and give losses and parameters."""
    random.seed(seed)
    model = Net()
    xs, ys = data(samples, 3)

    optimizer = nn.AdamW(model.parameters(), lr=0.02)
    history = nn.fit(
        model,
        xs,
        ys,
        loss=nn.cross_entropy,
        optimizer=optimizer,
        epochs=epochs,
        batch_size=batch_size,
        scheduler=nn.ExponentialLR(optimizer, gamma=0.98),
        penalty=lambda ps: nn.l2_penalty(ps, 1e-3),
        max_norm=0.5,
        validation=(xs[:8], ys[:8]),
        metrics={"accuracy": nn.accuracy},
        progress=False,
        backend=backend,
        **options,
    )
    return {
        "records": history.to_dict(),
        "data": [p.data for p in model.parameters()],
        "grad": [p.grad for p in model.parameters()],
        "not compiled": history.not_compiled,
    }


def main(settings: dict[str, Any]) -> None:
    devices = settings.pop("devices", 1)
    quick = "--xla_backend_optimization_level=0 --xla_llvm_disable_expensive_passes=true"
    os.environ["XLA_FLAGS"] = f"--xla_force_host_platform_device_count={devices} {quick}"
    jax: Any = import_module("jax")
    jax.config.update("jax_platforms", "cpu")
    jax.config.update("jax_enable_x64", True)
    print(json.dumps(train(**settings) | {"devices": jax.device_count()}))


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
