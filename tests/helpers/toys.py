"""Toy data in Python, to compare with that of `nn/pages/toys.js`: two classes of points."""

from __future__ import annotations

import math

__all__ = ["TOYS", "shuffled", "toy", "uniforms"]

TOYS = ("circles", "moons", "spiral", "xor")
FACTOR, MODULUS = 48271.0, 2147483647.0  # of a random generator, Park and Miller 1988 and 1993
PART = 0.8  # of the plane that is used
TURN = 2.0 * math.pi


def uniforms(seed: float, count: int) -> list[float]:
    """Random numbers between 0 and 1, the same for the same seed, a positive integer."""
    state = seed * 65537.0
    numbers: list[float] = []
    while len(numbers) < count:
        state = FACTOR * state % MODULUS
        numbers.append(state / MODULUS)
    return numbers


def shuffled(count: int, seed: float) -> list[int]:
    """The numbers below `count` in a random order."""
    chances = uniforms(seed, count)
    return sorted(range(count), key=lambda k: chances[k])


def toy(
    name: str, count: int, noise: float, seed: float, sides: list[float]
) -> list[list[float]]:
    """Points as [x₁, x₂, class].

    Args:
        noise: the standard deviation of what is added, where the plane is 2 wide.
        sides: of the plane: least and greatest x₁, least and greatest x₂.
    """
    left, right, bottom, top = sides
    chances = uniforms(seed, 4 * count)
    points: list[list[float]] = []
    for k in range(count):
        u, v = chances[4 * k], chances[4 * k + 1]
        side = k % 2
        if name == "circles":
            radius, angle = 0.7 + 0.25 * u if side else 0.45 * math.sqrt(u), TURN * v
            x, y = radius * math.cos(angle), radius * math.sin(angle)
        elif name == "moons":
            sign = 1.0 - 2.0 * side
            x, y = (
                0.65 * sign * (math.cos(TURN / 2 * u) - 0.5),
                sign * (math.sin(TURN / 2 * u) - 0.25),
            )
        elif name == "spiral":
            radius, angle = 0.1 + 0.85 * u, 0.75 * TURN * u + TURN / 2 * side
            x, y = radius * math.cos(angle), radius * math.sin(angle)
        else:
            x, y = 2.0 * u - 1.0, 2.0 * v - 1.0
            side = 1 if x * y > 0.0 else 0
        far, angle = (
            noise * math.sqrt(-2.0 * math.log(chances[4 * k + 2])),
            TURN * chances[4 * k + 3],
        )
        x, y = x + far * math.cos(angle), y + far * math.sin(angle)  # Box and Muller 1958
        at = (left + right + PART * (right - left) * x) / 2
        points.append([at, (bottom + top + PART * (top - bottom) * y) / 2, side])
    return points
