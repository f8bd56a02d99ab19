"""A training on JAX in a process of its own, which prints JSON.

`python -m tests.nn.training.on_jax JSON`

Settings: the entries for `train`; "devices" of this process; with "count", "index", "port" and
"initialization_timeout", it is one of several processes that train together.
"""

import json
import os
import pickle
import random
import signal
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import nn
from autograd import primitive
from autograd.core.primitive import TABLE

NAMED = b"cautograd.core.define\nprimitive_named\n(Vsoftened\ntR."  # a pickle of one


def data(samples: int, width: int) -> tuple[list[list[float]], list[int]]:
    """Points about three centres, and which one."""
    source = random.Random(5)
    targets = [i % 3 for i in range(samples)]
    return [[source.gauss(t, 1.0) for _ in range(width)] for t in targets], targets


def softened_slope(out: Any, x: Any) -> Any:
    return (1.0 - x * x) / (1.0 + x * x) ** 2


class Net(nn.Module):
    """With dropout, and a branch on a Value that parts the samples."""

    def __init__(self, own: bool) -> None:
        self.own = own
        self.first = nn.Layer(3, 6, activation="tanh")
        self.drop = nn.Dropout(0.25)
        self.last = nn.Layer(6, 3)

    def __call__(self, x: Any) -> Any:
        scores = self.last(self.drop(self.first(x)))
        if self.own:
            scores = [pickle.loads(NAMED)(score) for score in scores]
        return scores if scores[0] > scores[1] else [2.0 * score for score in scores]


def train(
    backend: str,
    samples: int = 21,
    epochs: int = 25,
    batch_size: int | None = 6,
    seed: int = 3,
    mark: str | None = None,
    own: bool = False,
    defined: bool = True,
    **options: Any,
) -> dict[str, Any]:
    """Train, and give losses and parameters; with a mark, leave it in the third epoch, and
    wait for a signal; with a primitive of one's own if wanted, which may not be defined."""
    if own and defined and "softened" not in TABLE:
        primitive("softened", lambda x: x / (1.0 + x * x), softened_slope)
    random.seed(seed)
    model = Net(own)
    xs, ys = data(samples, 3)

    def ended(end: nn.EpochEnd) -> None:
        if end.epoch == 3 and mark is not None:
            Path(mark).touch()
            signal.pause()

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
        callbacks=[ended] if mark is not None else [],
        progress=False,
        backend=backend,
        **options,
    )
    return {
        "records": history.records,
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
    if "count" in settings:
        jax.config.update("jax_cpu_collectives_implementation", "gloo")
        jax.distributed.initialize(
            f"127.0.0.1:{settings.pop('port')}",
            num_processes=settings.pop("count"),
            process_id=settings.pop("index"),
            initialization_timeout=settings.pop("initialization_timeout", 60),
        )
    try:
        result = train(**settings) | {"devices": jax.device_count()}
    except Exception as error:
        result = {"error": f"{type(error).__name__}: {error}"}
    print(json.dumps(result), flush=True)
    if "error" in result:
        os._exit(1)  # without waiting for the others


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
