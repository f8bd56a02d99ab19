"""Write the reference numbers of optimizers, schedules, losses and clipping.

Run by hand, where PyTorch is installed: `python make_torch_reference.py`. Everything is
computed in float64, and the JSON files beside this script are replaced.
"""

import importlib
import json
import math
import random
from pathlib import Path
from typing import Any

STEPS = 25

OPTIMIZERS: list[tuple[str, dict[str, Any]]] = [
    ("SGD", {"lr": 0.1}),
    ("SGD", {"lr": 0.1, "weight_decay": 0.3}),
    ("SGD", {"lr": 0.1, "momentum": 0.9}),
    ("SGD", {"lr": 0.1, "momentum": 0.9, "dampening": 0.4}),
    ("SGD", {"lr": 0.1, "momentum": 0.9, "nesterov": True, "weight_decay": 0.01}),
    ("Adam", {}),
    ("Adam", {"lr": 0.05, "betas": [0.8, 0.95], "eps": 1e-3, "weight_decay": 0.1}),
    ("Adam", {"lr": 0.05, "amsgrad": True}),
    ("AdamW", {}),
    ("AdamW", {"lr": 0.05, "weight_decay": 0.5, "amsgrad": True}),
    ("RMSprop", {}),
    ("RMSprop", {"lr": 0.05, "alpha": 0.9, "eps": 1e-3, "weight_decay": 0.1}),
    ("RMSprop", {"lr": 0.05, "momentum": 0.7}),
    ("RMSprop", {"lr": 0.05, "centered": True, "momentum": 0.5}),
]

SCHEDULES: list[tuple[str, dict[str, Any]]] = [
    ("StepLR", {"step_size": 4}),
    ("StepLR", {"step_size": 3, "gamma": 0.7}),
    ("ExponentialLR", {"gamma": 0.9}),
    ("CosineAnnealingLR", {"T_max": 10}),
    ("CosineAnnealingLR", {"T_max": 7, "eta_min": 0.02}),
    ("LinearLR", {}),
    ("LinearLR", {"start_factor": 0.1, "end_factor": 0.8, "total_iters": 12}),
    ("MultiStepLR", {"milestones": [3, 7, 7, 20], "gamma": 0.3}),
    ("OneCycleLR", {"max_lr": 0.7, "total_steps": 26}),
    (
        "OneCycleLR",
        {
            "max_lr": 0.7,
            "epochs": 13,
            "steps_per_epoch": 2,
            "pct_start": 0.4,
            "three_phase": True,
            "anneal_strategy": "linear",
        },
    ),
]

PLATEAUS: list[dict[str, Any]] = [
    {"patience": 2},
    {"mode": "max", "factor": 0.5, "patience": 1, "cooldown": 2},
    {"threshold": 0.5, "threshold_mode": "abs", "patience": 0, "factor": 0.6, "min_lr": 0.05},
    {"mode": "max", "threshold": 0.3, "threshold_mode": "abs", "patience": 1, "eps": 0.02},
]

LOSSES: list[tuple[str, str, dict[str, Any]]] = [
    ("mse_loss", "MSELoss", {}),
    ("l1_loss", "L1Loss", {}),
    ("huber_loss", "HuberLoss", {}),
    ("huber_loss", "HuberLoss", {"delta": 0.3}),
    ("binary_cross_entropy", "BCELoss", {}),
    ("binary_cross_entropy_with_logits", "BCEWithLogitsLoss", {}),
    ("cross_entropy", "CrossEntropyLoss", {}),
    ("cross_entropy", "CrossEntropyLoss", {"label_smoothing": 0.2}),
    ("nll_loss", "NLLLoss", {}),
]


def optimizers(torch: Any) -> dict[str, Any]:
    """Parameters after every step, for given gradients."""
    rng = random.Random(1)
    start = [rng.uniform(-2, 2) for _ in range(3)]
    gradients = [[rng.gauss(0, 1) for _ in start] for _ in range(STEPS)]
    cases = []
    for name, arguments in OPTIMIZERS:
        parameters = [torch.tensor(x, requires_grad=True) for x in start]
        optimizer = getattr(torch.optim, name)(parameters, **arguments)
        path = []
        for gradient in gradients:
            for parameter, g in zip(parameters, gradient):
                parameter.grad = torch.tensor(g)
            optimizer.step()
            path.append([parameter.item() for parameter in parameters])
        cases.append({"name": name, "arguments": arguments, "path": path})
    return {"start": start, "gradients": gradients, "cases": cases}


