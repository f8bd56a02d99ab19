"""The tree of parameters: paths, labels, state."""

import copy
import dataclasses
import functools
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import nn
from autograd import Value


class Line(nn.Module):
    def __init__(self) -> None:
        self.w = Value(2.0)
        self.b = Value(1.0)

    def forward(self, x: float) -> Value:
        return self.w * x + self.b


class Tree(nn.Module):
    def __init__(self) -> None:
        self.lines = [Line(), Line()]
        self.table: dict[str, Any] = {"a": Value(3.0), "deep": [(Value(4.0), Value(5.0))]}
        self.by_name = {"left": Line()}
        self.notes = ["text", 1.0, None]


PATHS = [
    "table.a",
    "table.deep.0.0",
    "table.deep.0.1",
    "lines.0.w",
    "lines.0.b",
    "lines.1.w",
    "lines.1.b",
    "by_name.left.w",
    "by_name.left.b",
]


def test_parameters_are_found_in_containers() -> None:
    tree = Tree()
    pairs = list(tree.named_parameters())
    assert [path for path, _ in pairs] == PATHS
    assert [*map(id, tree.parameters())] == [id(parameter) for _, parameter in pairs]
    assert tree.lines[1].b is dict(pairs)["lines.1.b"]


def test_modules_are_found_in_containers() -> None:
    tree = Tree()
    names = ["lines.0", "lines.1", "by_name.left"]
    assert [path for path, _ in tree.named_modules()] == ["", *names]
    assert list(tree.modules()) == [tree, *tree.lines, tree.by_name["left"]]
    assert list(tree.children()) == [*tree.lines, tree.by_name["left"]]
    assert [path for path, _ in tree.named_children()] == names


def test_labels_are_paths_without_asking() -> None:
    tree = Tree()
    assert tree.lines[1].b.label == "lines.1.b"
    assert tree.table["a"].label == "table.a"
    model = nn.MLP(2, [2, 1])
    assert model.layers[0].neurons[1].w[0].label == "layers.0.neurons.1.w.0"
    assert model.layers[0].neurons[1].b.label == "layers.0.neurons.1.b"


def test_a_label_that_was_given_is_kept() -> None:
    line = Line()
    line.w = Value(1.0, label="slope")
    holder = nn.Sequential(line)
    assert [p.label for p in holder.parameters()] == ["slope", "layers.0.b"]


def test_labels_of_modules_added_to_a_list() -> None:
    class Stack(nn.Module):
        def __init__(self) -> None:
            self.parts: list[Line] = []
            self.parts.append(Line())

        def forward(self, x: Any) -> Any:
            return self.parts[0](x)

    for stack in (Stack(), nn.Sequential(Stack())):
        names = [x.label for x in stack.graph(3.0).nodes if x.op is None]
        assert sorted(map(str, names)) == sorted([*dict(stack.named_parameters()), "x0"])


def test_a_shared_parameter_comes_once_under_its_first_path() -> None:
    first, second = Line(), Line()
    second.w = first.w
    model = nn.Sequential(first, second, first)
    names = ["layers.0.w", "layers.0.b", "layers.1.b"]
    assert [path for path, _ in model.named_parameters()] == names
    assert [path for path, _ in model.named_modules()] == ["", "layers.0", "layers.1"]
    assert [path for path, _ in model.named_children()] == ["layers.0", "layers.1"]
    assert first.w.label == "layers.0.w"


def test_a_module_or_a_list_may_hold_itself() -> None:
    line: Any = Line()
    line.parent = line
    assert [p.label for p in line.parameters()] == ["w", "b"]
    assert list(line.modules()) == [line]
    assert repr(line) == "Line(\n  (parent): ...\n)"
    parts: list[Any] = [Value(3.0)]
    parts.append(parts)
    line.parts = parts
    assert [path for path, _ in line.named_parameters()] == ["w", "b", "parts.0"]
    same = [Value(4.0)]
    line.parts = [same, same]
    assert [path for path, _ in line.named_parameters()] == ["w", "b", "parts.0.0"]


