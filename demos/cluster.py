"""One training on several processes, each with data of its own: JAX, optax and orbax.

Each process, on as many machines as you like, runs

    python -m demos.cluster ADDRESS COUNT INDEX FOLDER

with the address of the first one, how many there are, its own index, and a folder that all
see. If one is killed, start them all again: they go on from the last checkpoint.
"""

from __future__ import annotations

import random
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

import nn

BATCH, STEPS, EVERY = 8, 30, 5  # samples a process and step, steps, steps a checkpoint


def recorded() -> Any:
    """The step of a small net; the same in each process."""
    random.seed(1)
    model = nn.MLP(2, [8, 1], activation="tanh")
    return nn.compile(model, nn.mse_loss, nn.SGD(model.parameters(), lr=0.1, momentum=0.9))


def shard(index: int) -> tuple[np.ndarray, np.ndarray]:
    """The samples of a process; yours come from files, such as np.load(…, mmap_mode="r")."""
    x = np.random.default_rng(index).uniform(-1.0, 1.0, (40, 2))
    return x, np.where((x**2).sum(1) < 0.5, 1.0, -1.0)


def train(index: int, folder: Path) -> Any:
    """Train, or go on; the step, with what was learned."""
    jax: Any = import_module("jax")
    optax, orbax = import_module("optax"), import_module("orbax.checkpoint")
    mesh = jax.sharding.Mesh(np.array(jax.devices()), ("samples",))
    everywhere, by_sample = [
        jax.sharding.NamedSharding(mesh, jax.sharding.PartitionSpec(*axes))
        for axes in ((), ("samples",))
    ]

    def placed(sharding: Any, tree: Any) -> Any:
        place = jax.make_array_from_process_local_data
        return jax.tree_util.tree_map(lambda x: place(sharding, np.asarray(x)), tree)

    x, y = shard(index)
    step = recorded()
    params, loss = step.jax(x[:2], y[:2])
    rule = optax.sgd(0.1, momentum=0.9)
    state = placed(everywhere, (params, rule.init(params)))

    @jax.jit  # type: ignore[untyped-decorator]
    def update(state: Any, x: Any, y: Any) -> Any:
        params, moments = state
        value, slopes = jax.value_and_grad(loss)(params, x, y)
        changes, moments = rule.update(slopes, moments)
        return (optax.apply_updates(params, changes), moments), value

    manager = orbax.CheckpointManager(folder.absolute())
    last = manager.latest_step() or 0
    if last:
        state = manager.restore(last, args=orbax.args.StandardRestore(state))
    for i in range(last, STEPS):
        part = slice(start := i * BATCH % len(x), start + BATCH)
        state, value = update(state, *placed(by_sample, (x[part], y[part])))
        if (i + 1) % EVERY == 0:
            manager.save(i + 1, args=orbax.args.StandardSave(state))
            print(f"step {i + 1}: loss {float(value):.6f}", flush=True)
    manager.close()
    step.load(jax.tree_util.tree_map(lambda x: x.addressable_data(0), state[0]))
    return step


def main(address: str, count: int, index: int, folder: Path) -> None:
    jax: Any = import_module("jax")
    jax.config.update("jax_enable_x64", True)
    jax.config.update("jax_cpu_collectives_implementation", "gloo")  # between CPUs
    jax.distributed.initialize(address, count, index)
    step = train(index, folder)
    if index == 0:
        nn.save_model(step.model, folder / "model.json")


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), Path(sys.argv[4]))
