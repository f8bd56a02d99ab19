"""Read the work from standard input, do it with PyTorch, print the times; all in JSON.

A step is a step of training, and gives its loss without the weight decay's part.
"""

import json
import statistics
import sys
import time
from collections.abc import Callable
from importlib import import_module
from typing import Any

torch: Any = import_module("torch")  # not by name: type checkers need not have it
functional: Any = import_module("torch.nn.functional")


def net(work: dict[str, Any], compiled: bool) -> Callable[[], Any]:
    """The whole batch in every tensor; the fastest of the ways that were tried."""
    points = torch.tensor(work["points"], dtype=torch.float64)
    kind = torch.int64 if work["loss"] == "cross_entropy" else torch.float64
    targets = torch.tensor(work["targets"], dtype=kind)
    layers: list[Any] = []
    for weight, bias in work["layers"]:
        linear = torch.nn.Linear(len(weight[0]), len(weight), dtype=torch.float64)
        with torch.no_grad():
            linear.weight.copy_(torch.tensor(weight, dtype=torch.float64))
            linear.bias.copy_(torch.tensor(bias, dtype=torch.float64))
        layers += [linear, torch.nn.ReLU()]
    model = torch.nn.Sequential(*layers[:-1])
    settings = {"lr": work["rate"], "weight_decay": work["decay"], "fused": True}
    optimizer = torch.optim.SGD(model.parameters(), **settings)

    def data_loss() -> Any:
        scores = model(points)
        if work["loss"] == "cross_entropy":
            return functional.cross_entropy(scores, targets)
        return torch.relu(1.0 - targets * scores.squeeze(1)).mean()

    run = torch.compile(data_loss) if compiled else data_loss

    def step() -> Any:
        loss = run()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return loss.item()

    return step


def gpt(work: dict[str, Any]) -> Callable[[], Any]:
    """Loss and gradient of the model of `tests/helpers/microgpt.py`, a whole word at once."""
    w = {
        name: torch.tensor(rows, dtype=torch.float64, requires_grad=True)
        for name, rows in work["weights"].items()
    }
    tokens, heads = torch.tensor(work["tokens"]), work["heads"]
    count, width = len(tokens) - 1, len(work["weights"]["query"])
    ahead = torch.triu(torch.full((count, count), -torch.inf, dtype=torch.float64), 1)

    def norm(x: Any) -> Any:
        return x * ((x * x).mean(-1, keepdim=True) + 1e-5) ** -0.5

    def split(x: Any) -> Any:
        return x.view(count, heads, width // heads).transpose(0, 1)

    def step() -> Any:
        x = norm(w["letters"][tokens[:-1]] + w["places"][:count])
        query, key, value = [split(norm(x) @ w[n].T) for n in ("query", "key", "value")]
        scores = query @ key.transpose(1, 2) * (width // heads) ** -0.5 + ahead
        attended = (scores.softmax(-1) @ value).transpose(0, 1).reshape(count, width)
        x = attended @ w["out"].T + x
        x = torch.relu(norm(x) @ w["up"].T) ** 2 @ w["down"].T + x
        loss = functional.cross_entropy(x @ w["head"].T, tokens[1:])
        torch.autograd.grad(loss, list(w.values()))
        return loss.item()

    return step


def timed(step: Callable[[], Any]) -> dict[str, float]:
    losses, times = [step() for _ in range(3)], []
    for _ in range(300):
        started = time.process_time()
        step()
        times.append(time.process_time() - started)
    return {"seconds": statistics.median(times), "result": losses[-1]}


work = json.load(sys.stdin)
answer: dict[str, Any] = {"version": torch.__version__.partition("+")[0]}
torch.set_num_threads(1)
if work["kind"] == "net":
    answer["one thread"] = timed(net(work, False))
    answer["torch.compile"] = timed(net(work, True))
else:
    answer["arrays"] = timed(gpt(work))
print(json.dumps(answer))