def test_train_and_eval_reach_all_modules() -> None:
    tree = Tree()
    assert all(module.training for module in tree.modules())
    assert tree.eval() is tree
    assert not any(module.training for module in tree.modules())
    assert tree.train() is tree
    assert all(module.training for module in tree.modules())


@given(st.lists(st.floats(allow_nan=False), min_size=9, max_size=9))
def test_state_is_exact(data: list[float]) -> None:
    source, target = Tree(), Tree()
    for parameter, number in zip(source.parameters(), data):
        parameter.data = number
    assert target.load_state_dict(source.state_dict()) == ([], [])
    assert target.state_dict() == dict(zip(PATHS, data))


def test_lenient_loading_takes_what_fits() -> None:
    line = Line()
    assert line.load_state_dict({"w": 5, "c": 1.0}, strict=False) == (["b"], ["c"])
    assert line.state_dict() == {"w": 5.0, "b": 1.0}


def test_repr_is_a_tree() -> None:
    model = nn.Sequential(nn.MLP(2, [3], output_activation="tanh"), nn.Dropout(0.2))
    assert repr(model) == (
        "Sequential(\n"
        "  (layers.0): MLP(\n"
        "    (layers.0): Layer(2, 3, activation=tanh)\n"
        "  )\n"
        "  (layers.1): Dropout(p=0.2)\n"
        ")"
    )


def dataclass_of_modules(**options: Any) -> Any:
    @dataclasses.dataclass(**options)
    class Pair(nn.Module):
        first: Any
        second: Any
        w: Value

    return Pair(Line(), [Line()], Value(3.0))


OPTIONS = [{"slots": True, "frozen": True}, {"unsafe_hash": True}, {"order": True}]
OPTIONS += [{name: True} for name in ("eq", "frozen", "slots")]


class Same(Line):
    """Equal to everything, and of one hash, as a value object may be."""

    def __eq__(self, other: object) -> bool:
        return True

    def __hash__(self) -> int:
        return 0


class Incomparable(Line):
    def __eq__(self, other: object) -> Any:
        raise TypeError

    __hash__ = None  # type: ignore[assignment]


MADE: list[Any] = [functools.partial(dataclass_of_modules, **options) for options in OPTIONS]
MADE += [lambda: nn.Sequential(Same(), Same()), lambda: nn.Sequential(Incomparable())]


@pytest.mark.parametrize("make", MADE)
def test_modules_are_told_apart_by_identity(make: Callable[[], Any]) -> None:
    module, twin, holder = make(), make(), nn.Sequential(make())
    names = [path for path, _ in module.named_parameters()]
    assert len(names) == len(module.parameters()) == len(module.parameters())
    assert len(names) == (5 if dataclasses.is_dataclass(module) else 2 * len(module))
    assert [p.label for p in module.parameters()] == names
    assert [p.label for p in holder.parameters()] == [f"layers.0.{name}" for name in names]
    assert len(list(module.modules())) == 1 + len(list(module.children()))
    module.parameters()[-1].data = 9.0
    twin.load_state_dict(module.state_dict())
    assert twin.state_dict() == module.state_dict() == copy.deepcopy(module).state_dict()
    module.parameters()[0].grad = 1.0
    module.zero_grad()
    assert [p.grad for p in module.parameters()] == [0.0] * len(names)
    assert not any(below.training for below in module.eval().modules())


def test_a_slot_that_is_empty() -> None:
    class Slotted(nn.Module):
        __slots__ = ("__hidden", "late", "w")

        def __init__(self) -> None:
            self.w, self.__hidden = Value(1.0), Value(2.0)

    assert list(Slotted().state_dict()) == ["_Slotted__hidden", "w"]


class Linear(nn.Module):
    def __init__(self) -> None:
        self.w = np.array([[Value(1.0), Value(2.0)], [Value(3.0), 4.0]])
        self.b = np.array(Value(5.0))
        self.constants = np.ones(3)

    def forward(self, x: Any) -> Any:
        return self.w @ x + self.b


