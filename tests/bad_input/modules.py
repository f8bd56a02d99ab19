"""Mistakes with modules, layers, activations and initialisers."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from typing import Any

import nn
from autograd import Value
from tests.bad_input.rows import (
    COUNT,
    FINITE,
    FLAG,
    FUNCTION,
    HUGE,
    INF,
    NAN,
    NOT_NEGATIVE,
    SHARE,
    WRONG,
    Row,
    bad,
    mistakes,
    row,
    use,
)

__all__ = ["rows"]

INIT = [b for b in FUNCTION if b.show != "None"]
ACTIVATION = [b for b in INIT if b.error is TypeError and b.show != "'f'"]
ACTIVATION += [bad("nonsense", ValueError), bad("", ValueError), bad("ReLU", ValueError)]
WIDTH = {"init": INIT, "bias": FLAG, "fused": FLAG}
OPERAND = [*FINITE]
ONE_BY_ONE = ("ReLU", "LeakyReLU", "ELU", "GELU", "SiLU", "Softplus", "Sigmoid", "Tanh")
OF_LISTS = ("Softmax", "LogSoftmax", "softmax", "log_softmax")
LISTS = [
    *[bad(x, TypeError) for x in (None, "3", 2.0, 1j, Value(1.0))],
    bad({}, TypeError),
    bad(["3"], TypeError, "'3'"),
    *[bad([1.0, x], TypeError, repr(x)) for x in (None, 1j, [1.0])],
]


def rows() -> Iterator[Row]:
    """All of them."""
    yield from layers()
    yield from calls()
    yield from activations()
    yield from initialisers()
    yield from states()


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
    sizes = [bad(x, TypeError, "nouts") for x in (None, 3, "16", {2}, 1j, [1.5], [2, None])]
    sizes += [bad(x, TypeError, "nouts[1]") for x in ([2, "1"], [2, True], [2, [1]])]
    sizes += [bad(x, ValueError, "nouts") for x in ([], [2, 0], [-1], ())]
    sizes.append(bad([2, HUGE], OverflowError, "nouts[1]", "too large"))
    yield from mistakes(
        "nn.MLP",
        lambda w: (nn.MLP, {"nin": 2, "nouts": [2, 1]}),
        {
            "nin": COUNT,
            "nouts": sizes,
            "activation": ACTIVATION,
            "output_activation": ACTIVATION,
            **WIDTH,
        },
        owner="activation",
    )
    yield from mistakes(
        "nn.Embedding",
        lambda w: (nn.Embedding, {"num": 3, "dim": 2}),
        {"num": COUNT, "dim": COUNT, "init": INIT},
    )
    yield from mistakes("nn.Dropout", lambda w: (nn.Dropout, {"p": 0.5}), {"p": SHARE})
    for each in FUNCTION:
        call = use(lambda w, b: nn.Sequential(len, b.make(w)), each)
        yield row("nn.Sequential", each.show, call, TypeError, "Sequential", *each.words)
    call = use(lambda w, f: f(len, mispelt=1), nn.Sequential)
    yield row("nn.Sequential", "a keyword", call, TypeError, "mispelt")
    stack = nn.Sequential(len)
    for index in ("0", None, 1.5):
        call = use(lambda w, i: stack[i], index)
        yield row("nn.Sequential.__getitem__", f"{index!r}", call, TypeError, "indices")
    yield row("nn.Sequential.__getitem__", "5", lambda w: stack[5], IndexError, "range")
    yield row(
        "nn.Sequential.__len__",
        "1",
        use(lambda w, s: s.__len__(1), stack),
        TypeError,
        "argument",
    )
    yield row(
        "nn.Sequential.__iter__",
        "1",
        use(lambda w, s: s.__iter__(1), stack),
        TypeError,
        "argument",
    )


def calls() -> Iterator[Row]:
    """What layers are called on."""
    makers: dict[str, Any] = {
        "Neuron": functools.partial(nn.Neuron, 2),
        "Layer": functools.partial(nn.Layer, 2, 2),
        "MLP": functools.partial(nn.MLP, 2, [2, 1]),
    }
    for name, make in makers.items():
        for fused in (True, False):
            model = make(fused=fused)
            for x in (None, "ab", {1.0: 2.0}, {1.0, 2.0}, 1j, object()):
                call = use(lambda w, m, x: m(x), model, x)
                words = "takes a list of 2 inputs, got"
                yield row(f"nn.{name}.forward", f"{x!r:.20}", call, TypeError, words)
            for x in ([], [1.0], [1.0] * 3, 1.0, (1.0,), range(3)):
                call = use(lambda w, m, x: m(x), model, x)
                words = "takes 2 inputs, got"
                yield row(f"nn.{name}.forward", f"{x!r:.20}", call, ValueError, words)
            for x in ([None, 1.0], ["3", 1.0], [1j, 1.0], [[1.0], 1.0]):
                call = use(lambda w, m, x: m(x), model, x)
                yield row(f"nn.{name}.forward", f"{x!r:.20}", call, TypeError)
            call = use(lambda w, m: m([1.0, 2.0], 3.0), model)
            yield row(f"nn.{name}.forward", "two arguments", call, TypeError, "argument")
    table = nn.Embedding(3, 2)
    for i in (None, "0", 1.0, 1j, [0], NAN):
        call = use(lambda w, i: table(i), i)
        yield row(
            "nn.Embedding.forward", f"{i!r}", call, TypeError, "the index must be an integer"
        )
    for i in (3, -1, HUGE, -HUGE):
        call = use(lambda w, i: table(i), i)
        yield row("nn.Embedding.forward", f"{i!r:.9}", call, IndexError, "within 0 to 2")
    stack = nn.Sequential(nn.Layer(2, 2), nn.Layer(3, 1))
    call = use(lambda w: stack([1.0, 2.0]))
    yield row("nn.Sequential.forward", "widths", call, ValueError, "3 inputs, got 2")
    for name in ("Dropout", "Identity", "Sequential"):
        call = use(lambda w, f: f(1.0, 2.0), getattr(nn, name)())
        yield row(f"nn.{name}.forward", "two arguments", call, TypeError, "argument")
    for name in ("Neuron", "Layer", "Embedding", "Dropout", "LeakyReLU", "ELU"):
        made = makers.get(
            name,
            functools.partial(nn.Embedding, 2, 2) if name == "Embedding" else getattr(nn, name),
        )
        call = use(lambda w, module: module.extra_repr(1), made())
        yield row(f"nn.{name}.extra_repr", "an argument", call, TypeError, "argument")


def activations() -> Iterator[Row]:
    """Activations as modules and as functions."""
    for name in ONE_BY_ONE:
        module = getattr(nn, name)()
        for x in (None, "3", {}, 1j, object()):
            words = (("takes a real number, got",),)
            call = use(lambda w, m, x: m(x), module, x)
            yield row(f"nn.{name}.forward", f"{x!r:.20}", call, TypeError, *words)
            call = use(lambda w, m, x: m([w.x, [x]]), module, x)
            yield row(f"nn.{name}.forward", f"[[{x!r:.20}]]", call, TypeError, *words)
        call = use(lambda w, m: m([HUGE]), module)
        yield row(f"nn.{name}.forward", "10**400", call, OverflowError, "too large")
        call = use(lambda w, m: m(1.0, 2.0), module)
        yield row(f"nn.{name}.forward", "two arguments", call, TypeError, "argument")
    for name in (*ONE_BY_ONE, *OF_LISTS[:2], "Identity"):
        call = use(lambda w, c: c(1.0, 2.0), getattr(nn, name))
        yield row(f"nn.{name}", "two arguments", call, TypeError, "argument")
    for name, key in (("LeakyReLU", "negative_slope"), ("ELU", "alpha")):
        good = use(lambda w, c, k: (c, {k: 0.5}), getattr(nn, name), key)
        yield from mistakes(f"nn.{name}", good, {key: OPERAND})
    for name in OF_LISTS:
        function = getattr(nn, name)
        full = f"nn.{name}.forward" if name[0].isupper() else f"nn.{name}"
        apply = function() if name[0].isupper() else function
        for each in LISTS:
            call = use(lambda w, f, b: f(b.make(w)), apply, each)
            yield row(full, each.show, call, TypeError, "softmax takes", *each.words)
        yield row(full, "[]", use(lambda w, f: f([]), apply), ValueError, "got none")
        yield row(full, "two", use(lambda w, f: f([1.0], 2), apply), TypeError, "argument")


def initialisers() -> Iterator[Row]:
    """nn.init."""
    options: dict[str, dict[str, Any]] = {
        "uniform": {"low": FINITE, "high": FINITE},
        "normal": {"mean": FINITE, "std": NOT_NEGATIVE},
        "constant": {"value": FINITE},
        "xavier_uniform": {"gain": NOT_NEGATIVE},
        "xavier_normal": {"gain": NOT_NEGATIVE},
        "kaiming_uniform": {"a": FINITE},
        "kaiming_normal": {"a": FINITE},
        "zeros": {},
        "ones": {},
        "fan_in_uniform": {},
    }
    for name, kinds in options.items():
        good = use(lambda w, f, k: (f, dict.fromkeys(k, 0.5)), getattr(nn.init, name), kinds)
        yield from mistakes(f"nn.init.{name}", good, kinds, positional=True)
    call = use(lambda w: nn.init.uniform(2.0, 1.0))
    yield row("nn.init.uniform", "low > high", call, ValueError, "2.0", "1.0", "low ≤ high")


def states() -> Iterator[Row]:
    """What every module has."""
    name = "nn.Module"
    yield row(name, "an argument", use(lambda w, c: c(1), nn.Module), TypeError, "argument")
    for use_it in ("forward", "__call__"):
        call = use(lambda w, n: getattr(nn.Module(), n)(1.0), use_it)
        yield row(
            f"{name}.{use_it}", "none", call, NotImplementedError, "Module has no forward"
        )
    yield from mistakes(
        f"{name}.train", lambda w: (w.model.train, {"mode": True}), {"mode": FLAG}
    )
    for each in WRONG:
        call = use(lambda w, b: w.model.load_state_dict(b.make(w)), each)
        error = ValueError if each.show == "{}" else TypeError
        yield row(f"{name}.load_state_dict", each.show, call, error, "load_state_dict")
    values: list[Any] = [None, "3", 1j, [1.0], True]
    for x in values:
        call = use(lambda w, x: w.model.load_state_dict(_changed(w.model, x)), x)
        yield row(
            f"{name}.load_state_dict", f"last {x!r}", call, TypeError, "layers.1", repr(x)
        )
    call = use(lambda w: w.model.load_state_dict(_changed(w.model, HUGE)))
    yield row(
        f"{name}.load_state_dict", "10**400", call, OverflowError, "layers.1", "too large"
    )
    call = use(lambda w: w.model.load_state_dict({**w.model.state_dict(), "odd": 1.0}))
    yield row(
        f"{name}.load_state_dict", "more", call, ValueError, "unexpected 'odd'", "strict=False"
    )
    call = use(lambda w: w.model.load_state_dict(dict(list(w.model.state_dict().items())[1:])))
    yield row(
        f"{name}.load_state_dict", "less", call, ValueError, "missing 'layers.0", "strict=False"
    )
    for each in FLAG:
        call = use(lambda w, b: w.model.load_state_dict(w.model.state_dict(), b.make(w)), each)
        yield row(
            f"{name}.load_state_dict",
            f"strict={each.show}",
            call,
            TypeError,
            "strict",
            *each.words,
        )
    inputs: list[Any] = [None, "ab", 1j, {}]
    for x in inputs:
        call = use(lambda w, x: w.model.graph(x), x)
        yield row(f"{name}.graph", f"{x!r}", call, TypeError, "takes a list of 2 inputs")
    yield row(
        f"{name}.graph", "short", lambda w: w.model.graph([1.0]), ValueError, "2 inputs, got 1"
    )
    call = use(lambda w: w.model.graph([1.0, 2.0], odd=1))
    yield row(f"{name}.graph", "an option", call, TypeError, "odd")
    yield row(
        f"{name}.graph",
        "no Value",
        lambda w: nn.Identity().graph("x"),
        TypeError,
        "returns no Value",
    )
    without = ("named_modules", "modules", "named_children", "children", "named_parameters")
    for method in (*without, "parameters", "state_dict", "zero_grad", "eval", "extra_repr"):
        call = use(lambda w, n: getattr(w.model, n)(1), method)
        yield row(f"{name}.{method}", "an argument", call, TypeError, "argument")


def _changed(model: nn.Module, last: object) -> dict[str, Any]:
    state: dict[str, Any] = dict.fromkeys(model.state_dict(), INF * 0.0)
    return dict.fromkeys(state, 9.0) | {[*state][-1]: last}
