"""Layers for small images: convolution and pooling, with PyTorch's names and results.

An image is a list of channels, a channel a list of rows; an array of three dimensions, too.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import autograd
from autograd import Value
from nn import checks
from nn.init import Initialiser, fan_in_uniform
from nn.layers import described, initialiser
from nn.module import Module, map_numbers

__all__ = ["Conv2d", "Flatten", "MaxPool2d"]

Image = list[list[list[Any]]]


class Conv2d(Module):
    """out[o][r][s] = b[o] + Σ w[o][c][i][j] · x[c][r + i][s + j], each a single node.

    Args:
        in_channels, out_channels: how many channels an image has, before and after.
        kernel_size, stride, padding: numbers, or pairs (of rows, of columns). Around the image
            are `padding` zeros.
        bias: whether there is b.
        init: an initialiser of `nn.init`, as for `Neuron`.

    Attributes:
        weight: a list of filters, each a list of channels of rows of Values.
        bias: a list of Values; None without bias.

    Raises:
        TypeError, ValueError: an argument is of the wrong type, or out of range.

    >>> import nn
    >>> layer = Conv2d(1, 1, kernel_size=2, init=nn.init.ones())
    >>> [[y.data for y in row] for row in layer([[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]])[0]]
    [[12.0, 16.0]]
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int | Sequence[int],
        stride: int | Sequence[int] = 1,
        padding: int | Sequence[int] = 0,
        bias: bool = True,
        init: Initialiser | None = None,
    ) -> None:
        self.in_channels = checks.count(in_channels, "Conv2d: in_channels")
        self.out_channels = checks.count(out_channels, "Conv2d: out_channels")
        self.kernel_size = _pair(kernel_size, "Conv2d: kernel_size")
        self.stride = _pair(stride, "Conv2d: stride")
        self.padding = _pair(padding, "Conv2d: padding", least=0)
        checks.flag(bias, "Conv2d: bias")
        height, width = self.kernel_size
        sizes = in_channels * height * width, out_channels
        draw = initialiser(init, fan_in_uniform())
        self.weight = [
            [
                [[Value(draw(*sizes)) for _ in range(width)] for _ in range(height)]
                for _ in range(in_channels)
            ]
            for _ in range(out_channels)
        ]
        numbers = [draw(*sizes) if init is None else 0.0 for _ in range(out_channels)]
        self.bias = [*map(Value, numbers)] if bias else None

    def forward(self, x: Any) -> Image:
        """The channels of one image, of which there is one for each filter."""
        x = _padded(_image(self, x, self.in_channels), *self.padding)
        windows = _windows(self, x, self.kernel_size, self.stride)
        channels = []
        for o, filters in enumerate(self.weight):
            b: Any = 0.0 if self.bias is None else self.bias[o]
            ws = [w for rows in filters for row in rows for w in row]
            channels.append(
                [[Value._dot(ws, numbers, b) for numbers in line] for line in windows]
            )
        return channels

    def extra_repr(self) -> str:
        """The settings that differ from the defaults."""
        shown = [f"{self.in_channels}, {self.out_channels}, kernel_size={self.kernel_size}"]
        shown += [f"stride={self.stride}"] * (self.stride != (1, 1))
        shown += [f"padding={self.padding}"] * (self.padding != (0, 0))
        return ", ".join([*shown, *["bias=False"] * (self.bias is None)])


class MaxPool2d(Module):
    """The largest number of each window of an image, channel by channel.

    Args:
        kernel_size: of the window, a number or a pair (rows, columns).
        stride: from window to window; their size if None.

    Several that are largest share the gradient, as in `autograd.maximum`.

    Raises:
        TypeError, ValueError: an argument is of the wrong type, or out of range.

    >>> MaxPool2d(2)([[[1.0, 2.0], [4.0, 3.0]]])
    [[[4.0]]]
    """

    def __init__(
        self, kernel_size: int | Sequence[int], stride: int | Sequence[int] | None = None
    ) -> None:
        self.kernel_size = _pair(kernel_size, "MaxPool2d: kernel_size")
        given = self.kernel_size if stride is None else stride
        self.stride = _pair(given, "MaxPool2d: stride")

    def forward(self, x: Any) -> Image:
        """The channels of one image, with a number for each window."""
        channels = []
        for channel in _image(self, x, None):
            windows = _windows(self, [channel], self.kernel_size, self.stride)
            channels.append([[*map(_largest, line)] for line in windows])
        return channels

    def extra_repr(self) -> str:
        more = "" if self.stride == self.kernel_size else f", stride={self.stride}"
        return f"kernel_size={self.kernel_size}{more}"


class Flatten(Module):
    """The numbers of nested lists as one list: between images and layers.

    >>> Flatten()([[[1.0, 2.0], [3.0, 4.0]]])
    [1.0, 2.0, 3.0, 4.0]
    """

    def forward(self, x: Any) -> list[Any]:
        """All numbers of one sample, in order."""
        numbers: list[Any] = []
        map_numbers(numbers.append, x)
        return numbers


def _largest(xs: list[Any]) -> Any:
    return autograd.maximum(*xs) if len(xs) > 1 else xs[0]


def _pair(size: int | Sequence[int], name: str, least: int = 1) -> tuple[int, int]:
    pair: Any = size if isinstance(size, (tuple, list)) else (size, size)
    if len(pair) != 2:
        raise ValueError(f"{name} must be a number or a pair, got {checks.shortened(size)}")
    return checks.count(pair[0], name, least), checks.count(pair[1], name, least)


def _image(module: Module, x: Any, channels: int | None) -> Image:
    """x as a list of channels of rows that are equally long; ValueError otherwise."""
    given = x.tolist() if hasattr(x, "tolist") else x
    try:
        sizes = {(len(channel), *map(len, channel)) for channel in given}
        fits = len(sizes) == 1 and len({*next(iter(sizes))[1:]}) == 1
        count = len(given)
    except TypeError:
        fits, count = False, 0
    if not fits or (channels is not None and count != channels):
        what = "an image" if channels is None else f"an image of {channels} channel(s)"
        raise ValueError(
            f"{described(module)} takes {what}, a list of channels of rows of equal length, "
            f"got {checks.shortened(x)}; of an array, array.reshape(channels, rows, columns)"
        )
    return list(given)


def _padded(x: Image, rows: int, columns: int) -> Image:
    """The image within so many rows and columns of zeros."""
    empty = [[0.0] * (len(x[0][0]) + 2 * columns)] * rows
    around = [0.0] * columns
    return [[*empty, *[[*around, *row, *around] for row in part], *empty] for part in x]


def _windows(
    module: Module, x: Image, size: tuple[int, int], stride: tuple[int, int]
) -> list[list[list[Any]]]:
    """Return the numbers of each window, by row and column."""
    height, width = len(x[0]), len(x[0][0])
    if height < size[0] or width < size[1]:
        raise ValueError(
            f"{described(module)}: an image of {height} by {width} is smaller than the "
            f"window of {size[0]} by {size[1]}"
        )

    def window(top: int, left: int) -> list[Any]:
        rows = [row for channel in x for row in channel[top : top + size[0]]]
        return [number for row in rows for number in row[left : left + size[1]]]

    tops, lefts = (
        range(0, height - size[0] + 1, stride[0]),
        range(0, width - size[1] + 1, stride[1]),
    )
    return [[window(top, left) for left in lefts] for top in tops]
