"""What a mistaken call may not change: everything within its reach, made anew for each."""

from __future__ import annotations

import os
import random
from functools import cached_property
from pathlib import Path
from typing import Any

import autograd
import nn
from autograd import Value
from autograd.primitives import TABLE

__all__ = ["World"]


class World:
    """Nodes, a model that is being trained, and a folder, for one call."""

    def __init__(self, folder: Path) -> None:
        random.seed(7)
        self.folder = folder
        self.x, self.y = Value(2.0, label="x"), Value(-3.0, label="y")
        self.x.grad, self.y.grad = 0.5, 0.25
        self.z = self.x * self.y
        self.z.grad, self.z.label = 0.125, "z"
        self.wide = autograd.dot([self.x, self.y, self.z], [1.0, 2.0, 3.0], 4.0)

    @cached_property
    def params(self) -> list[Value]:
        """Two parameters with gradients."""
        params = [Value(1.0, label="p"), Value(-2.0, label="q")]
        params[0].grad, params[1].grad = 3.0, 4.0
        return params

    @cached_property
    def optimizer(self) -> nn.Optimizer:
        """One that has made a step."""
        optimizer = nn.SGD(self.params, lr=0.5, momentum=0.9)
        optimizer.step()
        return optimizer

    @cached_property
    def model(self) -> nn.MLP:
        """A small network."""
        return nn.MLP(2, [2, 1])

    def path(self, name: str) -> str:
        """A file in the folder, which need not be there."""
        return os.fspath(self.folder / name)

    def touched(self) -> dict[str, Any]:
        """Everything as plain data, to be compared after the call."""
        found: dict[str, Any] = {
            "x": _node(self.x),
            "y": _node(self.y),
            "z": _node(self.z),
            "wide": _node(self.wide),
            "random": random.getstate(),
            "recorded": (self.x + 1.0).op is not None,
            "primitives": sorted(TABLE),
            "files": {p.name: p.read_bytes() for p in self.folder.iterdir() if p.is_file()},
        }
        made = vars(self)
        if "params" in made:
            found["params"] = list(map(_node, self.params))
        if "optimizer" in made:
            found["optimizer"] = (self.optimizer.state_dict(), vars(self.optimizer).copy())
        if "model" in made:
            found["model"] = (
                list(map(_node, self.model.parameters())),
                [module.training for module in self.model.modules()],
                repr(self.model),
            )
        for name, thing in made.items():
            if hasattr(thing, "state_dict") and name not in found:
                found[name] = thing.state_dict()
        return found


def _node(x: Value) -> tuple[Any, ...]:
    return x.data, x.grad, x.label, x.op, x.operands, x.partials
