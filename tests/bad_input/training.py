"""Mistakes with training: fit, its history, early stopping, and files of models."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import numpy as np

import nn
from autograd import Value
from tests.bad_input.rows import (
    COUNT,
    FLAG,
    FUNCTION,
    HUGE,
    INF,
    NAN,
    NOT_NEGATIVE,
    NUMBER,
    Bad,
    Row,
    bad,
    bads,
    mistakes,
    row,
    use,
)

__all__ = ["rows"]

COUNT_0 = [b for b in COUNT if b.show != "0"]
OR_NONE = {
    "batch_size": COUNT,
    "progress": FLAG,
    "penalty": FUNCTION,
    "max_norm": NOT_NEGATIVE,
}
DATA = [*bads(TypeError, None, 3.0, "ab", 1j, Value(1.0), {0: 1.0}, object)]
DATA[-1] = bad(object, TypeError, "object")
DATA.append(bad(np.array(3.0), TypeError))
MODELS = [*bads(TypeError, None, 3.0, "ab", [1.0]), bad(nn.MLP, TypeError, "MLP")]
PATHS = [*bads(TypeError, 3.5, [], 1j, {}, words=("PathLike",))]
NO_FOLDER = Bad("no folder", lambda w: w.path("no/folder/a.json"), FileNotFoundError, ("no/",))


def rows() -> Iterator[Row]:
    """All of them."""
    yield from fits()
    yield from histories()
    yield from early_stopping()
    yield from events()
    yield from files()


def _fit(w: Any, **changes: Any) -> tuple[Any, dict[str, Any]]:
    optimizer = nn.SGD(w.model.parameters(), lr=0.0)
    arguments = {"model": w.model, "X": [[1.0, 2.0], [3.0, 4.0]], "y": [1.0, -1.0]}
    arguments |= {"loss": nn.mse_loss, "optimizer": optimizer, "epochs": 1, "shuffle": False}
    return nn.fit, {**arguments, "progress": False, **changes}


def fits() -> Iterator[Row]:
    """The arguments of fit."""
    samples = [*DATA, *bads(ValueError, [], [[1.0, 2.0]], words=("X",))]
    targets = [*DATA, *bads(ValueError, [], [1.0], [1.0] * 3, words=("targets in y",))]
    targets += [bad([1.0, x], ValueError, f"y[1] is {x}") for x in (NAN, INF, -INF)]
    targets.append(bad([[1.0], [[NAN]]], ValueError, "y[1] is [[nan]]"))
    optimizers = [*bads(TypeError, None, 0.1, "SGD"), bad(nn.SGD, TypeError, "SGD")]
    other = ("model.parameters()",)
    optimizers.append(Bad("of others", lambda w: w.optimizer, ValueError, other))
    pairs = [*bads(TypeError, 3.0, "ab", [], ([[1.0, 2.0]],), {}, words=("pair",))]
    pairs += [bad(([[1.0, 2.0]], x), ValueError, "validation") for x in ([], [NAN], [1.0] * 2)]
    pairs += [bad(([[1.0, 2.0]], x), TypeError, "validation: y") for x in (None, 3.0)]
    pairs.append(bad(([], []), ValueError, "validation: there are no samples in X"))
    metrics = [*bads(TypeError, [], 3, "ab", {"a": None}, {"a": 3}, {3: len})]
    metrics[3:] = [bad({"a": None}, TypeError, "'a'"), bad({"a": 3}, TypeError, "'a'")]
    metrics += [bad({3: len}, TypeError, "3"), bad({"loss": len}, ValueError, '"loss"')]
    callbacks = [*bads(TypeError, None, 3, 1j), bad(len, TypeError, "len")]
    callbacks += [bad([x], TypeError, repr(x)) for x in (None, 3, "f")]
    yield from mistakes(
        "nn.fit",
        _fit,
        {
            "model": MODELS,
            "X": samples,
            "y": targets,
            "loss": FUNCTION,
            "optimizer": optimizers,
            "epochs": COUNT_0,
            "shuffle": FLAG,
            "validation": pairs,
            "metrics": metrics,
            "scheduler": bads(TypeError, 3, "ab", [], True),
            "callbacks": callbacks,
            "early_stopping": bads(TypeError, 3, "ab", [], True),
            "checkpoint": [*PATHS, NO_FOLDER],
            "resume": FLAG,
            **{key: [b for b in kind if b.show != "None"] for key, kind in OR_NONE.items()},
        },
        owner=("fit", "PathLike", "no/folder"),
    )
    yield from during()


def during() -> Iterator[Row]:
    """What turns out while training."""
    losses: list[tuple[str, Any, type[Exception], str]] = [
        ("no Value", lambda o, t: 1.0, TypeError, "the loss must be a Value, got 1.0"),
        ("None", lambda o, t: None, TypeError, "the loss must be a Value, got None"),
        ("several", lambda o, t: list(o), TypeError, "the loss must be a Value, got [Value("),
        ("nan", lambda o, t: o[0] * NAN, FloatingPointError, "the loss is nan in epoch 1"),
        ("inf", lambda o, t: o[0] + INF, FloatingPointError, "the loss is inf in epoch 1"),
        ("fails", lambda o, t: o[0].odd, AttributeError, "odd"),
        ("too few", lambda o, t: nn.mse_loss(o[:1], t), ValueError, "1 predictions for 2"),
    ]
    for case, loss, error, word in losses:
        call = use(lambda w, f: _called(*_fit(w, loss=f)), loss)
        yield row("nn.fit", f"loss: {case}", call, error, word)
    samples: list[list[float]] = [[1.0], [1.0] * 3, []]
    for x in samples:
        call = use(lambda w, x: _called(*_fit(w, X=[[1.0, 2.0], x])), x)
        yield row("nn.fit", f"a sample {x}", call, ValueError, "takes 2 inputs")
    call = use(lambda w: _called(*_fit(w, X=[[1.0, 2.0], [NAN, 1.0]])))
    yield row("nn.fit", "a sample nan", call, FloatingPointError, "the loss is nan in epoch 1")
    call = use(lambda w: _called(*_fit(w, resume=True)))
    yield row("nn.fit", "resume from nothing", call, ValueError, "resume needs the checkpoint")
    for content in ("", "ab", "{}", "[]", "null", '{"format": 1}', "\x00"):
        call = use(_resumed, content)
        yield row("nn.fit", f"checkpoint {content!r}", call, ValueError, "broken.json")
    for penalty, error in ((lambda ps: None, TypeError), (lambda ps: ps.odd, AttributeError)):
        call = use(lambda w, f: _called(*_fit(w, penalty=f)), penalty)
        yield row("nn.fit", f"a penalty {error.__name__}", call, error)


def _called(function: Any, arguments: dict[str, Any]) -> None:
    function(**arguments)


def _resumed(w: Any, content: str) -> None:
    path = w.path("broken.json")
    with open(path, "w") as file:
        file.write(content)
    try:
        _called(*_fit(w, checkpoint=path, resume=True))
    finally:
        with open(path) as file:
            assert file.read() == content
        os.remove(path)


def histories() -> Iterator[Row]:
    """The history of a training."""
    name = "nn.History"
    yield row(name, "an argument", use(lambda w, c: c(1), nn.History), TypeError, "argument")
    for each in bads(TypeError, None, 3, "ab", [], [("loss", 1.0)]):
        call = use(lambda w, b: nn.History().append(b.make(w)), each)
        yield row(f"{name}.append", each.show, call, TypeError, "an epoch", *each.words)
        call = use(lambda w, b: nn.History.from_dict(b.make(w)), each)
        yield row(f"{name}.from_dict", each.show, call, TypeError, "History", *each.words)
    for each in NUMBER:
        call = use(lambda w, b: _appended({"loss": 1.0, "a": b.make(w)}), each)
        yield row(f"{name}.append", f"a={each.show}", call, each.error, "'a'", *each.words)
        call = use(lambda w, b: nn.History.from_dict({"a": [1.0, b.make(w)]}), each)
        yield row(f"{name}.from_dict", f"a={each.show}", call, each.error, "'a'", *each.words)
    for record in ({}, {"a": 1.0}, {"loss": 1.0}, {"loss": 1.0, "b": 2.0}):
        call = use(lambda w, r: _appended(r), record)
        yield row(f"{name}.append", f"{record}", call, ValueError, "History: an epoch")
    lists: list[Any] = [None, 3.0, "ab", {}]
    for x in lists:
        call = use(lambda w, x: nn.History.from_dict({"loss": x}), x)
        yield row(f"{name}.from_dict", f"a list {x!r}", call, TypeError, "'loss'")
    call = use(lambda w: nn.History.from_dict({"a": [1.0], "b": []}))
    yield row(f"{name}.from_dict", "lengths", call, ValueError, "differ in length")
    history = nn.History.from_dict({"loss": [1.0, 2.0]})
    for key in ("odd", None, 3):
        call = use(lambda w, k: history[k], key)
        yield row(f"{name}.__getitem__", f"{key!r}", call, KeyError, f"no {key!r}", "'loss'")
    call = use(lambda w, h: [] in h, history)
    yield row(f"{name}.__contains__", "[]", call, TypeError, "unhashable")
    for each in PATHS:
        call = use(lambda w, b: history.save(b.make(w)), each)
        yield row(f"{name}.save", each.show, call, TypeError, *each.words)
    for path in ("a.odd", "a", ".html"):
        call = use(lambda w, p: history.save(w.path(p)), path)
        yield row(f"{name}.save", path, call, ValueError, "History.save", path, ".html")
    call = use(lambda w: history.save(w.path("no/folder/a.html")))
    yield row(f"{name}.save", "no folder", call, FileNotFoundError, "no/folder")
    call = use(lambda w: nn.History().save(w.path("a.html")))
    yield row(f"{name}.save", "no epochs", call, ValueError, "there are no epochs")
    for method in ("plot", "html"):
        call = use(lambda w, n: getattr(nn.History(), n)(), method)
        yield row(f"{name}.{method}", "no epochs", call, ValueError, "no epochs")
    for method in ("to_dict", "plane"):
        call = use(lambda w, n: getattr(history, n)(1), method)
        yield row(f"{name}.{method}", "an argument", call, TypeError, "argument")
    for key in ("epochs", "watched", "best_epoch"):
        call = use(lambda w, k: setattr(history, k, 1), key)
        yield row(f"{name}.{key}", "set", call, AttributeError, key)


def _appended(record: Any) -> None:
    history = nn.History.from_dict({"loss": [1.0], "a": [2.0]})
    try:
        history.append(record)
    finally:
        assert history.to_dict() == {"loss": [1.0], "a": [2.0]}


def early_stopping() -> Iterator[Row]:
    """When a training ends."""
    name = "nn.EarlyStopping"
    yield from mistakes(
        name,
        lambda w: (nn.EarlyStopping, {"patience": 2, "min_delta": 0.5, "restore_best": True}),
        {"patience": COUNT, "min_delta": NOT_NEGATIVE, "restore_best": FLAG},
    )
    yield from mistakes(
        f"{name}.update",
        lambda w: (nn.EarlyStopping(2).update, {"loss": 1.0, "model": w.model}),
        {"loss": NUMBER, "model": MODELS},
    )
    for each in bads(TypeError, None, 3, "ab", [], words=("the state",)):
        call = use(lambda w, b: nn.EarlyStopping().load_state_dict(b.make(w)), each)
        yield row(f"{name}.load_state_dict", each.show, call, TypeError, *each.words)
    values: list[Any] = ["1", [], True, NAN, 1j, HUGE]
    for key in ("best", "waited", "best_state"):
        for x in values:
            call = use(_restopped, key, x)
            case = f"{key} {x!r:.20}"
            yield row(f"{name}.load_state_dict", case, call, ValueError, "EarlyStopping", key)
    for method in ("reset", "state_dict"):
        call = use(lambda w, n: getattr(nn.EarlyStopping(), n)(1), method)
        yield row(f"{name}.{method}", "an argument", call, TypeError, "argument")
    call = use(lambda w, s: setattr(s, "stopped", True), nn.EarlyStopping())
    yield row(f"{name}.stopped", "set", call, AttributeError, "stopped")


def _restopped(w: Any, key: str, value: Any) -> None:
    stopping = nn.EarlyStopping()
    stopping.update(1.0, w.model)
    before = stopping.state_dict()
    try:
        stopping.load_state_dict({**before, key: value})
    finally:
        assert stopping.state_dict() == before


def events() -> Iterator[Row]:
    """What a callback gets and raises."""
    call = use(lambda w, c: c(), nn.EpochEnd)
    yield row("nn.EpochEnd", "nothing", call, TypeError, "argument")
    event = nn.EpochEnd(1, nn.Identity(), nn.History())
    call = use(lambda w: setattr(event, "epoch", 2))
    yield row("nn.EpochEnd", "set", call, dataclasses_frozen(), "epoch")

    def stopping(w: Any) -> None:
        raise nn.StopTraining("enough")

    yield row("nn.StopTraining", "outside of fit", stopping, nn.StopTraining, "enough")


def dataclasses_frozen() -> type[Exception]:
    """What is raised when a frozen dataclass is changed."""
    from dataclasses import FrozenInstanceError

    return FrozenInstanceError


def files() -> Iterator[Row]:
    """Files of models."""
    suffixes = [bad(p, ValueError) for p in ("model", "model.pt", "model.JSON.x", "")]
    for name in ("save_model", "load_model"):
        kinds = {
            "model": bads(TypeError, None, 3.0, "ab", [1.0], words=("of the type Module",)),
            "path": [*PATHS, *bads(TypeError, None, words=("PathLike",)), *suffixes, NO_FOLDER],
        }

        def good(w: Any, name: str = name) -> tuple[Any, dict[str, Any]]:
            if name == "load_model":
                nn.save_model(w.model, w.path("model.json"))
            return getattr(nn, name), {"model": w.model, "path": w.path("model.json")}

        owners = ("path", "PathLike", "ends in", "no/folder", name)
        yield from _tidy(mistakes(f"nn.{name}", good, kinds, owner=owners, positional=True))
    for data in (NAN, INF):
        call = use(_saved, data)
        yield row(
            "nn.save_model", f"{data}", call, ValueError, "save_model", "'layers.", "JSON"
        )
    for content in ("", "ab", "{}", "[]", "null", '{"layers.0": 1}', "\x00"):
        for suffix in ("json", "safetensors"):
            call = use(_loaded, f"broken.{suffix}", content)
            yield row("nn.load_model", f"{suffix} {content!r}", call, ValueError, "broken")
    call = use(lambda w: nn.load_model(w.model, w.path("none.json")))
    yield row("nn.load_model", "no file", call, FileNotFoundError, "none.json")


def _tidy(rows: Iterator[Row]) -> Iterator[Row]:
    """The rows, with the file taken away that a good call leaves."""

    def tidied(w: Any, call: Any) -> Any:
        try:
            return call(w)
        finally:
            for path in w.folder.iterdir():
                path.unlink()

    for each in rows:
        yield Row(each.name, each.case, use(tidied, each.call), each.error, each.words)


def _saved(w: Any, data: float) -> None:
    parameter = w.model.parameters()[-1]
    before, parameter.data = parameter.data, data
    try:
        nn.save_model(w.model, w.path("model.json"))
    finally:
        parameter.data = before


def _loaded(w: Any, name: str, content: str) -> None:
    path = w.path(name)
    with open(path, "w") as file:
        file.write(content)
    try:
        nn.load_model(w.model, path)
    finally:
        os.remove(path)
