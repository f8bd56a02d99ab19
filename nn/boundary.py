"""The answers of a model with two inputs over their plane, epoch by epoch."""

from __future__ import annotations

import copy
import math
from array import array
from collections.abc import Callable, Iterable, Sequence
from numbers import Real
from typing import Any

from autograd.core import float_sweeps
from nn.losses import binary_cross_entropy_with_logits, cross_entropy
from nn.module import Module
from nn.pages.plane import Plane

CELLS = 32  # of the grid, along its longer side
AROUND = 0.12  # around the samples, as a share of their extent
APART = 8.0  # how many times as far as the other one an input may extend in one scale
CLASSES = 10
MOST_SNAPSHOTS = 60  # at most so many and the first and last, evenly spread

Lead = Callable[[list[float]], float]
Outputs = list[list[list[float]]]  # of the model, by row and column of the grid


class Boundary:
    """The decision boundary of a model: samples, and its parameters every few epochs.

    `fit` keeps one in `history.boundary` when every sample is a pair of numbers and the
    targets name 2 to 10 classes. The model's answers are computed on first use.

    Attributes:
        threshold: above it, a model with one output answers the greater target. It is 0 for
            a loss of logits, else half-way between the two targets; you may set it.

    >>> import nn
    >>> model = nn.Layer(2, 1)
    >>> boundary = Boundary(model, [([0.0, 0.0], -1.0), ([1.0, 1.0], 1.0)], nn.hinge_loss)
    >>> boundary.keep(0)
    >>> boundary.epochs, boundary.threshold
    ([0], 0.0)
    """

    def __init__(
        self, model: Module, samples: Sequence[tuple[Any, Any]], loss: Callable[..., Any]
    ) -> None:
        self.model = model
        self._parameters = model.parameters()
        self.points = [(float(x), float(y)) for (x, y), _ in samples]
        self.targets = [_answer(target) for _, target in samples]
        self.names = sorted(set(self.targets))
        function = getattr(loss, "func", loss)
        self.logits = function in (binary_cross_entropy_with_logits, cross_entropy)
        of_logits = function is binary_cross_entropy_with_logits
        self.threshold = 0.0 if of_logits else (self.names[0] + self.names[-1]) / 2
        self.xs, self.ys = self._grid()
        self._snapshots: dict[int, array[float]] = {}  # the parameters, by epoch
        self._stride = 1
        self._answers: dict[int, Outputs] = {}

    @property
    def epochs(self) -> list[int]:
        """The epochs that were kept."""
        return [*self._snapshots]

    @staticmethod
    def fits(samples: Iterable[tuple[Any, Any]]) -> bool:
        """Whether there is a plane to draw: pairs of numbers, and few classes."""
        if not all(_is_pair(x) for x, _ in samples):
            return False
        try:
            return 2 <= len({_answer(target) for _, target in samples}) <= CLASSES
        except (TypeError, ValueError):
            return False

    def keep(self, epoch: int) -> None:
        """Remember the parameters as they are now.

        Of many epochs some are forgotten: those kept are evenly spread, and the last.
        """
        data = array("d", bytes(8 * len(self._parameters)))
        float_sweeps.read_data(self._parameters, data)
        if len(self._snapshots) > 1 and (last := self.epochs[-1]) % self._stride:
            del self._snapshots[last]
        self._snapshots[epoch] = data
        if len(self._snapshots) > MOST_SNAPSHOTS + 2:
            self._stride *= 2
            for each in self.epochs[1:-1]:
                if each % self._stride:
                    del self._snapshots[each]

    def plane(self) -> Plane | None:
        """The picture of every epoch that was kept; None if the model does not classify.

        It classifies with one output and two classes, or with an output a class and the
        targets their indices.
        """
        outputs = self._all_outputs()
        if not outputs:
            return None
        count, names = len(outputs[0][0][0]), self.names
        if count == 1 and len(names) == 2:
            rule, full = f"output = {self.threshold:.4g}", (names[-1] - names[0]) / 2
            leads: list[Lead] = [lambda out: out[0] - self.threshold]
        elif count > 1 and set(names) <= set(range(count)):
            names, full = [float(k) for k in range(count)], 1.0
            rule, leads = "the two greatest outputs are equal", [*map(_lead, range(count))]
        else:
            return None
        classes = [names.index(target) for target in self.targets]
        labels = [f"class {name:.4g}" for name in names]
        scale = 0.0 if self.logits else full
        return self._divided(classes, labels, rule, leads[-1:] if count == 2 else leads, scale)

    def relief(self) -> Plane:
        """The same for numbers: where the first output is above the middle of the targets."""
        low, high = self.names[0], self.names[-1]
        middle = (low + high) / 2
        classes = [int(target > middle) for target in self.targets]
        labels = [f"target below {middle:.4g}", f"target above {middle:.4g}"]
        rule, scale = f"output = {middle:.4g}", (high - low) / 2 or 1.0
        return self._divided(classes, labels, rule, [lambda out: out[0] - middle], scale)

    def _divided(
        self, classes: list[int], labels: list[str], rule: str, leads: list[Lead], scale: float
    ) -> Plane:
        """The plane, parted where the function of an output changes its sign."""
        points = [(x, y, k) for (x, y), k in zip(self.points, classes)]
        fields = [
            [[[lead(out) for out in row] for row in grid] for lead in leads]
            for grid in self._all_outputs()
        ]
        return Plane(self.xs, self.ys, points, labels, rule, self.epochs, fields, scale)

    def _all_outputs(self) -> list[Outputs]:
        model = copy.deepcopy(self.model).eval()
        grid = [[x, y] for y in self.ys for x in self.xs]
        for epoch in self.epochs:
            if epoch not in self._answers:
                for parameter, data in zip(model.parameters(), self._snapshots[epoch]):
                    parameter.data = data
                flat = iter(map(_outputs, model.predict(grid)))
                self._answers[epoch] = [[next(flat) for _ in self.xs] for _ in self.ys]
        return [self._answers[epoch] for epoch in self.epochs]

    def _grid(self) -> tuple[list[float], list[float]]:
        """The places of the grid, over the samples and a margin.

        Cells are square unless one input extends so much further that the other would be lost.
        """
        lows = [min(place) for place in zip(*self.points)]
        extents = [max(place) - low for place, low in zip(zip(*self.points), lows)]
        longest = max(extents)
        apart = longest > APART * min(extents)
        axes = []
        for low, extent in zip(lows, extents):
            whole = (extent or 1.0) if apart else longest
            margin = AROUND * whole or 1.0
            span, cell = extent + 2 * margin, (whole + 2 * margin) / CELLS
            cells = math.ceil(span / cell - 1e-9)
            start = low - margin - (cells * cell - span) / 2
            axes.append([start + cell * k for k in range(cells + 1)])
        return axes[0], axes[1]


def _lead(k: int) -> Lead:
    """Return the function that subtracts the greatest other output from that of class k."""
    return lambda out: out[k] - max(out[:k] + out[k + 1 :])


def _outputs(output: Any) -> list[float]:
    """An output of the model as a list of numbers."""
    parts = output if isinstance(output, (list, tuple)) else [output]
    return [float(part) for part in parts]


def _answer(target: Any) -> float:
    """The class that a target names: itself, or where the greatest of several stands."""
    if isinstance(target, (list, tuple)):
        return _answer(target[0]) if len(target) == 1 else float(target.index(max(target)))
    return float(target)


def _is_pair(x: Any) -> bool:
    return (
        isinstance(x, (list, tuple))
        and len(x) == 2
        and all(isinstance(part, Real) and math.isfinite(part) for part in x)
    )
