"""Mistakes with modules, layers, activations and initialisers."""

from collections.abc import Iterator
from typing import Any

import nn
from autograd import Value
from tests.bad_input.rows import *
from tests.helpers.tables import named, table

INIT = [bad(x, TypeError, "an initialiser", repr(x)) for x in ("f", 3, [1.0])]
ACTIVATION = [b for b in FUNCTION if b.show not in ("None", "'f'")]
ACTIVATION += [bad("nonsense", ValueError), bad("", ValueError), bad("ReLU", ValueError)]
ACTIVATION.append(bad(nn.Tanh, TypeError, "make one: Tanh()"))
UNMADE = bad(nn.init.uniform, TypeError, "such as nn.init.zeros()")
UNTYPED: Any = nn
WIDTH = {"init": [*INIT, UNMADE], "bias": FLAG, "fused": FLAG}
ONE_BY_ONE = ("ReLU", "LeakyReLU", "ELU", "GELU", "SiLU", "Softplus", "Sigmoid", "Tanh")
OF_LISTS = ("Softmax", "LogSoftmax", "softmax", "log_softmax")
LISTS = [
    *[bad(x, TypeError) for x in (None, "3", 2.0, 1j, Value(1.0))],
    bad({}, TypeError),
    bad(["3"], TypeError, "'3'"),
    *[bad([1.0, x], TypeError, repr(x)) for x in (None, 1j, [1.0])],
]
NOT_INPUTS: list[Any] = [None, "ab", {1.0: 2.0}, {1.0, 2.0}, 1j, object()]
IN_INPUTS: list[Any] = [[None, 1.0], ["3", 1.0], [1j, 1.0], [[1.0], 1.0]]


def rows() -> Iterator[Row]:
    """All of them."""
    yield from layers()
    for fused in (True, False):
        yield from of_inputs("nn.Neuron.forward", nn.Neuron(2, fused=fused))
        yield from of_inputs("nn.Layer.forward", nn.Layer(2, 2, fused=fused))
        yield from of_inputs("nn.MLP.forward", nn.MLP(2, [2, 1], fused=fused))
    yield from calls()
    for name in ONE_BY_ONE:
        yield from of_numbers(f"nn.{name}.forward", getattr(nn, name)())
    for name in ("relu", "tanh", "sigmoid", "gelu", "silu"):
        yield from of_numbers(f"nn.{name}", getattr(nn, name))
    axes = bads(ValueError, 2, -2, "x", 1.0, words=("dim must be -1, the axis of a sample",))
    for name in OF_LISTS[:2]:
        yield from each(f"nn.{name}", axes, lambda w, x, n=name: getattr(nn, n)(x), name)
    for name in OF_LISTS[2:]:
        call: Call = lambda w, x, n=name: getattr(nn, n)([1.0], x)
        yield from each(f"nn.{name}", axes, call, name)
    several = bads(TypeError, [1, 2.0], (None,), words=("must be an integer",))
    embedding = nn.Embedding(3, 1)
    yield from each("nn.Embedding.forward", several, lambda w, i: embedding(i))
    for name in OF_LISTS[:2]:
        yield from of_lists(f"nn.{name}.forward", getattr(nn, name)())
    for name in OF_LISTS[2:]:
        yield from of_lists(f"nn.{name}", getattr(nn, name))
    yield from initialisers()
    yield from modules()


