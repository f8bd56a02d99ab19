"""Toy data: the classes have their shapes, and everything is the same each time."""

import math
from typing import Any

import pytest

from tests.helpers.toys import TOYS, shuffled, toy, uniforms

SQUARE = [-1.0, 1.0, -1.0, 1.0]
SHAPES: dict[str, Any] = {  # whether a point, of a plane that is used wholly, is of its class
    "circles": lambda x, y, k: (math.hypot(x, y) > 0.6) == k,
    "moons": lambda x, y, k: math.isclose(
        math.hypot(x / 0.65 - (k - 0.5), y - 0.25 * (2 * k - 1)), 1.0, rel_tol=1e-9
    ),
    "spiral": lambda x, y, k: (
        (math.cos(1.5 * math.pi * (math.hypot(x, y) - 0.1) / 0.85 - math.atan2(y, x)) > 0) != k
    ),
    "xor": lambda x, y, k: (x * y > 0.0) == k,
}


@pytest.mark.parametrize("name", TOYS)
def test_each_class_has_its_shape(name: str) -> None:
    points = toy(name, 200, 0.0, 1, SQUARE)
    assert all(SHAPES[name](x / 0.8, y / 0.8, k) for x, y, k in points)
    assert {k for _, _, k in points} == {0, 1}
    assert max(abs(part) for x, y, _ in points for part in (x, y)) <= 0.8
    moved = toy(name, 200, 0.0, 1, [9.0, 11.0, -40.0, 40.0])
    assert moved == [pytest.approx([10 + x, 40 * y, k]) for x, y, k in points]


def test_noise_has_its_deviation() -> None:
    clean, noisy = [toy("circles", 4000, noise, 1, SQUARE) for noise in (0.0, 0.5)]
    moves = [b[i] - a[i] for a, b in zip(clean, noisy) for i in (0, 1)]
    assert math.sqrt(sum(x * x for x in moves) / len(moves)) == pytest.approx(0.4, rel=0.03)
    assert abs(sum(moves)) / len(moves) < 0.02


def test_chances_are_even_and_orders_are_whole() -> None:
    chances = uniforms(5, 20_000)
    assert 0.0 < min(chances) < max(chances) < 1.0
    counts = [sum(int(10 * x) == k for x in chances) for k in range(10)]
    assert max(counts) - min(counts) < 300
    assert uniforms(6, 3) != uniforms(5, 3) == chances[:3]
    assert sorted(shuffled(50, 2)) == [*range(50)] != shuffled(50, 2)
