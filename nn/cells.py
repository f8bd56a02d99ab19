"""Recurrent cells, with PyTorch's names, parameters and results: one step for one sample."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import autograd
from autograd import Value
from nn import checks
from nn.init import Initialiser, fan_in_uniform
from nn.layers import as_inputs, described, initialiser
from nn.module import Module

__all__ = ["GRUCell", "LSTMCell", "RNNCell"]

State = list[Any]


class _Cell(Module):
    """Rows of weights for some gates; each gate has hidden_size rows."""

    gates = 1

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool = True,
        init: Initialiser | None = None,
    ) -> None:
        kind = type(self).__name__
        self.input_size = checks.count(input_size, f"{kind}: input_size")
        self.hidden_size = checks.count(hidden_size, f"{kind}: hidden_size")
        checks.flag(bias, f"{kind}: bias")
        draw = initialiser(init, fan_in_uniform())
        rows = self.gates * hidden_size
        uniform = hidden_size, hidden_size  # the bound of all in PyTorch: 1/√hidden_size

        def weights(nin: int) -> list[list[Value]]:
            sizes = uniform if init is None else (nin, rows)
            return [[Value(draw(*sizes)) for _ in range(nin)] for _ in range(rows)]

        def biases() -> list[Value] | None:
            numbers = [draw(*uniform) if init is None else 0.0 for _ in range(rows)]
            return [*map(Value, numbers)] if bias else None

        self.weight_ih, self.weight_hh = weights(input_size), weights(hidden_size)
        self.bias_ih, self.bias_hh = biases(), biases()

    def _hidden(self, h: Any, name: str = "h") -> list[Any]:
        """A state as a list; zeros if it is None."""
        if h is None:
            return [0.0] * self.hidden_size
        state = h.tolist() if hasattr(h, "tolist") else h
        if not isinstance(state, (list, tuple)) or len(state) != self.hidden_size:
            got = checks.shortened(h)
            raise ValueError(
                f"{described(self)} takes {name} as a list of {self.hidden_size}, got {got}"
            )
        return list(state)

    def _sums(self, x: list[Any], h: list[Any], gate: int) -> list[Any]:
        """Σ w·x + Σ w·h and both biases, of each row of a gate, each a single node."""
        return [
            Value._dot([*ws, *us, *after], [*x, *h, *([1.0] * len(after))], before)
            for ws, us, before, after in self._rows(gate)
        ]

    def _rows(self, gate: int) -> Iterator[tuple[list[Value], list[Value], Any, list[Value]]]:
        for row in range(gate * self.hidden_size, (gate + 1) * self.hidden_size):
            before = 0.0 if self.bias_ih is None else self.bias_ih[row]
            after = [] if self.bias_hh is None else [self.bias_hh[row]]
            yield self.weight_ih[row], self.weight_hh[row], before, after

    def extra_repr(self) -> str:
        bias = "" if self.bias_ih is not None else ", bias=False"
        return f"{self.input_size}, {self.hidden_size}{bias}"


class RNNCell(_Cell):
    """h' = tanh(W·x + b + U·h + c) (Elman 1990).

    Args:
        input_size, hidden_size: the numbers of inputs and of outputs.
        bias: whether there are b and c.
        nonlinearity: "tanh" or "relu".
        init: an initialiser of `nn.init`, as for `Neuron`.

    Attributes:
        weight_ih, weight_hh: W and U, lists of rows of Values.
        bias_ih, bias_hh: b and c, lists; None without bias.

    Raises:
        TypeError, ValueError: an argument is of the wrong type, or out of range.

    >>> import nn
    >>> cell = RNNCell(2, 3, init=nn.init.zeros())
    >>> h = None  # zeros
    >>> for x in [[1.0, 2.0], [3.0, 4.0]]:
    ...     h = cell(x, h)
    >>> [y.data for y in h]
    [0.0, 0.0, 0.0]
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool = True,
        nonlinearity: str = "tanh",
        init: Initialiser | None = None,
    ) -> None:
        self.nonlinearity = checks.choice(
            ("tanh", "relu"), nonlinearity, "RNNCell: nonlinearity"
        )
        super().__init__(input_size, hidden_size, bias, init)

    def forward(self, x: Any, h: Any = None) -> State:
        """The next h: of one sample x, and of h, a list of hidden_size."""
        f: Callable[[Any], Any] = getattr(autograd, self.nonlinearity)
        return [
            f(y) for y in self._sums(as_inputs(self, self.input_size, x), self._hidden(h), 0)
        ]


class LSTMCell(_Cell):
    """Long short-term memory (Hochreiter & Schmidhuber 1997), with a forget gate (Gers 2000).

    Arguments, attributes and errors as for `RNNCell`; the rows are those of the gates i, f, g
    and o.

    >>> import nn
    >>> cell = LSTMCell(2, 3, init=nn.init.zeros())
    >>> h, c = cell([1.0, 2.0])
    >>> [y.data for y in h]
    [0.0, 0.0, 0.0]
    """

    gates = 4

    def forward(self, x: Any, state: Any = None) -> tuple[State, State]:
        """The next (h, c): of one sample x, and of a pair of lists; zeros if it is None."""
        x = as_inputs(self, self.input_size, x)
        if state is not None and (not isinstance(state, (tuple, list)) or len(state) != 2):
            got = checks.shortened(state)
            raise TypeError(f"{described(self)} takes the state as a pair (h, c), got {got}")
        h, c = state or (None, None)
        h, c = self._hidden(h), self._hidden(c, "c")
        i, f, g, o = [self._sums(x, h, gate) for gate in range(4)]
        c = [
            autograd.sigmoid(forget) * old + autograd.sigmoid(take) * autograd.tanh(new)
            for take, forget, new, old in zip(i, f, g, c)
        ]
        return [autograd.sigmoid(out) * autograd.tanh(y) for out, y in zip(o, c)], c


class GRUCell(_Cell):
    """The gated recurrent unit (Cho et al. 2014).

    Arguments, attributes and errors as for `RNNCell`; the rows are those of the gates r, z
    and n.

    >>> import nn
    >>> cell = GRUCell(2, 3, init=nn.init.zeros())
    >>> [y.data for y in cell([1.0, 2.0])]
    [0.0, 0.0, 0.0]
    """

    gates = 3

    def forward(self, x: Any, h: Any = None) -> State:
        """The next h: of one sample x, and of h, a list of hidden_size."""
        x, h = as_inputs(self, self.input_size, x), self._hidden(h)
        r, z = [[*map(autograd.sigmoid, self._sums(x, h, gate))] for gate in range(2)]
        following = []
        for (ws, us, b, c), reset, keep, old in zip(self._rows(2), r, z, h):
            new = Value._dot(us, h, c[0] if c else 0.0)
            new = autograd.tanh(Value._dot(ws, x, b) + reset * new)
            following.append(new + keep * (old - new))
        return following
