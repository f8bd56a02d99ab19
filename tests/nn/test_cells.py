"""Recurrent cells: against their formulas in NumPy and against PyTorch, eager and compiled."""

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nn
from autograd import Value
from tests.helpers.fitting import fitted
from tests.helpers.tables import table
from tests.helpers.torchs import against_torch, numbers

CELLS: dict[str, Callable[[], Any]] = dict(
    table(
        """
"RNNCell" | lambda: nn.RNNCell(3, 4)
"RNNCell(relu)" | lambda: nn.RNNCell(3, 4, bias=False, nonlinearity="relu")
"GRUCell" | lambda: nn.GRUCell(3, 4)
"LSTMCell" | lambda: nn.LSTMCell(3, 4)
"LSTMCell()" | lambda: nn.LSTMCell(3, 4, bias=False)
""",
        globals(),
    )
)


def logistic(x: Any) -> Any:
    return 1.0 / (1.0 + np.exp(-x))


def formula(cell: Any, x: Any, h: Any, c: Any) -> Any:
    """As PyTorch's documentation writes it."""
    w, u, b, d = [
        0.0 if part is None else np.array(numbers(part))
        for part in (cell.weight_ih, cell.weight_hh, cell.bias_ih, cell.bias_hh)
    ]
    own, past = w @ x + b, u @ h + d
    if isinstance(cell, nn.RNNCell):
        f = np.tanh if cell.nonlinearity == "tanh" else lambda y: np.maximum(y, 0.0)
        return f(own + past)
    if isinstance(cell, nn.GRUCell):
        (r, z, n), (s, y, m) = own.reshape(3, -1), past.reshape(3, -1)
        keep = logistic(z + y)
        return (1.0 - keep) * np.tanh(n + logistic(r + s) * m) + keep * h
    i, f, g, o = (own + past).reshape(4, -1)
    c = logistic(f) * c + logistic(i) * np.tanh(g)
    return logistic(o) * np.tanh(c), c


@pytest.mark.parametrize("name", CELLS)
def test_a_step_is_the_formula_and_the_first_state_is_zero(name: str) -> None:
    random.seed(1)
    cell = CELLS[name]()
    x, h, c = [[random.gauss(0, 1) for _ in range(n)] for n in (3, 4, 4)]
    pair = isinstance(cell, nn.LSTMCell)
    found = cell(x, (h, np.array(c)) if pair else h)
    expected = formula(cell, x, np.array(h), np.array(c))
    assert numbers(found) == pytest.approx(np.array(expected), rel=1e-13)
    zeros = formula(cell, x, np.zeros(4), np.zeros(4))
    assert numbers(cell(x)) == pytest.approx(np.array(zeros), rel=1e-13)
    against_torch(cell, "LSTMCell" if pair else name[: name.find("Cell") + 4], x, h, c)


class Reader(nn.Module):
    """Reads a sequence, and answers with a number."""

    def __init__(self, cell: Any) -> None:
        self.cell, self.out = cell, nn.Layer(4, 1)

    def forward(self, xs: Any) -> Any:
        state = None
        for x in xs:
            state = self.cell(x, state)
        return self.out(state[0] if isinstance(state, tuple) else state)


@pytest.mark.parametrize("name", CELLS)
def test_they_train_the_same_compiled_and_are_saved(name: str, tmp_path: Path) -> None:
    xs = [[[random.uniform(-1, 1) for _ in range(3)] for _ in range(4)] for _ in range(5)]
    ys = [sum(map(sum, x)) for x in xs]
    losses = []
    for compiled in (True, False):
        random.seed(2)
        model = Reader(CELLS[name]())
        optimizer = nn.Adam(model.parameters(), lr=0.05)
        history = fitted(model, xs, ys, optimizer=optimizer, compiled=compiled)
        losses.append(history["loss"])
    assert losses[0] == pytest.approx(losses[1], rel=1e-10)
    assert losses[0][-1] < losses[0][0]
    nn.save_model(model, tmp_path / "cell.safetensors")
    other = Reader(CELLS[name]())
    nn.load_model(other, tmp_path / "cell.safetensors")
    assert other.state_dict() == model.state_dict()


def test_what_is_shown_and_where_they_start() -> None:
    assert repr(nn.GRUCell(3, 4, bias=False)) == "GRUCell(3, 4, bias=False)"
    cell = nn.LSTMCell(100, 4)
    assert all(abs(p.data) <= 0.5 for p in cell.parameters())
    assert max(abs(p.data) for row in cell.weight_ih for p in row) > 0.45
    first = next(iter(dict(cell.named_parameters()).items()))
    assert (first[0], type(first[1])) == ("weight_ih.0.0", Value)
