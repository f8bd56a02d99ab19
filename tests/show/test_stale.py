"""Gradients that a graph's leaves hold from another pass."""

from autograd import Value


def test_what_is_left_from_another_pass_is_marked() -> None:
    w = Value(2.0, label="w")
    (w * w).backward()
    new = w * 3.0
    graph = new.graph()
    assert str(graph) == (
        "v2  w * 3.0  data 6.0  grad 0.0\n└─ w  data 2.0  old grad 4.0  local 3.0"
    )
    assert "old grad" in graph.svg()
    assert "old grad" in graph.dot()
    assert "<td>old 4.0</td>" in graph.html()
    assert r"\frac{d" not in graph.latex()
    assert "old grad" not in new.steps().html()
    new.backward()
    assert r"\frac{d v_{2}}{d w} &= 7" in new.graph().latex()
    assert "old grad" not in new.graph().svg()
