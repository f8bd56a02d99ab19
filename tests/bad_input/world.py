"""The state that a mistaken call may not change, made anew for each."""

import os
import random
from pathlib import Path
from typing import Any

import autograd
import nn
from autograd import Value
from autograd.core.primitive import TABLE


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
        self.params = [Value(1.0, label="p"), Value(-2.0, label="q")]
        self.params[0].grad, self.params[1].grad = 3.0, 4.0
        self.optimizer = nn.SGD(self.params, lr=0.5, momentum=0.9)
        self.optimizer.step()
        self.model = nn.MLP(2, [2, 1], init=nn.init.constant(0.5))
        self.model.layers[0].eval()

    def path(self, name: str) -> str:
        """A file in the folder, which need not be there."""
        return os.fspath(self.folder / name)

    def touched(self) -> dict[str, Any]:
        """Everything as plain data, to be compared after the call."""
        return {
            "nodes": [_node(x) for x in (self.x, self.y, self.z, self.wide)],
            "recorded": (self.x + 1.0).op is not None,
            "primitives": sorted(TABLE),
            "random": random.getstate(),
            "files": {p.name: p.read_bytes() for p in self.folder.iterdir() if p.is_file()},
            "parameters": [_node(p) for p in (*self.params, *self.model.parameters())],
            "modes": [module.training for module in self.model.modules()],
            "optimizer": self.optimizer.state_dict(),
            "settings": repr(self.optimizer),
        }


def _node(x: Value) -> tuple[Any, ...]:
    return x.data, x.grad, x.label, x.op, x.operands, x.partials
