"""Numbers as they come: NaN and infinity, Python's, NumPy's and SciPy's."""

import math
from typing import Any

import pytest

import autograd
import nn
from autograd import Value
from tests.helpers.fitting import fitted

INF, NAN = math.inf, math.nan


def shares(y: Any, *xs: Value) -> list[float]:
    for x in xs:
        x.grad = 0.0
    y.backward()
    return [x.grad for x in xs]


def test_a_nan_spoils_what_it_touches_and_nothing_else() -> None:
    w, x, b = Value(2.0), Value(NAN), Value(1.0)
    assert str(shares(w * x + b, w, x, b)) == "[nan, 2.0, 1.0]"
    assert shares(autograd.sum([w, x, b]), w, x, b) == [1.0, 1.0, 1.0]
    errors = [autograd.where(x == x, (w * x - 1.0) ** 2, 0.0) for x in (1.0, NAN, 3.0)]
    assert shares(autograd.sum(errors), w) == [2.0 * 1.0 + 2.0 * 5.0 * 3.0]


@pytest.mark.parametrize("compiled", [None, False])
def test_tables_and_columns_of_pandas_are_samples(compiled: bool | None) -> None:
    pandas = pytest.importorskip("pandas")
    inputs, targets = [[0.0, 1.0], [2.0, 3.0], [1.0, 1.0]], [1.0, -1.0, 1.0]
    table = pandas.DataFrame(inputs, columns=["a", "b"])
    column = pandas.Series(targets, index=[7, 8, 9])
    losses = []
    for xs, ys in ((inputs, targets), (table, column)):
        model = nn.Layer(2, 1, init=nn.init.ones())
        optimizer = nn.SGD(model.parameters(), lr=0.1)
        history = fitted(model, xs, ys, optimizer=optimizer, compiled=compiled)
        step = nn.compile(model, nn.mse_loss, optimizer)
        squares = autograd.compile(lambda y: y * y, in_axes=0, reduce="sum")
        losses.append([*history["loss"], step(xs, ys), *step.predict(xs), squares(ys)])
    assert losses[0] == pytest.approx(losses[1], rel=1e-14)  # BLAS sums columns otherwise


def test_a_table_of_pandas_is_its_rows_not_its_columns() -> None:
    pandas = pytest.importorskip("pandas")
    table, other = pandas.DataFrame([[1.0, 3.0]]), pandas.DataFrame([[1.0, 5.0]])
    with pytest.raises(TypeError):
        nn.Layer(2, 1)(table)
    with pytest.raises(TypeError):
        nn.softmax(table)
    assert nn.mse_loss(table, other) == 2.0
    assert nn.Layer(2, 1, init=nn.init.ones())(table.loc[0]).data == 4.0
