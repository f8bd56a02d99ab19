"""Read a net from standard input, train it with backend="jax" on one thread; in JSON.

Prints the median time of a step of processor time, the third loss, and how long the first
step took, which records and compiles.
"""

import json
import os
import statistics
import sys
import time
from importlib import import_module
from typing import Any

os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"


def main() -> None:
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    jax: Any = import_module("jax")
    jax.config.update("jax_enable_x64", True)
    from nn.training.batches import Batch
    from tests.benchmarks.test_programs import as_step

    task = json.load(sys.stdin)
    step, points, targets = as_step(task, "jax")
    batch = Batch.of(X=points, y=targets)  # as `fit` has it: it stays on the device
    started = time.process_time()
    losses = [step.train(batch)[1]]
    first = time.process_time() - started
    losses += [step.train(batch)[1] for _ in range(2)]
    times = []
    for _ in range(300):
        started = time.process_time()
        step.train(batch)
        times.append(time.process_time() - started)
    print(
        json.dumps({"seconds": statistics.median(times), "result": losses[-1], "first": first})
    )


if __name__ == "__main__":
    main()
