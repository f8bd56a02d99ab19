"""Read a net from standard input, train it on JAX on one thread in three ways; in JSON.

`backend="jax"`, `step.jax()` with optax, and written by hand, round by round in turn. Prints
the median time of a step of processor time of each, the third loss, and how long the first
step took, which records and compiles.
"""

import json
import os
import statistics
import sys
import time
from collections.abc import Callable
from importlib import import_module
from typing import Any

if __name__ == "__main__":  # before JAX is imported
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})

from nn.training.batches import Batch
from tests.benchmarks.peers.jax import jax, net, np
from tests.benchmarks.test_programs import as_step

optax: Any = import_module("optax")  # not by name: type checkers need not have it
ROUNDS, LOOPS = 40, {"hinge": 100}


def backend(task: dict[str, Any]) -> Callable[[], float]:
    step, points, targets = as_step(task, "jax")
    batch = Batch(points, targets)  # as `fit` has it: it stays on the device
    return lambda: float(step.engine.train(batch)[1])


def handed(task: dict[str, Any]) -> Callable[[], float]:
    step, points, targets = as_step(task)
    params, loss = step.jax(points, targets)
    rule = optax.chain(optax.add_decayed_weights(task["decay"]), optax.sgd(task["rate"]))
    x, y = np.array(points), np.array(targets)

    def update(state: Any, x: Any, y: Any) -> Any:
        params, moments = state
        value, slopes = jax.value_and_grad(loss)(params, x, y)
        changes, moments = rule.update(slopes, moments, params)
        return (optax.apply_updates(params, changes), moments), value

    jitted, state = jax.jit(update, donate_argnums=0), [(params, rule.init(params))]

    def run() -> float:
        state[0], value = jitted(state[0], x, y)
        return float(value)

    return run


def main() -> None:
    task = json.load(sys.stdin)
    found: dict[str, dict[str, Any]] = {}
    steps: dict[str, Callable[[], float]] = {}
    for make in (net, handed, backend):
        started = time.process_time()
        steps[make.__name__] = step = make(task)
        step()
        first = time.process_time() - started
        found[make.__name__] = {"first": first, "result": [step(), step()][-1]}
    times: dict[str, list[float]] = {name: [] for name in steps}
    loops = LOOPS.get(task["loss"], 8)
    for _ in range(ROUNDS):
        for name, step in steps.items():
            started = time.process_time()
            for _ in range(loops):
                step()
            times[name].append((time.process_time() - started) / loops)
    for name, each in times.items():
        found[name]["seconds"] = statistics.median(each)
    print(json.dumps(found))


if __name__ == "__main__":
    main()
