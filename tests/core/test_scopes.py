"""Where nodes were made: kept within blocks, by every way to make one, and nowhere else."""

import copy
import pickle
import sys
import threading

import pytest

import autograd
import nn
from autograd import Value, dot, lines, maximum, no_grad, scope, sigmoid
from autograd.core.blocks import origin_of


def every_kind(x: Value) -> list[Value]:
    """Nodes by each of the ways that lead to one."""
    found = [Value(1.0), Value(1.0, label="a"), x + 1.0, 1.0 - x, x * x, x**2, x**x, x.exp()]
    found += [sigmoid(x), maximum(x, x, 2.0), dot([x, x], [x, 1.0], x), x.atan2(2.0), -x]
    return [*found, autograd.sum([x, x, x]), x.detach()]


def where(node: Value) -> tuple[str, int]:
    origin = origin_of(node)
    return (origin.scope, origin.line) if origin else ("", 0)


def test_outside_of_blocks_nothing_is_kept() -> None:
    with scope("a"), lines():
        pass
    assert {origin_of(node) for node in every_kind(Value(0.5))} == {None}


def test_scopes_nest_and_end() -> None:
    x = Value(0.5)
    with scope("a"):
        assert {where(node) for node in every_kind(x)} == {("a", 0)}
        with scope("b"), no_grad():
            assert {where(node) for node in every_kind(x)} == {("a/b", 0)}
        with pytest.raises(ZeroDivisionError), scope("c"):
            x / 0.0
        assert where(x * x) == ("a", 0)
    assert origin_of(x * x) is None


def test_lines_are_those_of_the_caller_of_this_library() -> None:
    with lines(), scope("a"):
        x, here = Value(0.5), sys._getframe().f_lineno
        nodes = [*every_kind(x), nn.Neuron(1)([x])]
    first = every_kind.__code__.co_firstlineno
    assert where(x) == ("a", here)
    assert {where(node)[1] for node in nodes[:8]} == {first + 2}
    assert where(nodes[-1]) == ("a", here + 1)
    origin = origin_of(x)
    assert origin is not None
    assert origin.file == __file__


def test_labels_and_copies() -> None:
    with scope("a"):
        x = Value(0.5, label="x")
        nodes = [x, x * x, dot([x, x], [x, x])]
    for node in nodes:
        for label in ("y", None, "z"):
            node.label = label
            assert node.label == label
            assert where(node) == ("a", 0)
        for other in (copy.copy(node), copy.deepcopy(node), pickle.loads(pickle.dumps(node))):
            assert (other.label, other.data, where(other)) == ("z", node.data, ("", 0))
    nodes[-1].backward()
    assert nodes[0].grad == 2.0 * 0.5 * 2


def test_as_a_decorator_also_of_what_calls_itself() -> None:
    @scope("half")
    def halved(x: Value, times: int) -> Value:
        return halved(x * 0.5, times - 1) if times else x * 1.0

    assert where(halved(Value(1.0), 2)) == ("half/half/half", 0)
    assert origin_of(Value(1.0)) is None


def test_other_threads_are_not_in_the_block() -> None:
    found: list[object] = []
    with scope("a"):
        thread = threading.Thread(target=lambda: found.append(origin_of(Value(1.0) * 2.0)))
        thread.start()
        thread.join()
        assert where(Value(1.0)) == ("a", 0)
    assert found == [None]


def test_nodes_of_a_block_are_freed_and_differentiated() -> None:
    with scope("a"), lines():
        x = Value(0.5)
        y = x
        for _ in range(100_000):
            y = y * 1.0
    y.backward()
    assert x.grad == 1.0
    del y
