"""The page that trains: its size."""

import random

import nn


def test_a_page_of_a_thousand_samples_is_small() -> None:
    source = random.Random(1)
    points = [[source.gauss(0, 1), source.gauss(0, 1)] for _ in range(1000)]
    targets = [1.0 if a * b > 0 else -1.0 for a, b in points]
    model = nn.MLP(2, [16, 16, 1], activation="tanh")
    page = nn.play(model, points, targets, loss=nn.hinge_loss)
    assert len(page.html().encode()) < 300_000
