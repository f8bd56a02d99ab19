"""The tree for terminals."""

import io

import pytest

from autograd import Graph, Value
from tests.helpers.examples import chain, hostile, small


def test_a_tree_has_the_result_first_and_every_number() -> None:
    assert str(small().graph()) == "\n".join(
        [
            "loss  ReLU  data 14.0  grad 1.0",
            "└─ v8  +  data 14.0  grad 1.0  local 1.0",
            "   ├─ v6  v5 * 2.5  data 10.0  grad 1.0  local 1.0",
            "   │  └─ v5  +  data 4.0  grad 2.5  local 2.5",
            "   │     ├─ e  *  data -6.0  grad 2.5  local 1.0",
            "   │     │  ├─ a  data 2.0  grad -3.5  local -3.0",
            "   │     │  └─ b  data -3.0  grad 5.0  local 2.0",
            "   │     └─ c  data 10.0  grad 2.5  local 1.0",
            "   └─ v7  *  data 4.0  grad 1.0  local 1.0",
            "      ├─ a  data 2.0  grad -3.5  local 2.0",
            "      └─ a  data 2.0  grad -3.5  local 2.0",
        ]
    )


def test_a_shared_operation_is_written_out_once() -> None:
    x = Value(2.0, label="x")
    square = x * x
    square.label = "square"
    lines = str((square + square).graph()).splitlines()
    assert lines[1:] == [
        "├─ square  *  data 4.0  grad 0.0  local 1.0",
        "│  ├─ x  data 2.0  grad 0.0  local 2.0",
        "│  └─ x  data 2.0  grad 0.0  local 2.0",
        "└─ square  *  data 4.0  grad 0.0  local 1.0  (above)",
    ]


def test_what_is_shown_may_be_chosen() -> None:
    x = Value(2.0, label="x")
    graph = (x + 1.0).graph(gradients=False, format=".2f")
    assert str(graph) == "v2  x + 1.00  data 3.00\n└─ x  data 2.00  local 1.00"
    assert graph.text(values=False) == "v2  x + 1.00\n└─ x  local 1.00"


def test_depth_and_length_have_an_end_that_says_so() -> None:
    graph = chain(1000).graph(collapse=None)
    lines = str(graph).splitlines()
    assert len(lines) < 100
    assert max(map(len, lines)) < 160
    assert lines[-1].strip() == "… 976 nodes more; see depth and max_nodes"
    assert graph.text(depth=1).splitlines()[2].endswith("└─ …")
    wide = Value(0.0)
    for _ in range(9):
        wide = wide + Value(1.0)
    assert wide.graph().text(max_nodes=4).splitlines()[-1] == (
        "… 15 nodes more; see depth and max_nodes"
    )
    assert len(graph.text(depth=1000, max_nodes=None).splitlines()) == 2001


def test_every_root_is_a_tree() -> None:
    x, y = Value(1.0, label="x"), Value(2.0, label="y")
    assert str(Graph(x, y)).splitlines() == ["x  data 1.0  grad 0.0", "y  data 2.0  grad 0.0"]


def test_labels_cannot_command_the_terminal() -> None:
    text = str(hostile().graph())
    assert all(line.isprintable() or "\u200d" in line for line in text.splitlines())
    assert max(map(len, text.splitlines())) < 200


def test_rich_colours_it_and_changes_no_letter() -> None:
    console = pytest.importorskip("rich.console")
    graph = small().graph()
    for colours in (True, False):
        out = io.StringIO()
        system = "standard" if colours else None
        writer = console.Console(
            file=out, width=200, force_terminal=colours, color_system=system
        )
        writer.print(graph)
        assert ("\x1b[" in out.getvalue()) is colours
        if not colours:
            assert out.getvalue() == f"{graph}\n"
