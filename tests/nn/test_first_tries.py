"""First tries, as lectures, PyTorch and Keras have them: each works, or says how."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import autograd
import nn
from autograd import Value
from tests.helpers.tables import table


def weights() -> Any:
    """An array of Values with gradients."""
    array = autograd.array([[1.0, 2.0], [3.0, 4.0]])
    (array * array).sum().backward()
    return array


WRITES: dict[str, tuple[Callable[[Any], Any], str]] = dict(
    table(
        """
"whole" | (lambda x: x.__setitem__(slice(None), 7.0), "7 7 7 7")
"item" | (lambda x: x.__setitem__((0, 1), 7.0), "2 7 6 8")
"row" | (lambda x: x[1].__setitem__(slice(None), [7.0, 9.0]), "2 4 7 9")
"in place" | (lambda x: x.__getitem__(0).__imul__(0.5), "1 2 6 8")
"mask" | (lambda x: x.__setitem__(x > 5.0, 0.0), "2 4 0 0")
"out" | (lambda x: np.clip(x, 3.0, 7.0, out=x), "3 4 6 7")
""",
        globals(),
    )
)


@pytest.mark.parametrize("name", ["data", "grad"])
@pytest.mark.parametrize("case", WRITES)
def test_what_is_written_into_numbers_reaches_the_values(case: str, name: str) -> None:
    array, (write, expected) = weights(), WRITES[case]
    setattr(array, name, [[2.0, 4.0], [6.0, 8.0]])
    numbers = getattr(array, name)
    write(numbers)
    wanted = [float(x) for x in expected.split()]
    assert [getattr(x, name) for x in array.ravel()] == wanted == numbers.ravel().tolist()


def test_a_view_that_could_not_reach_them_can_only_be_read() -> None:
    array = weights()
    for view in (array.data.T, array.grad.reshape(-1)):
        with pytest.raises(ValueError):
            view[0] = 1.0
    with pytest.raises(ValueError, match="read"):
        array.data.fill(0.0)
    copied = array.data.copy()
    copied[0] = 9.0
    assert array.data.tolist() == [[1.0, 2.0], [3.0, 4.0]]


def test_descent_on_an_array() -> None:
    array = weights()
    array.data[:] -= 0.5 * array.grad
    array.grad = None
    assert not array.data.any()
    assert not array.grad.any()
    array.grad[0] = 1.0
    nn.SGD([array], lr=2.0).step()
    assert array.data.tolist() == [[-2.0, -2.0], [0.0, 0.0]]
    array.zero_grad()
    assert not array.grad.any()


def test_names_of_pytorch_on_arrays() -> None:
    array = weights()
    assert array.mean(dim=1, keepdim=True).data.tolist() == [[1.5], [3.5]]
    assert array.sum(0).data.tolist() == [4.0, 6.0]
    assert array.view(-1).shape == (4,)
    assert array.view(np.ndarray).dtype == object


def test_a_number_put_into_an_array_is_a_value_of_its_own() -> None:
    array = autograd.array([1.0, 2.0, 3.0])
    array[0] = 0.0
    array[1:] = 5.0
    assert np.exp(array)[0].data == 1.0
    assert all(type(x) is Value for x in array)
    assert array[1] is not array[2]


def test_softmax_of_minus_infinity() -> None:
    array = autograd.array([0.0, -np.inf, 0.0])
    assert autograd.softmax(array).data.tolist() == [0.5, 0.0, 0.5]
    assert autograd.log_softmax(array).data[1] == -np.inf


def test_item_keeps_the_gradient_where_one_is_taken() -> None:
    assert autograd.grad(lambda xs: (xs * xs).sum().item())(np.array([1.0, 2.0])).tolist() == [
        *(2.0, 4.0),
    ]
    assert type((Value(2.0) * 3.0).item()) is float


MODEL = nn.Layer(2, 1)
FIT: dict[str, Any] = {
    "loss": nn.mse_loss,
    "optimizer": nn.SGD(MODEL.parameters(), lr=0.1),
    "epochs": 1,
    "progress": False,
}


def test_an_embedding_takes_a_sequence() -> None:
    model = nn.Sequential(nn.Embedding(5, 2), nn.Flatten(), nn.Layer(6, 1))
    table = model.layers[0]
    assert table([1, 3]) == [table(1), table(3)]
    assert isinstance(model([1, 2, 3]), Value)


def test_a_history_is_a_dict() -> None:
    history = nn.fit(MODEL, [[0.0, 1.0]], [0.0], **FIT)
    assert dict(history) == history.history == {"loss": history["loss"]}
    assert list(history.items()) == [("loss", history["loss"])]


def test_a_model_alone_in_a_notebook_is_its_drawing() -> None:
    state = random.getstate()
    model = nn.Sequential(nn.Layer(2, 3), nn.Dropout(0.5), nn.Layer(3, 1))
    shown = model._repr_mimebundle_()
    assert "<svg" in str(shown)
    assert nn.Embedding(3, 2)._repr_mimebundle_() is None
    random.setstate(state)


def test_a_thread_that_draws_makes_no_step_refuse() -> None:
    ended = threading.Event()

    def draw() -> None:
        while not ended.is_set():
            random.random()
            np.random.random()

    thread = threading.Thread(target=draw)
    thread.start()
    try:
        for _ in range(3):
            model = nn.MLP(40, [40, 3])
            step = nn.compile(model, nn.cross_entropy, nn.SGD(model.parameters(), lr=0.1))
            assert step(np.ones((4, 40)), [0, 1, 2, 0]) > 0.0
    finally:
        ended.set()
        thread.join()
