"""The layout on numbers: nothing on another, and arrows from their tails to their heads."""

from itertools import combinations, pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from autograd.show.drawing.layered import lay_out
from autograd.show.drawing.records import Box, Edge, Position

LENGTHS = st.floats(20.0, 150.0)
NAME = (40.0, 18.0)
Ends = tuple[int, int]


@st.composite
def graphs(draw: st.DrawFn) -> tuple[list[Position], list[Ends]]:
    count = draw(st.integers(1, 14))
    sizes = [(draw(LENGTHS), draw(LENGTHS)) for _ in range(count)]
    edges = [
        (draw(st.integers(0, b - 1)), b)
        for b in range(1, count)
        for _ in range(draw(st.integers(0, 3)))
    ]
    return sizes, edges


def made(
    sizes: list[Position], edges: list[Ends], label: Position
) -> tuple[list[Box], list[Edge]]:
    boxes = [Box(long=long, high=high, tag=NAME) for long, high in sizes]
    return boxes, [Edge(boxes[a], boxes[b], label=label) for a, b in edges]


def apart(a: Position, b: Position, size: Position, other: Position) -> bool:
    return any(abs(a[k] - b[k]) >= (size[k] + other[k]) / 2 - 1e-6 for k in (0, 1))


def place(box: Box) -> Position:
    return box.x, box.y


def extent(box: Box) -> Position:
    return box.long, box.high


@settings(max_examples=60, deadline=None)
@given(graphs(), st.sampled_from([1, 100]), st.booleans())
def test_boxes_numbers_and_arrows(
    graph: tuple[list[Position], list[Ends]], rows: int, labelled: bool
) -> None:
    sizes, edges = graph
    if labelled:  # as high as their numbers need
        sizes = [(long, max(high, 14.0 * len(edges) + 10.0)) for long, high in sizes]
    label = (30.0, 14.0) if labelled else (0.0, 0.0)
    boxes, arrows = made(sizes, edges, label)
    size = lay_out(boxes, arrows, 600.0, rows)
    if size is None:
        assert rows == 1
        return
    names = [*dict.fromkeys([each.way[0] for each in arrows if each.way[0].of])]
    shown = [*boxes, *names]
    for a, b in combinations(shown, 2):
        assert apart(place(a), place(b), extent(a), extent(b))
    for box in shown:
        assert box.long / 2 - 1e-6 <= box.x <= size[0] - box.long / 2 + 1e-6
        assert box.high / 2 - 1e-6 <= box.y <= size[1] - box.high / 2 + 1e-6
    for (i, j), each in zip(edges, arrows):
        tail, head, line = each.way[0], each.way[-1], each.line
        assert tail is boxes[i] or tail.of is boxes[i]
        assert head is boxes[j]
        assert line[0] == (tail.x + tail.long / 2, tail.y)
        assert line[-1][0] == head.x - head.long / 2
        assert abs(line[-1][1] - head.y) <= head.high / 2
        assert all(p[0] <= q[0] + 1e-6 for p, q in pairwise(line))
    if labelled:
        for one, other in combinations(arrows, 2):
            assert apart(one.number, other.number, (30.0, 13.0), (30.0, 13.0))
        for each in arrows:
            for box in shown:
                assert apart(each.number, place(box), (28.0, 10.0), extent(box))
    again, others = made(sizes, edges, label)
    assert size == lay_out(again, others, 600.0, rows)
    assert [*map(place, boxes)] == [*map(place, again)]
    assert [each.line for each in arrows] == [each.line for each in others]