def schedules(torch: Any) -> dict[str, Any]:
    """The learning rate at first and after every step."""
    module = torch.optim.lr_scheduler
    rng = random.Random(2)
    metrics = [3.0 / (1 + t) + rng.gauss(0, 0.3) for t in range(STEPS)]
    cases = []
    for name, arguments in [*SCHEDULES, *[("ReduceLROnPlateau", each) for each in PLATEAUS]]:
        optimizer = torch.optim.SGD([torch.tensor(0.0, requires_grad=True)], lr=0.5)
        scheduler = getattr(module, name)(optimizer, **arguments)
        rates = [optimizer.param_groups[0]["lr"]]
        for metric in metrics:
            optimizer.step()
            scheduler.step(*[metric] * (name == "ReduceLROnPlateau"))
            rates.append(optimizer.param_groups[0]["lr"])
        cases.append({"name": name, "arguments": arguments, "rates": rates})
    return {"metrics": metrics, "cases": cases}


def losses(torch: Any) -> list[dict[str, Any]]:
    """Losses by each reduction, and the gradient of the mean."""
    rng = random.Random(3)
    scores = [rng.gauss(0, 2) for _ in range(8)]
    numbers = [rng.gauss(0, 2) for _ in range(8)]
    shares = [0.0, 1.0, 1.0, 0.0, 0.25, 0.5, 1.0, 0.9]
    probabilities = [rng.uniform(0.01, 0.99) for _ in range(8)]
    rows = [[rng.gauss(0, 3) for _ in range(5)] for _ in range(6)]
    logs = [torch.log_softmax(torch.tensor(row), 0).tolist() for row in rows]
    classes = [rng.randrange(5) for _ in rows]
    inputs: dict[str, tuple[Any, Any]] = {
        "binary_cross_entropy": (probabilities, shares),
        "binary_cross_entropy_with_logits": (scores, shares),
        "cross_entropy": (rows, classes),
        "nll_loss": (logs, classes),
    }
    cases = []
    for name, torch_name, arguments in LOSSES:
        predictions, targets = inputs.get(name, (scores, numbers))
        case = {"name": name, "arguments": arguments}
        case |= {"predictions": predictions, "targets": targets}
        for reduction in ("mean", "sum", "none"):
            tensor = torch.tensor(predictions, requires_grad=True)
            function = getattr(torch.nn, torch_name)(reduction=reduction, **arguments)
            loss = function(tensor, torch.tensor(targets))
            case[reduction] = loss.tolist()
            if reduction == "mean":
                loss.backward()
                case["gradient"] = tensor.grad.tolist()
        cases.append(case)
    return cases


def clipping(torch: Any) -> dict[str, Any]:
    """Norms and clipped gradients."""
    rng = random.Random(4)
    gradients = [rng.gauss(0, 2) for _ in range(6)]
    cases = []
    for norm_type in (1.0, 2.0, 3.0, math.inf):
        for max_norm in (0.5, 100.0):
            parameters = [torch.tensor(0.0, requires_grad=True) for _ in gradients]
            for parameter, gradient in zip(parameters, gradients):
                parameter.grad = torch.tensor(gradient)
            norm = torch.nn.utils.clip_grad_norm_(parameters, max_norm, norm_type)
            clipped = [parameter.grad.item() for parameter in parameters]
            case = {"norm_type": norm_type, "max_norm": max_norm}
            cases.append(case | {"norm": norm.item(), "clipped": clipped})
    return {"gradients": gradients, "cases": cases}


def main() -> None:
    """Write the four files."""
    torch: Any = importlib.import_module("torch")
    torch.set_default_dtype(torch.float64)
    for make in (optimizers, schedules, losses, clipping):
        path = Path(__file__).with_name(f"torch_{make.__name__}.json")
        path.write_text(json.dumps(make(torch)) + "\n")


if __name__ == "__main__":
    main()