def layers() -> Iterator[Row]:
    """How layers are made."""
    yield from mistakes(
        "nn.Neuron",
        lambda w: (nn.Neuron, {"nin": 2, "activation": "tanh", "init": nn.init.ones()}),
        {"nin": COUNT, "activation": ACTIVATION, **WIDTH},
    )
    yield from mistakes(
        "nn.Layer",
        lambda w: (nn.Layer, {"nin": 2, "nout": 2, "activation": "tanh", "init": None}),
        {"nin": COUNT, "nout": COUNT, "activation": ACTIVATION, **WIDTH},
    )
    sizes = bads(TypeError, None, 3, "16", {2}, 1j, [1.5], [2, None], words=("nouts",))
    sizes += bads(TypeError, [2, "1"], [2, True], [2, [1]], words=("nouts[1]",))
    sizes += bads(ValueError, [], [2, 0], [-1], (), words=("nouts",))
    sizes.append(bad([2, HUGE], OverflowError, "nouts[1]", "too large"))
    activations = dict.fromkeys(("activation", "output_activation"), ACTIVATION)
    yield from mistakes(
        "nn.MLP",
        lambda w: (nn.MLP, {"nin": 2, "nouts": [2, 1]}),
        {"nin": COUNT, "nouts": sizes, **activations, **WIDTH},
        owner="activation",
    )
    yield from mistakes(
        "nn.Embedding",
        lambda w: (nn.Embedding, {"num": 3, "dim": 2}),
        {"num": COUNT, "dim": COUNT, "init": INIT},
    )
    for kind, key, kinds in table(
        """
nn.Dropout | "p" | SHARE
nn.LeakyReLU | "negative_slope" | FINITE
nn.ELU | "alpha" | FINITE
""",
        globals(),
    ):
        good: Call = lambda w, kind=kind, key=key: (kind, {key: 0.5})
        yield from mistakes(f"nn.{kind.__name__}", good, {key: kinds})
    cell: dict[str, Any] = {"input_size": COUNT, "hidden_size": COUNT, "bias": FLAG}
    for name in ("RNNCell", "LSTMCell", "GRUCell"):
        kinds = {**cell, "init": INIT}
        if name == "RNNCell":
            kinds["nonlinearity"] = CHOICE
        kind = getattr(nn, name)
        good = lambda w, kind=kind: (kind, {"input_size": 2, "hidden_size": 3})
        yield from mistakes(f"nn.{name}", good, kinds)
        yield from of_inputs(f"nn.{name}.forward", kind(2, 1))
    lists: list[Any] = [[], [1.0], "abc", 2.0, {}]
    states = [bad(x, ValueError, "takes h as a list of 3") for x in lists]
    for name in ("RNNCell", "GRUCell"):
        made = getattr(nn, name)(2, 3)
        call: Call = lambda w, h, made=made: made([1.0, 2.0], h)
        yield from each(f"nn.{name}.forward", states, call, name)
    lstm = nn.LSTMCell(2, 3)
    call = lambda w, h: lstm([1.0, 2.0], h)
    pairs = bads(TypeError, [1.0] * 3, 2.0, "abc", (), words=("as a pair (h, c)",))
    pairs.append(bad(([0.0] * 3, [1.0]), ValueError, "takes c as a list of 3"))
    yield from each("nn.LSTMCell.forward", pairs, call, "LSTMCell")
    norm = {"normalized_shape": COUNT, "eps": NOT_NEGATIVE}
    norm |= {"elementwise_affine": FLAG, "bias": FLAG}
    norm["normalized_shape"] = [b for b in COUNT if b.show != "[1.0]"]
    yield from mistakes("nn.LayerNorm", lambda w: (nn.LayerNorm, {"normalized_shape": 2}), norm)
    yield from of_inputs("nn.LayerNorm.forward", nn.LayerNorm(2))
    sizes = [b for b in COUNT if b.show not in ("[1.0]", "'3'", "b'3'")]
    sizes.append(bad([1, 2, 3], ValueError, "a number or a pair"))
    windows = {"kernel_size": sizes, "stride": sizes}
    conv = {"in_channels": COUNT, "out_channels": COUNT, **windows, "bias": FLAG, "init": INIT}
    conv["padding"] = [b for b in sizes if b.show != "0"]
    sized = {"in_channels": 1, "out_channels": 1, "kernel_size": 2}
    yield from mistakes("nn.Conv2d", lambda w: (nn.Conv2d, dict(sized)), conv)
    stride = {**windows, "stride": [b for b in sizes if b.show != "None"]}
    yield from mistakes("nn.MaxPool2d", lambda w: (nn.MaxPool2d, {"kernel_size": 2}), stride)
    pictures: Any = (None, 3.0, [], [1.0], [[1.0]], [[[1.0], [1.0, 2.0]]], [[[]], [[], []]])
    for layer in (nn.Conv2d(1, 1, 2), nn.MaxPool2d(2)):
        name = f"nn.{type(layer).__name__}.forward"
        given = bads(ValueError, *pictures, words=("takes an image", "array.reshape(channels"))
        call = lambda w, x, layer=layer: layer(x)
        yield from each(name, given, call)
        given = bads(ValueError, [[[1.0]]], words=("of 1 by 1 is smaller than the window",))
        yield from each(name, given, call)
    name = "nn.Sequential"
    parts = [*FUNCTION, bad(nn.ReLU, TypeError, "make one: ReLU()")]
    yield from each(name, parts, lambda w, f: nn.Sequential(len, f), "Sequential")
    indices = bads(TypeError, "0", None, 1.5, words=("indices",))
    indices.append(bad(5, IndexError, "range"))
    yield from each(f"{name}.__getitem__", indices, lambda w, i: nn.Sequential(len)[i])


