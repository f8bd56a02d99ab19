"""Boundaries of functions, and of a line that is trained between two sides."""

import functools
import random
from typing import Any

import nn
from autograd import Value
from nn.boundary import Boundary
from nn.pages.plane import Plane
from tests.helpers.fitting import fitted

SQUARE = [([x, y], 1.0 if x > 0.0 else -1.0) for x in (-1.0, 1.0) for y in (-1.0, 1.0)]


class Fixed(nn.Module):
    """Answers whatever its function says of the inputs, and of one parameter."""

    def __init__(self, answer: Any) -> None:
        self.p = Value(0.0)
        self.answer = answer

    def forward(self, x: Any) -> Any:
        return self.answer(x, self.p)


def boundary_of(answer: Any, samples: Any = SQUARE, loss: Any = nn.mse_loss) -> Boundary:
    boundary = Boundary(Fixed(answer), samples, loss)
    boundary.keep(0)
    return boundary


def plane_of(boundary: Boundary | None) -> Plane:
    assert boundary is not None
    plane = boundary.plane()
    assert plane is not None
    return plane


def train(epochs: int = 5, **settings: Any) -> nn.History:
    """A line between two sides."""
    random.seed(0)
    xs, ys = zip(*SQUARE)
    return fitted(nn.Layer(2, 1), xs, ys, 0.2, epochs, **settings)


trained = functools.cache(train)