def test_parameters_are_found_in_arrays(tmp_path: Path) -> None:
    module, other = Linear(), Linear()
    names = ["w.0.0", "w.0.1", "w.1.0", "b"]
    assert [p.label for p in module.parameters()] == names
    assert [path for path, _ in module.named_parameters()] == names
    for step in range(2):
        module.w[0, 1] = Value(7.0 + step)
        assert len(module.parameters()) == 4
    nn.save_model(module, tmp_path / "m.json")
    nn.load_model(other, tmp_path / "m.json")
    assert other.state_dict() == {"w.0.0": 1.0, "w.0.1": 8.0, "w.1.0": 3.0, "b": 5.0}
    sum(module([1.0, 2.0]), Value(0.0)).backward()
    assert [p.grad for p in module.parameters()] == [1.0, 2.0, 1.0, 2.0]
    module.zero_grad()
    assert [p.grad for p in module.parameters()] == [0.0] * 4
    assert len(module.graph(np.array([1.0, 2.0])).roots) == 2
    plain, also = (module.graph([1.0, 2.0], **more).svg() for more in ({}, {"gradients": True}))
    assert plain != also


def test_modules_are_found_in_arrays_that_may_hold_themselves() -> None:
    module: Any = nn.Module()
    module.parts = np.array([Line(), None], dtype=object)
    module.parts[1] = module.parts
    assert [path for path, _ in module.named_parameters()] == ["parts.0.w", "parts.0.b"]
    assert [path for path, _ in module.named_children()] == ["parts.0"]


def test_a_computed_value_among_the_attributes_is_no_parameter() -> None:
    neuron: Any = nn.Neuron(1)
    neuron.last = neuron([2.0])
    for _ in range(2):
        assert [p.label for p in neuron.parameters()] == ["w.0", "b"]


def test_weights_have_their_names_and_former_files_load() -> None:
    model, other = nn.MLP(2, [3, 1]), nn.MLP(2, [3, 1])
    names = [name for name, _ in model.named_parameters()]
    assert names[:3] == [f"layers.0.neurons.0.{x}" for x in ("weight.0", "weight.1", "bias")]
    assert sum("bias" in name for name in names) == 4
    former = {
        name.replace("weight", "w").replace("bias", "b"): x
        for name, x in model.state_dict().items()
    }
    other.load_state_dict(former)
    assert other.state_dict() == model.state_dict()


class Counted(nn.Module):
    def __init__(self) -> None:
        self.w, self.calls = Value(2.0), 0

    def forward(self, x: Any) -> Any:
        self.calls += 1
        return self.w * x[0] + self.calls


@pytest.mark.parametrize("count", [3, 300])
def test_predict_gives_plain_numbers_in_eval_mode(count: int) -> None:
    model = nn.Sequential(nn.Layer(2, 3, "tanh"), nn.Dropout(0.5), nn.Layer(3, 2))
    xs = np.random.default_rng(1).normal(size=(count, 2))
    expected = [[y.data for y in model.eval()(x)] for x in xs.tolist()]
    model.train().predict(xs)
    for each in (model, copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        got = each.predict(xs)
        assert isinstance(got, np.ndarray)
        np.testing.assert_allclose(got, expected, rtol=1e-13)
        assert each.predict(xs.tolist()) == got.tolist()
    assert model.training
    model.layers.append(lambda y: y[::-1])
    np.testing.assert_allclose(model.predict(xs)[:, ::-1], got, rtol=1e-13)
    model.layers.pop()
    model.requires_grad_(False)
    model.parameters()[-1].data += 1.0
    np.testing.assert_allclose(model.predict(xs)[:, 1], got[:, 1] + 1.0, rtol=1e-13)
    counted = Counted()
    assert counted.predict([[0.0]] * count) == [*range(1, count + 1)]
