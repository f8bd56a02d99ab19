"""Areas and lines of a field on a grid, measured against what they must be."""

import itertools
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nn.pages.contours import Grid, regions

INF, NAN = math.inf, math.nan


def polygons(path: str) -> list[list[tuple[float, float]]]:
    """The corners of each part of an SVG path of M, L and Z."""
    parts = [part.rstrip("Z").split("L") for part in path.split("M")[1:]]
    return [[(float(p.split()[0]), float(p.split()[1])) for p in part] for part in parts]


def area(path: str) -> float:
    total = 0.0
    for corners in polygons(path):
        for (x, y), (to_x, to_y) in zip(corners, corners[1:] + corners[:1]):
            total += (x * to_y - to_x * y) / 2
    return abs(total)


def length(path: str) -> float:
    return sum(
        math.dist(start, end)
        for points in polygons(path)
        for start, end in itertools.pairwise(points)
    )


def test_a_circle_has_its_area_and_its_length() -> None:
    places = [10.0 * k for k in range(41)]
    field = [[150.0 - math.hypot(x - 200, y - 200) for x in places] for y in places]
    inside, line = regions(field, places, places)
    outside, same = regions([[-z for z in row] for row in field], places, places)
    assert area(inside) == pytest.approx(math.pi * 150**2, rel=0.005)
    assert length(line) == pytest.approx(2 * math.pi * 150, rel=0.005)
    assert area(inside) + area(outside) == pytest.approx(400**2, rel=1e-3)
    assert length(same) == pytest.approx(length(line), rel=1e-3)


@pytest.mark.parametrize(
    ("field", "covered", "lines"),
    [
        ([[1.0, 1.0], [1.0, 1.0]], 100.0, 0),
        ([[-1.0, -1.0], [-1.0, -1.0]], 0.0, 0),
        ([[0.0, 0.0], [0.0, 0.0]], 0.0, 0),
        ([[1.0, -1.0], [-1.0, 1.0]], 75.0, 2),
        ([[-1.0, 1.0], [1.0, -1.0]], 75.0, 2),
        ([[3.0, -1.0], [-1.0, -1.0]], 28.125, 1),
        ([[INF, -1.0], [INF, -1.0]], 50.0, 1),
        ([[1.0, NAN], [1.0, NAN]], 50.0, 1),
        ([[1.0, -INF], [1.0, -INF]], 50.0, 1),
    ],
)
def test_one_cell(field: Grid, covered: float, lines: int) -> None:
    path, line = regions(field, [0.0, 10.0], [0.0, 10.0])
    assert area(path) == pytest.approx(covered, rel=0.01)
    assert len(polygons(line)) == lines


def test_cells_that_are_wholly_inside_are_drawn_as_one() -> None:
    places = [0.0, 10.0, 20.0, 30.0]
    field = [[1.0, 1.0, 1.0, -1.0]] * 2
    path, _ = regions(field, places, [0.0, 10.0])
    assert path.startswith("M0 0L20 0L20 10L0 10Z")
    assert area(path) == 250.0


values = st.one_of(st.floats(-2, 2), st.sampled_from([0.0, INF, -INF, NAN]))


@given(st.lists(st.lists(values, min_size=4, max_size=4), min_size=3, max_size=3))
def test_every_field_has_an_area_within_the_grid(field: Grid) -> None:
    path, line = regions(field, [0.0, 10.0, 20.0, 30.0], [0.0, 10.0, 20.0])
    assert 0.0 <= area(path) <= 600.0
    for x, y in [point for part in polygons(path + line) for point in part]:
        assert 0.0 <= x <= 30.0
        assert 0.0 <= y <= 20.0
