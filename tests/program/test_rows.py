"""Values whose rows come from here and there, in all methods."""

from collections.abc import Callable
from typing import Any

import pytest

import autograd
from autograd import dot, take
from autograd.program.compiled import Compiled
from tests.program.agreement import obeys

W, X = [0.5, 1.5, 0.7], [[0.3, 0.4], [1.3, 2.4], [0.2, 0.9], [1.1, 0.8]]
ROWS: dict[str, Callable[[Any, Any], Any]] = {
    "uniform numbers among those of lanes": lambda w, x: dot(
        [w[0] * w[1], x[0], w[2]], [x[1], w[0] * w[2], x[0]]
    ).sin(),
    "a number and a lane in one product": lambda w, x: 3.0 * x[0] + x[1] * x[1] * w[0],
    "a number or a lane as what is added to products": lambda w, x: autograd.sum(
        [dot([w[0], 2.0], x, bias).tanh() for bias in (1.0, x[1], x[0], 4.0)]
    ),
    "sums over the lanes that share some of their rows": lambda w, x: (
        dot(w[1:], x) * dot(w[:2], x[::-1]).exp()
    ),
    "a place that is the same in all lanes": lambda w, x: (
        take([x[0], x[1], w[0] * x[0]], 2.0) * w[1]
    ),
    "a product of nothing": lambda w, x: dot([], [], x[0]) * w[1],
    "a choice that is known": lambda w, x: autograd.where(True, w[0] * x[0], x[1]) * w[1],
}


def written_out(w: Any, x: Any) -> Any:
    """One of its sums over the samples does not depend on w."""
    each = [a for sample in x for a in sample]
    moves = autograd.sum([(w[0] * a).exp().sin() for a in each])
    return moves * autograd.sum([(a * a).cos().tanh() for a in each])


@pytest.mark.parametrize("name", ROWS)
def test_rows_from_here_and_there(name: str) -> None:
    fast = Compiled(ROWS[name], (None, 0), "sum", ("simplify",))
    assert obeys(fast, (W, X), 0) > 9


def test_rows_of_what_does_not_move() -> None:
    assert obeys(Compiled(written_out, None, None, ()), (W, X), 0) > 9
