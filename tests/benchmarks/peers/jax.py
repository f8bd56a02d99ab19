"""Read the work from standard input, do it with JAX on one thread, print the times; in JSON.

A step is a step of training, and gives its loss without the weight decay's part.
"""

import json
import os
import statistics
import sys
import time
from collections.abc import Callable
from importlib import import_module
from typing import Any

os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
jax: Any = import_module("jax")  # not by name: type checkers need not have it
np: Any = import_module("jax.numpy")
jax.config.update("jax_enable_x64", True)


def net(work: dict[str, Any]) -> Callable[[], float]:
    """The whole step in one jitted function; the parameters are given away and come back."""
    points, targets = np.array(work["points"]), np.array(work["targets"])
    layers = [(np.array(weight).T, np.array(bias)) for weight, bias in work["layers"]]

    def data_loss(layers: Any, points: Any, targets: Any) -> Any:
        x = points
        for weight, bias in layers[:-1]:
            x = jax.nn.relu(x @ weight + bias)
        scores = x @ layers[-1][0] + layers[-1][1]
        if work["loss"] == "cross_entropy":
            right = np.take_along_axis(scores, targets[:, None], 1)[:, 0]
            return np.mean(jax.nn.logsumexp(scores, axis=1) - right)
        return np.mean(jax.nn.relu(1.0 - targets * scores[:, 0]))

    def update(layers: Any, points: Any, targets: Any) -> Any:
        loss, slopes = jax.value_and_grad(data_loss)(layers, points, targets)
        rate, decay = work["rate"], work["decay"]
        return jax.tree.map(lambda p, d: p - rate * (d + decay * p), layers, slopes), loss

    jitted, state = jax.jit(update, donate_argnums=0), [layers]

    def step() -> float:
        state[0], loss = jitted(state[0], points, targets)
        return float(loss)

    return step


def gpt(work: dict[str, Any]) -> Callable[[], float]:
    """Loss and gradient of the model of `tests/helpers/microgpt.py`, a whole word at once."""
    weights = {name: np.array(rows) for name, rows in work["weights"].items()}
    tokens, heads = np.array(work["tokens"]), work["heads"]
    count, width = len(work["tokens"]) - 1, len(work["weights"]["query"])

    def norm(x: Any) -> Any:
        return x * ((x * x).mean(-1, keepdims=True) + 1e-5) ** -0.5

    def split(x: Any) -> Any:
        return x.reshape(count, heads, width // heads).transpose(1, 0, 2)

    def loss(w: Any) -> Any:
        x = norm(w["letters"][tokens[:-1]] + w["places"][:count])
        query, key, value = [split(norm(x) @ w[n].T) for n in ("query", "key", "value")]
        scores = query @ key.transpose(0, 2, 1) * (width // heads) ** -0.5
        scores = np.where(np.tril(np.ones((count, count), bool)), scores, -np.inf)
        attended = (jax.nn.softmax(scores) @ value).transpose(1, 0, 2).reshape(count, width)
        x = attended @ w["out"].T + x
        x = jax.nn.relu(norm(x) @ w["up"].T) ** 2 @ w["down"].T + x
        logits = x @ w["head"].T
        right = np.take_along_axis(logits, tokens[1:, None], 1)[:, 0]
        return np.mean(jax.nn.logsumexp(logits, axis=1) - right)

    jitted = jax.jit(jax.value_and_grad(loss))

    def step() -> float:
        value, slopes = jitted(weights)
        jax.block_until_ready(slopes)
        return float(value)

    return step


def timed(step: Callable[[], float], rounds: int) -> dict[str, float]:
    results, times = [step() for _ in range(3)], []
    for _ in range(rounds):
        started = time.process_time()
        step()
        times.append(time.process_time() - started)
    return {"seconds": statistics.median(times), "result": results[-1]}


if __name__ == "__main__":
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    work = json.load(sys.stdin)
    run = net(work) if work["kind"] == "net" else gpt(work)
    print(json.dumps({"version": jax.__version__, "jit": timed(run, 1000)}))