def of_inputs(name: str, model: nn.Module) -> Iterator[Row]:
    """A layer of two inputs."""
    given = bads(TypeError, *NOT_INPUTS, words=("takes a list of 2 inputs, got",))
    lengths: list[Any] = [[], [1.0], [1.0] * 3, 1.0, (1.0,), range(3)]
    given += bads(ValueError, *lengths, words=("takes 2 inputs, got",))
    given += bads(TypeError, *IN_INPUTS, words=("",))
    given.append(bad([[1.0, 2.0]] * 4, TypeError, "takes one sample", "for x in X"))
    yield from each(name, given, lambda w, x: model(x))


def calls() -> Iterator[Row]:
    """Calls of other layers."""
    embedding, name = nn.Embedding(3, 2), "nn.Embedding.forward"
    words = ("the index must be an integer",)
    indices = bads(TypeError, None, "0", 1.0, 1j, [0.5], NAN, words=words)
    indices += bads(IndexError, 3, -1, HUGE, -HUGE, words=("within 0 to 2",))
    yield from each(name, indices, lambda w, i: embedding(i))
    net, stack = nn.MLP(2, [1]), nn.Sequential(nn.Layer(2, 2), nn.Layer(3, 1))
    yield from refusals(
        """
"nn.MLP.forward" | "a batch" | lambda w: net([[1.0, 2.0]] * 2) | TypeError | "layers.0" |
    "takes one sample"
"nn.Module.predict" | "widths" | lambda w: net.predict([[1.0]]) | ValueError |
    "2 inputs, got 1"
"nn.Module.predict" | "a number" | lambda w: net.predict(3) | TypeError |
    "predict: X must be a list or an array"
"nn.Sequential.forward" | "widths" | lambda w: stack([1.0, 2.0]) | ValueError |
    "3 inputs, got 2"
"nn.Sequential.forward" | "an index" | lambda w: nn.Sequential(embedding)(3) | IndexError |
    "layers.0 (Embedding(3, 2)): the index must"
"nn.Layer.forward" | "a list in it" | lambda w: net.layers[0]([[1.0, 2.0], [3.0, 4.0]]) |
    TypeError | "nn.Flatten()"
"nn.Layer" | "PyTorch's names" | lambda w: UNTYPED.Layer(in_features=2, out_features=1) |
    TypeError | "nn.Layer(nin, nout)"
"nn.Dropout.forward" | "None" | lambda w: nn.Dropout(0.5)([None]) | TypeError |
    "Dropout takes numbers and Values, or lists of them, got None"
""",
        globals() | locals(),
    )


def of_numbers(name: str, module: nn.Module) -> Iterator[Row]:
    """An activation of numbers, also of those in lists."""
    given = bads(TypeError, None, "3", {}, 1j, object(), words=("takes a real number, got",))
    yield from each(name, given, lambda w, x: module(x))
    yield from each(name, given + TOO_LARGE, lambda w, x: module([w.x, [x]]), case="in a list ")


def of_lists(name: str, apply: Any) -> Iterator[Row]:
    """Softmax and its logarithm."""
    yield from each(name, LISTS, lambda w, xs: apply(xs), "softmax takes")
    yield row(name, "[]", lambda w: apply([]), ValueError, "got none")


def initialisers() -> Iterator[Row]:
    """nn.init."""
    options = named(
        """
uniform: {"low": FINITE, "high": FINITE}
normal: {"mean": FINITE, "std": NOT_NEGATIVE}
constant: {"value": FINITE}
xavier_uniform: {"gain": NOT_NEGATIVE}
xavier_normal: {"gain": NOT_NEGATIVE}
kaiming_uniform: {"a": FINITE}
kaiming_normal: {"a": FINITE}
zeros: {}
ones: {}
fan_in_uniform: {}
""",
        **globals(),
    )
    for name, kinds in options.items():
        good = lambda w, name=name, kinds=kinds: (
            getattr(nn.init, name),
            dict.fromkeys(kinds, 0.5),
        )
        yield from mistakes(f"nn.init.{name}", good, kinds, positional=True)
    call = lambda w: nn.init.uniform(2.0, 1.0)
    yield row("nn.init.uniform", "low > high", call, ValueError, "2.0", "1.0", "low ≤ high")


