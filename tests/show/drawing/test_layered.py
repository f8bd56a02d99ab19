"""The layout on numbers: nothing on another, and arrows from their tails to their heads."""

import math
from itertools import combinations, pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from autograd.show.drawing.layered import Arrow, Item, Spot, arrow, item, lay_out

LENGTHS = st.floats(20.0, 150.0)
NAME = [40.0, 18.0]


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


def made(
    sizes: list[Spot], edges: list[list[int]], label: Spot
) -> tuple[list[Item], list[Arrow]]:
    boxes = [item([*size], [*NAME], [], -1) for size in sizes]
    return boxes, [arrow(boxes[a], boxes[b], [*label]) for a, b in edges]


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
    label = [30.0, 14.0] if labelled else [0.0, 0.0]
    boxes, arrows = made(sizes, edges, label)
    size = lay_out(boxes, arrows, 600.0, rows)
    if math.isinf(size[0]):
        assert rows == 1
        return
    tails = [each["way"][0] for each in arrows]
    names = [tail for k, tail in enumerate(tails) if tail["of"] and tail not in tails[:k]]
    shown = [*boxes, *names]
    for a, b in combinations(shown, 2):
        assert apart([a["x"], a["y"]], [b["x"], b["y"]], a["size"], b["size"])
    for box in shown:
        long, high = box["size"]
        assert long / 2 - 1e-6 <= box["x"] <= size[0] - long / 2 + 1e-6
        assert high / 2 - 1e-6 <= box["y"] <= size[1] - high / 2 + 1e-6
    for (i, j), each in zip(edges, arrows):
        tail, head, line = each["way"][0], each["way"][-1], each["line"]
        assert tail is boxes[i] or tail["of"][0] is boxes[i]
        assert head is boxes[j]
        assert line[0] == [tail["x"] + tail["size"][0] / 2, tail["y"]]
        assert line[-1][0] == head["x"] - head["size"][0] / 2
        assert abs(line[-1][1] - head["y"]) <= head["size"][1] / 2
        assert all(p[0] <= q[0] + 1e-6 for p, q in pairwise(line))
    if labelled:
        for one, other in combinations(arrows, 2):
            assert apart(one["number"], other["number"], [30.0, 13.0], [30.0, 13.0])
        for each in arrows:
            for box in shown:
                assert apart(each["number"], [box["x"], box["y"]], [28.0, 10.0], box["size"])
    again, others = made(sizes, edges, label)
    assert size == lay_out(again, others, 600.0, rows)
    assert [(box["x"], box["y"]) for box in boxes] == [(box["x"], box["y"]) for box in again]
    assert [each["line"] for each in arrows] == [each["line"] for each in others]


def test_a_circle_has_no_layout() -> None:
    boxes, arrows = made([[50.0, 20.0], [50.0, 20.0]], [[0, 1], [1, 0]], [0.0, 0.0])
    assert math.isinf(lay_out(boxes, arrows, 600.0, 9)[1])


def test_a_leaf_stands_in_the_row_of_its_first_use() -> None:
    boxes, arrows = made([[300.0, 20.0], [500.0, 20.0]], [[0, 1]], [0.0, 0.0])
    size = lay_out(boxes, arrows, 600.0, 9)
    assert arrows[0]["way"][0] is boxes[0]
    assert boxes[0]["y"] == boxes[1]["y"]
    assert size[1] == 20.0
