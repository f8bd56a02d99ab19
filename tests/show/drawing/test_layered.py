"""The layout on numbers: nothing on another, and arrows from their tails to their heads."""

import math
from itertools import combinations, pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from autograd.show.drawing.layered import Spot, lay_out

LENGTHS = st.floats(20.0, 150.0)


@st.composite
def graphs(draw: st.DrawFn) -> tuple[list[Spot], list[list[int]]]:
    count = draw(st.integers(1, 14))
    sizes = [[draw(LENGTHS), draw(LENGTHS)] for _ in range(count)]
    edges = [
        [draw(st.integers(0, b - 1)), b]
        for b in range(1, count)
        for _ in range(draw(st.integers(0, 3)))
    ]
    return sizes, edges


def apart(a: Spot, b: Spot, size: Spot, other: Spot) -> bool:
    return any(abs(a[k] - b[k]) >= (size[k] + other[k]) / 2 - 1e-6 for k in (0, 1))


@settings(max_examples=60, deadline=None)
@given(graphs(), st.sampled_from([1, 100]), st.booleans())
def test_boxes_numbers_and_arrows(
    graph: tuple[list[Spot], list[list[int]]], rows: int, labelled: bool
) -> None:
    sizes, edges = graph
    for edge in edges if labelled else []:  # as high as its numbers need
        sizes[edge[1]][1] = max(sizes[edge[1]][1], 14.0 * len(edges) + 10.0)
    labels = [[30.0, 14.0] if labelled else [0.0, 0.0] for _ in edges]
    free: list[list[int]] = [[] for _ in sizes]
    names = [[40.0, 18.0] for _ in sizes]
    found = lay_out(sizes, edges, labels, free, [-1 for _ in sizes], names, 600.0, rows)
    places, lines, spots, chips, begins, size = found
    if math.isinf(size[0]):
        assert rows == 1
        return
    assert len(places) == len(sizes) + len(chips)
    every = [*sizes, *[names[i] for i in chips]]
    for i, j in combinations(range(len(places)), 2):
        assert apart(places[i], places[j], every[i], every[j])
    for place, (long, high) in zip(places, every):
        assert long / 2 - 1e-6 <= place[0] <= size[0] - long / 2 + 1e-6
        assert high / 2 - 1e-6 <= place[1] <= size[1] - high / 2 + 1e-6
    for (tail, head), line, begin in zip(edges, lines, begins):
        assert begin == tail or chips[begin - len(sizes)] == tail
        assert line[0] == [places[begin][0] + every[begin][0] / 2, places[begin][1]]
        assert line[-1][0] == places[head][0] - sizes[head][0] / 2
        assert abs(line[-1][1] - places[head][1]) <= sizes[head][1] / 2
        assert all(a[0] <= b[0] + 1e-6 for a, b in pairwise(line))
    if labelled:
        for a, b in combinations(spots, 2):
            assert apart(a, b, [30.0, 13.0], [30.0, 13.0])
        for spot in spots:
            assert all(apart(spot, p, [28.0, 10.0], e) for p, e in zip(places, every))
    assert found == lay_out(sizes, edges, labels, free, [-1 for _ in sizes], names, 600.0, rows)


def test_a_circle_has_no_layout() -> None:
    boxes: list[Spot] = [[50.0, 20.0], [50.0, 20.0]]
    none: list[Spot] = [[0.0, 0.0], [0.0, 0.0]]
    found = lay_out(boxes, [[0, 1], [1, 0]], none, [[], []], [-1, -1], boxes, 600.0, 9)
    assert math.isinf(found[-1][0])


def test_a_leaf_stands_in_the_row_of_its_first_use() -> None:
    boxes: list[Spot] = [[300.0, 20.0], [500.0, 20.0]]
    places, *_, chips, _, size = lay_out(
        boxes, [[0, 1]], [[0.0, 0.0]], [[], []], [-1, -1], boxes, 600.0, 9
    )
    assert chips == []
    assert places[0][1] == places[1][1]
    assert size[1] == 20.0
