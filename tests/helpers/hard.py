"""Functions whose derivatives differences in floats can hardly tell."""

from __future__ import annotations

import math
import random
from collections.abc import Callable

Function = Callable[[float], float]


def cancelled(x: float) -> float:
    return math.exp(x) - 1.0 - x


def random_slight_kink(rng: random.Random) -> tuple[Function, Function, float]:
    """In a curve, at the point, or as close as 1e-9."""
    k, s = 10.0 ** rng.uniform(-4.0, 0.0), rng.uniform(0.3, 3.0)
    beside = rng.choice([0.0, 1.0, -1.0]) * 10.0 ** rng.uniform(-9.0, -1.0)
    return (
        lambda x: math.exp(3.0 * x) + k * abs(x - s),
        lambda x: 3.0 * math.exp(3.0 * x) + k * (1.0 if x > s else -1.0),
        s + beside,
    )


def cancelling(rng: random.Random) -> tuple[Function, Function, float]:
    x = rng.choice([1.0, -1.0]) * 10.0 ** rng.uniform(-12.0, -1.0)
    return cancelled, math.expm1, x


def cancelling_to_steps(rng: random.Random) -> tuple[Function, Function, float]:
    x = rng.choice([1.0, -0.5]) * 10.0 ** rng.uniform(-17.0, -15.0)
    return lambda x: math.log(1.0 + x), lambda x: 1.0 / (1.0 + x), x


def fast_wave(rng: random.Random) -> tuple[Function, Function, float]:
    return math.sin, math.cos, 2e13 * 10.0 ** rng.uniform(-0.5, 0.5)


def fast_wave_at_small_x(rng: random.Random) -> tuple[Function, Function, float]:
    """On a slope, which its noise seems to be on."""
    w, x = 10.0 ** rng.uniform(12.0, 14.0), rng.choice([1.0, -1.0]) * rng.uniform(0.3, 300.0)
    return lambda x: 3.0 * x + math.sin(w * x), lambda x: 3.0 + w * math.cos(w * x), x


HARD_FOR_FLOATS = [
    random_slight_kink,
    cancelling,
    cancelling_to_steps,
    fast_wave,
    fast_wave_at_small_x,
]
