"""Convolution and pooling: against NumPy and PyTorch, eager and compiled."""

import random
from typing import Any

import numpy as np
import pytest

import nn
from tests.helpers.fitting import fitted
from tests.helpers.tables import table
from tests.helpers.torchs import against_torch, numbers

LAYERS: list[tuple[Any, tuple[int, ...]]] = table(
    """
lambda: nn.Conv2d(2, 3, 3) | (2, 6, 5)
lambda: nn.Conv2d(1, 2, (2, 3), stride=(1, 2), padding=(1, 0), bias=False) | (1, 5, 6)
lambda: nn.Conv2d(2, 1, 2, padding=1) | (2, 3, 3)
lambda: nn.MaxPool2d(2) | (2, 5, 6)
lambda: nn.MaxPool2d(3, stride=2) | (1, 7, 6)
lambda: nn.MaxPool2d(1) | (1, 2, 2)
""",
    globals(),
)


def image(*shape: int) -> Any:
    return np.random.default_rng(sum(shape)).normal(size=shape)


def windowed(layer: Any, x: Any) -> Any:
    """The same by NumPy's windows."""
    rows, columns = layer.stride
    pad = getattr(layer, "padding", (0, 0))
    x = np.pad(x, [(0, 0), *[(n, n) for n in pad]])
    views = np.lib.stride_tricks.sliding_window_view(x, layer.kernel_size, (1, 2))
    views = views[:, ::rows, ::columns]
    if isinstance(layer, nn.MaxPool2d):
        return views.max((-1, -2))
    out = np.einsum("crsij,ocij->ors", views, np.array(numbers(layer.weight)))
    return out if layer.bias is None else out + np.array(numbers(layer.bias))[:, None, None]


@pytest.mark.parametrize(("make", "shape"), LAYERS)
def test_what_a_layer_gives(make: Any, shape: tuple[int, ...]) -> None:
    random.seed(4)
    layer, x = make(), image(*shape)
    found = np.array(numbers(layer(x)))
    expected = windowed(layer, x)
    assert found.shape == expected.shape
    assert found == pytest.approx(expected, rel=1e-12, abs=1e-14)
    assert numbers(layer([[tuple(row) for row in channel] for channel in x])) == found.tolist()
    against_torch(layer, type(layer).__name__, x.tolist())


def test_a_small_network_trains_the_same_compiled() -> None:
    xs, ys = [image(1, 8, 8) * k for k in (0.5, 1.0, 1.5, 2.0)], [0, 1, 2, 1]
    losses = []
    for compiled in (True, False):
        random.seed(2)
        layers = nn.Conv2d(1, 2, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Layer(18, 3)
        model = nn.Sequential(*layers)
        optimizer = nn.Adam(model.parameters(), lr=0.05)
        settings: dict[str, Any] = {"loss": nn.cross_entropy, "compiled": compiled}
        history = fitted(model, np.array(xs), ys, optimizer=optimizer, **settings)
        losses.append(history["loss"])
    assert losses[0] == pytest.approx(losses[1], rel=1e-10)
    assert nn.Flatten()(image(2, 2, 2)) == image(2, 2, 2).ravel().tolist()
    assert [
        repr(layer) for layer in (nn.Conv2d(1, 2, 3, 2, 1, bias=False), nn.MaxPool2d(2))
    ] == [
        "Conv2d(1, 2, kernel_size=(3, 3), stride=(2, 2), padding=(1, 1), bias=False)",
        "MaxPool2d(kernel_size=(2, 2))",
    ]
    assert repr(nn.MaxPool2d(2, 1)) == "MaxPool2d(kernel_size=(2, 2), stride=(1, 1))"
