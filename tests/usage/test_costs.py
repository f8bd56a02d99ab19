"""What is called often does nothing that takes long."""

import copy
import inspect
import io
import pickle
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import autograd
import nn
from autograd import Value, elu, grad, trees
from autograd.core import copies, value
from autograd.core.hints import Absent
from autograd.core.sweeps import topological_order
from autograd.program import arguments
from autograd.program.structure import structure

X: Any = Value(0.5)


def refused(*args: Any, **named: Any) -> Any:
    raise AssertionError("this takes long")


@pytest.mark.parametrize(
    "call",
    [
        lambda: np.exp(X),
        lambda: np.float64(2.0) * X,
        lambda: np.maximum(X, 1.0),
        lambda: np.isnan(X),
        lambda: nn.relu([X]),
        lambda: nn.ELU()([[X]]),
        lambda: nn.Dropout()([X]),
        lambda: nn.Flatten()([[X]]),
        lambda: nn.mse_loss(X, 1.0),
        lambda: nn.mse_loss([X], [1.0]),
        lambda: nn.cross_entropy([[X, 1.0]], [0]),
        lambda: grad(lambda x: x * x)(2.0),
    ],
)
def test_a_value_is_not_asked_for_what_it_lacks(
    call: Callable[[], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    call()
    monkeypatch.setattr(Absent, "__get__", refused)
    call()


def test_the_names_of_operands_are_looked_up_once(monkeypatch: pytest.MonkeyPatch) -> None:
    assert elu(-1.0, alpha=2.0) == elu(-1.0, 2.0)
    monkeypatch.setattr(inspect, "signature", refused)
    assert elu(x=-1.0, alpha=2.0) == elu(alpha=2.0, x=-1.0) == elu(-1.0, 2.0)


def test_a_compiled_function_is_dispatched_with_names_too(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    fast = autograd.compile(lambda w, b=2.0: w * w * b, verify=False)
    found = fast(3.0, b=4.0), fast.value_and_grad(3.0, b=4.0), fast.grad(w=3.0, b=4.0)
    monkeypatch.setattr(type(fast), "_run", refused)
    monkeypatch.setattr(inspect, "signature", refused)
    assert (
        fast(b=4.0, w=3.0),
        fast.value_and_grad(3.0, b=4.0),
        fast.grad(w=3.0, b=4.0),
    ) == found
    assert found == (36.0, (36.0, 24.0), 24.0)


@pytest.mark.parametrize("dtype", ["f4", "i8", "u1", ">f8"])
def test_arrays_of_other_numbers_are_dispatched(
    dtype: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    w, xs = np.array([1, 2], dtype), np.array([[1, 2], [3, 4], [5, 6]], dtype)
    fast = autograd.compile(lambda w, x: w @ x, (None, 0), "mean", verify=False)
    found = fast(w, xs), *fast.value_and_grad(w, xs)
    monkeypatch.setattr(type(fast), "_run", refused)
    for given in (dtype, float):
        value, slopes = fast.value_and_grad(w.astype(given), xs.astype(given))
        assert fast(w.astype(given), xs.astype(given)) == value == found[0] == found[1] == 11.0
        assert slopes.tolist() == found[2].tolist() == [3.0, 4.0]
        assert slopes.dtype == found[2].dtype == float


def test_no_signature_is_read_for_arguments_that_are_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(inspect, "signature", refused)
    assert grad(lambda w, b: w * w * b, argnames="w")(w=3.0, b=4.0) == 24.0


@pytest.mark.parametrize(
    ("call", "told"),
    [
        (lambda: elu(1.0, beta=2.0), r"elu\(\) got an unexpected keyword argument 'beta'"),
        (lambda: elu(1.0, x=2.0), r"elu\(\) multiple values for argument 'x'"),
        (lambda: elu(alpha=2.0), r"elu\(\) missing a required argument: 'x'"),
        (lambda: elu(1.0, 2.0, 3.0, alpha=2.0), r"elu\(\) (too many|multiple values)"),
        (lambda: autograd.maximum(1.0, xs=2.0), r"maximum\(\) got an unexpected"),
    ],
)
def test_named_operands_that_do_not_fit(call: Callable[[], Any], told: str) -> None:
    with pytest.raises(TypeError, match=told):
        call()


def test_an_index_that_fits_is_looked_up_without_a_message(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    table = nn.Embedding(3, 2)
    monkeypatch.setattr(nn.Embedding, "extra_repr", refused)
    assert table(2) == table.weight[2]


def test_zero_grad_walks_as_backward_does(monkeypatch: pytest.MonkeyPatch) -> None:
    x, frozen = Value(2.0), Value(1.0, requires_grad=False)
    y = (z := x * frozen) * x
    y.backward()
    monkeypatch.setattr(value, "topological_order", refused)
    y.zero_grad()
    assert [node.grad for node in (x, frozen, z, y)] == [0.0] * 4
    x.grad = 3.0
    x.zero_grad()
    assert x.grad == 0.0


def test_a_setting_that_needs_no_buffer_makes_none(monkeypatch: pytest.MonkeyPatch) -> None:
    adam = nn.Adam([Value(1.0)])
    before = adam.buffers["exp_avg"]
    asked: list[str] = []

    def zeros(self: Any, names: list[str]) -> dict[str, Any]:
        asked.extend(names)
        return {}

    monkeypatch.setattr(nn.Optimizer, "_zeros", zeros)
    adam.lr = 0.5
    assert asked == []
    assert adam.buffers["exp_avg"] is before


def test_lists_of_numbers_are_taken_apart_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(arguments, "children_of", refused)
    monkeypatch.setattr(trees, "children_of", refused)
    assert trees.flatten((1, 2.0, X), "x")[0] == [1.0, 2.0, X]
    assert structure([1, 2.0]).key == structure([3.0, 2]).key
    assert arguments.holds_values([[1, X]])
    assert not arguments.holds_values([[1, 2.0]])


# ---------------------------------------------------------------- copies


def chain(n: int) -> list[Value]:
    nodes = [Value(1.0)]
    for _ in range(n):
        nodes.append(nodes[-1] * 1.001)
    return nodes


def test_nodes_are_written_once_in_whichever_order() -> None:
    nodes = chain(500)
    size = len(pickle.dumps(nodes[::-1]))
    assert len(pickle.dumps(nodes)) < 1.1 * size


def test_nodes_are_copied_once_in_whichever_order(monkeypatch: pytest.MonkeyPatch) -> None:
    nodes, walk, walked = chain(500), copies._inputs_first, []

    def watched(root: Value, known: Any) -> Iterator[Value]:
        for node in walk(root, known):
            walked.append(node)
            yield node

    monkeypatch.setattr(copies, "_inputs_first", watched)
    for each in (nodes, nodes[::-1]):
        walked.clear()
        copy.deepcopy(each)
        assert len(walked) == len(nodes)


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
    assert any(node is half for node in topological_order(whole)[0])
    assert pickle.loads(second.getvalue()).data == whole.data
