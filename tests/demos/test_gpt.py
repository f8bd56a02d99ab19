"""The gpt demo: it learns, it looks back only, and what it saves is checked."""

import random

import pytest

pytest.importorskip("matplotlib")
pytest.importorskip("names")

import numpy as np

import autograd
from demos import gpt

pytestmark = pytest.mark.slow


def test_it_learns_and_compiled_is_what_the_function_gives() -> None:
    random.seed(0)
    weights = gpt.new_weights()
    names = ["anna", "emma", "nina", "lena", "ada", "ida"]
    losses = gpt.train(weights, names, 30)
    assert losses[-1] < 0.6 * losses[0]
    plain = {name: matrix.tolist() for name, matrix in weights.items()}
    loss, slopes = autograd.value_and_grad(gpt.name_loss)(plain, gpt.numbered("anna"))
    batch = np.array([gpt.numbered("anna")], dtype=float)
    value, gradient = gpt.fast.value_and_grad(weights, batch)
    assert value == pytest.approx(loss, rel=1e-12)
    for name, matrix in gradient.items():
        assert np.allclose(matrix, slopes[name], rtol=1e-9, atol=1e-12)
    assert gpt.mean_loss(weights, ["anna", "ada"]) == pytest.approx(
        (loss + gpt.mean_loss(weights, ["ada"])) / 2.0, rel=1e-12
    )


def test_a_letter_says_nothing_of_those_before_it() -> None:
    random.seed(0)
    plain = {name: matrix.tolist() for name, matrix in gpt.new_weights().items()}
    logits, looks = gpt.predict(plain, [0, 1, 2])
    longer, _ = gpt.predict(plain, [0, 1, 2, 3])
    assert longer[:3] == logits
    for place, heads in enumerate(looks):
        assert all(len(look) == place + 1 for look in heads)
        assert all(sum(look) == pytest.approx(1.0, rel=1e-14) for look in heads)
