"""Pickling and copying of graphs: deep ones, shared ones, with operations of one's own."""

import copy
import io
import pickle
import sys
from collections.abc import Callable
from typing import Any

import pytest

import autograd
from autograd import Value, grad, primitive
from autograd.core.primitive import TABLE
from tests.helpers.described import described, graph

Copier = Callable[[Any], Any]


def python_pickle(x: Any) -> Any:
    """Through the pickler that is written in Python."""
    buffer = io.BytesIO()
    pickle._Pickler(buffer).dump(x)
    return pickle.loads(buffer.getvalue())


def pickled(protocol: int) -> Copier:
    def through_pickle(x: Any) -> Any:
        return pickle.loads(pickle.dumps(x, protocol=protocol))

    return through_pickle


COPIERS: dict[str, Copier] = {
    **{f"protocol {n}": pickled(n) for n in range(pickle.HIGHEST_PROTOCOL + 1)},
    "python pickler": python_pickle,
    "deepcopy": copy.deepcopy,
}
copies = pytest.mark.parametrize("clone", COPIERS.values(), ids=COPIERS.keys())


@copies
def test_a_copy_has_all_that_the_original_has(clone: Copier) -> None:
    x = Value(0.5, label="x")
    many = autograd.sum([x, 2.0, *[Value(float(i)) for i in range(300)]])
    for root in (x, graph(), many):
        twin = clone(root)
        assert twin is not root
        assert described(clone(twin)) == described(twin) == described(root)


@copies
@pytest.mark.parametrize("turn", [1, -1])
def test_nodes_that_are_copied_together_stay_shared(clone: Copier, turn: int) -> None:
    x = Value(3.0)
    y = x * 2.0
    z = y + x
    together = clone((x, y, z, x)[::turn])
    x2, y2, z2, again = together[::turn]
    assert x2 is again
    assert y2.inputs == (x2,)
    assert z2.inputs == (y2, x2)
    assert z2.data == 9.0


@copies
def test_a_graph_deeper_than_the_recursion_limit(clone: Copier) -> None:
    n = 10_000 if clone is not python_pickle else 3_000
    x = Value(0.0)
    y = x
    for _ in range(n):
        y = y + 1.0
    twin = clone(y)
    twin.backward()
    assert (twin.data, x.grad) == (float(n), 0.0)
    order, (leaf,) = autograd.core.sweeps.topological_order(twin)
    assert (len(order), leaf.grad) == (n, 1.0)


def cubed(x: float) -> float:
    return x**3


def slope_of_cubed(out: Any, x: Any) -> Any:
    return 3.0 * x * x


@pytest.mark.parametrize(
    ("rules", "installed"),
    [((cubed, slope_of_cubed), False), ((lambda x: x**3, lambda out, x: 3.0 * x * x), True)],
    ids=["importable rules", "cloudpickle"],
)
def test_an_own_operation_goes_along_with_its_rules(
    rules: tuple[Any, Any], installed: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if installed:
        pytest.importorskip("cloudpickle")
    else:
        monkeypatch.setitem(sys.modules, "cloudpickle", None)
    cube = primitive("cube_3", *rules, symbol="^3", kink="none", defaults=(2.0,))
    twin = pickle.loads(stored := pickle.dumps(cube(Value(2.0))))
    assert twin.op is cube
    assert copy.deepcopy(twin).op is cube
    del TABLE["cube_3"]  # as in another process
    again = pickle.loads(stored)
    assert again.op is TABLE["cube_3"] is not cube
    assert (again.op.symbol, again.op.kink, again.op()) == ("^3", "none", 8.0)
    assert grad(again.op)(2.0) == 12.0


def test_an_own_operation_that_cannot_go_along_goes_by_its_name(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "cloudpickle", None)
    cube = primitive("cube_3", lambda x: x**3, lambda out, x: 3.0 * x * x)
    assert pickle.loads(pickle.dumps(cube(Value(2.0)))).op is cube


def test_a_primitive_is_pickled_by_name() -> None:
    assert pickle.loads(pickle.dumps(TABLE["exp"])) is TABLE["exp"]
    assert copy.deepcopy(TABLE["exp"]) is TABLE["exp"]


class Full:
    """A file on a disk that is full."""

    def write(self, data: bytes) -> int:
        raise OSError("no space left")


def test_a_copy_that_failed_leaves_no_trace() -> None:
    y = Value(1.0)
    for _ in range(5_000):
        y = y + 1.0
    with pytest.raises(OSError):
        pickle.dump(y, Full())
    assert pickle.loads(pickle.dumps(y)).data == copy.deepcopy(y).data == y.data


def chain(n: int) -> list[Value]:
    nodes = [Value(1.0)]
    for _ in range(n):
        nodes.append(nodes[-1] * 1.001)
    return nodes


def test_nodes_are_written_once_in_whichever_order() -> None:
    nodes = chain(500)
    size = len(pickle.dumps(nodes[::-1]))
    assert len(pickle.dumps(nodes)) < 1.1 * size


@pytest.mark.parametrize("kind", [pickle.Pickler, pickle._Pickler])
def test_two_picklers_at_work_are_told_apart(kind: Any) -> None:
    nodes = chain(3000)
    first, second = io.BytesIO(), io.BytesIO()
    one, other = kind(first), kind(second)
    one.dump(nodes[1500])
    other.dump(nodes[-1])
    one.dump(nodes[-1])
    first.seek(0)
    loader = pickle.Unpickler(first)
    half, whole = loader.load(), loader.load()
    assert (half.data, whole.data) == (nodes[1500].data, nodes[-1].data)
    assert any(node is half for node in autograd.core.sweeps.topological_order(whole)[0])
    assert pickle.loads(second.getvalue()).data == whole.data
