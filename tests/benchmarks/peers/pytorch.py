"""Read the work from standard input, do it with PyTorch, print the times; all in JSON.

A step is a step of training, and gives its loss without the weight decay's part.
"""

from __future__ import annotations

import json
import statistics
import sys
import time
from collections.abc import Callable
from importlib import import_module
from typing import Any

torch: Any = import_module("torch")  # not by name: type checkers need not have it


def batched(work: dict[str, Any]) -> Callable[[], Any]:
    """The whole batch in every tensor; the fastest of the ways that were tried."""
    points = torch.tensor(work["points"], dtype=torch.float64)
    targets = torch.tensor(work["targets"], dtype=torch.float64)
    layers: list[Any] = []
    for weight, bias in work["layers"]:
        linear = torch.nn.Linear(len(weight[0]), len(weight), dtype=torch.float64)
        with torch.no_grad():
            linear.weight.copy_(torch.tensor(weight, dtype=torch.float64))
            linear.bias.copy_(torch.tensor(bias, dtype=torch.float64))
        layers += [linear, torch.nn.ReLU()]
    model = torch.nn.Sequential(*layers[:-1])
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, weight_decay=2e-4, fused=True)

    def step() -> Any:
        loss = torch.relu(1.0 - targets * model(points).squeeze(1)).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return loss.item()

    return step


def scalars(work: dict[str, Any]) -> Callable[[], Any]:
    """Every number a tensor of its own, as every number is a node of ours."""

    def number(x: float) -> Any:
        return torch.tensor(x, dtype=torch.float64, requires_grad=True)

    layers = [
        [([number(w) for w in row], number(b)) for row, b in zip(weight, bias)]
        for weight, bias in work["layers"]
    ]
    parameters = [p for layer in layers for row, b in layer for p in (*row, b)]

    def score(x: Any) -> Any:
        for layer in layers:
            x = [sum((w * xi for w, xi in zip(row, x)), b) for row, b in layer]
            if layer is not layers[-1]:
                x = [xi.relu() for xi in x]
        return x[0]

    def step() -> Any:
        for p in parameters:
            p.grad = None
        hinges = [(1 - t * score(x)).relu() for x, t in zip(work["points"], work["targets"])]
        loss: Any = sum(hinges) / len(hinges)
        (loss + 1e-4 * sum(p * p for p in parameters)).backward()
        with torch.no_grad():
            for p in parameters:
                p -= 0.1 * p.grad
        return loss.item()

    return step


def timed(step: Callable[[], Any], clock: Callable[[], float], rounds: int) -> dict[str, float]:
    losses, times = [step() for _ in range(3)], []
    for _ in range(rounds):
        started = clock()
        step()
        times.append(clock() - started)
    return {"seconds": statistics.median(times), "result": losses[-1]}


work = json.load(sys.stdin)
answer = {
    "version": torch.__version__.partition("+")[0],
    "whole batch, default threads": timed(batched(work), time.perf_counter, 300),
}
torch.set_num_threads(1)
answer["whole batch, one thread"] = timed(batched(work), time.process_time, 300)
answer["every number a tensor"] = timed(scalars(work), time.process_time, 3)
print(json.dumps(answer))