def modules() -> Iterator[Row]:
    """Methods of every module."""
    good = lambda w: (w.model.requires_grad_, {"requires_grad": True})
    yield from mistakes("nn.Module.requires_grad_", good, {"requires_grad": FLAG})
    name, none = "nn.Module", bads(NotImplementedError, 1.0, words=("Module has no forward",))
    yield from each(f"{name}.forward", none, lambda w, x: nn.Module().forward(x))
    yield from each(f"{name}.__call__", none, lambda w, x: nn.Module()(x))
    good = lambda w: (w.model.train, {"mode": True})
    yield from mistakes(f"{name}.train", good, {"mode": FLAG})
    loaded, words = f"{name}.load_state_dict", ("load_state_dict",)
    states = [bad(b.make(None), b.error, *words) for b in WRONG if b.show != "{}"]
    states.append(bad({}, ValueError, "...]; unexpected []"))
    yield from each(loaded, states, lambda w, x: w.model.load_state_dict(x))
    last = bads(TypeError, None, "3", 1j, [1.0], True) + TOO_LARGE
    call: Call = lambda w, x: w.model.load_state_dict(_changed(w.model, x))
    yield from each(loaded, last, call, "layers.1", case="last ")
    more = bads(ValueError, {"odd": 1.0}, words=("unexpected ['odd'", "strict=False"))
    call = lambda w, x: w.model.load_state_dict(w.model.state_dict() | x)
    yield from each(loaded, more, call)
    arrays: dict[str, Any] = {"0.weight": [[1.0, 2.0]], "0.bias": [1.0]}
    changes = bads_of(
        """
{"0.weight": [[1.0]]} | ValueError | "'0.weight' has the shape (1, 1)" | "(1, 2)"
{"0.bias": 2.0} | ValueError | "'0.bias' has the shape ()" | "(1)"
{"0.weight": [[1.0, "2"]]} | TypeError | "layers.0.neurons.0.weight.1" | "'2'"
{"fc.weight": [1.0]} | ValueError | "unexpected ['fc.weight'"
""",
        {},
    )
    line = nn.MLP(2, [1])
    call = lambda w, x: line.load_state_dict(arrays | x)
    yield from each(loaded, changes, call, case="arrays with ")
    call = lambda w, x: w.model.load_state_dict(w.model.state_dict(), x)
    yield from each(loaded, FLAG, call, "strict", case="strict=")
    inputs = bads(TypeError, None, "ab", 1j, {}, words=("takes a list of 2 inputs",))
    inputs.append(bad([1.0], ValueError, "2 inputs, got 1"))
    yield from each(f"{name}.graph", inputs, lambda w, x: w.model.graph(x))
    two, mixed = UNTYPED.Module(), UNTYPED.Neuron(1)
    two.table, mixed.w = {"a.b": Value(1.0), "a": {"b": Value(2.0)}}, [Value(1.0), 0.5]
    yield from refusals(
        """
f"{name}.state_dict" | "one path" | lambda w: two.state_dict() | ValueError |
    "have the path 'table.a.b'"
f"{name}.parameters" | "a number" | lambda w: mixed.parameters() | TypeError |
    "w[0].data = 0.5"
loaded | "arrays without one" | lambda w: line.load_state_dict({"0.bias": [1.0]}) |
    ValueError | "missing ['0.weight'"
loaded | "less" |
    lambda w: w.model.load_state_dict(dict([*w.model.state_dict().items()][1:])) |
    ValueError | "missing ['layers.0" | "strict=False"
f"{name}.graph" | "an option" | lambda w: w.model.graph([1.0, 2.0], odd=1) | TypeError | "odd"
f"{name}.graph" | "no Value" | lambda w: nn.Identity().graph("x") | TypeError |
    "returns no Value"
""",
        globals() | locals(),
    )


def _changed(model: nn.Module, last: object) -> dict[str, Any]:
    state: dict[str, Any] = dict.fromkeys(model.state_dict(), 9.0)
    return state | {[*state][-1]: last}
