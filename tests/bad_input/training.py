"""Mistakes with training: fit, its history, early stopping, and files of models."""

import functools
import random
import sys
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np

import autograd
import nn
from autograd import Value
from autograd.files import with_checksum
from nn.training.checkpoint import read_checkpoint, write_checkpoint
from tests.bad_input.rows import *
from tests.helpers.foreign import checked, tensor, tensors  # noqa: F401  (rows name them)
from tests.helpers.tables import named, table

OR_NONE = {"batch_size": COUNT, "progress": FLAG, "penalty": FUNCTION}
OR_NONE |= {"max_norm": NOT_NEGATIVE}
DATA = bads(TypeError, None, 3.0, "ab", 1j, Value(1.0), {0: 1.0}, np.array(3.0))
DATA.append(bad(object, TypeError, "object"))
MODELS = [*bads(TypeError, None, 3.0, "ab", [1.0]), bad(nn.MLP, TypeError, "MLP")]
PATHS = bads(TypeError, 3.5, [], 1j, {}, words=("PathLike",))
BROKEN = (b"", b"ab", b"{}", b"[]", b"null", b'{"format": 1}', b"\0")
WHOLE = with_checksum(b'{"scalar-autograd crc32":"00000000"}')
BIAS = b'{"w.0": 0.5, "w.1": 0.5, "b": %s}'
W, B = tensor("F64", [2], 0, 16), tensor("F64", [], 16, 24)
POOL = ThreadPoolExecutor(1)
NO_FOLDER = Bad("no folder", lambda w: w.path("no/folder/a.json"), FileNotFoundError, ("no/",))


def rows() -> Iterator[Row]:
    """All of them."""
    yield from fits()
    yield from histories()
    yield from early_stopping()
    for name in ("save_model", "load_model"):
        yield from of_file(f"nn.{name}", getattr(nn, name))
    yield from files()
    yield from sweeps()


def _fit(w: Any, **changes: Any) -> tuple[Any, dict[str, Any]]:
    optimizer = nn.SGD(w.model.parameters(), lr=0.0)
    arguments = {"model": w.model, "X": [[1.0, 2.0], [3.0, 4.0]], "y": [1.0, -1.0]}
    arguments |= {"loss": nn.mse_loss, "optimizer": optimizer, "epochs": 1, "shuffle": False}
    return nn.fit, {**arguments, "progress": False, **changes}


def _step(model: nn.Module, loss: Any = nn.mse_loss, **settings: Any) -> Any:
    return nn.compile(model, loss, nn.SGD(model.parameters(), 0.0), **settings)


def fits() -> Iterator[Row]:
    """The arguments of fit."""
    samples = [*DATA, *bads(ValueError, [], [[1.0, 2.0]], words=("X",))]
    targets = [*DATA, *bads(ValueError, [], [1.0], [1.0] * 3, words=("targets in y",))]
    targets += [bad([1.0, x], ValueError, f"y[1] is {x}") for x in (NAN, INF, -INF)]
    targets.append(bad([[1.0], [[NAN]]], ValueError, "y[1] is [[nan]]"))
    optimizers = [*bads(TypeError, None, 0.1, "SGD"), bad(nn.SGD, TypeError, "SGD")]
    other = ("model.parameters()",)
    optimizers.append(Bad("of others", lambda w: w.optimizer, ValueError, other))
    schedulers = bads(TypeError, 3, "ab", [], True)
    another = lambda w: nn.StepLR(w.optimizer, 1)
    schedulers.append(Bad("of others", another, ValueError, ("another optimizer",)))
    pairs = bads(TypeError, True, "ab", [], ([[1.0, 2.0]],), {}, words=("pair",))
    pairs += bads(ValueError, 0.0, 0.1, 1, 1.0, words=("leave some for each",))
    pairs += bads(ValueError, -0.5, 3.0, NAN)
    pairs += bads_of(
        """
([[1.0, 2.0]], []) | ValueError | "validation"
([[1.0, 2.0]], [NAN]) | ValueError | "validation"
([[1.0, 2.0]], [1.0] * 2) | ValueError | "validation"
([[1.0, 2.0]], None) | TypeError | "validation: y"
([[1.0, 2.0]], 3.0) | TypeError | "validation: y"
([], []) | ValueError | "validation: there are no samples in X"
""",
        globals(),
    )
    metrics = bads_of(
        """
[] | TypeError
3 | TypeError
"ab" | TypeError
{"a": None} | TypeError | "'a'"
{"a": 3} | TypeError | "'a'"
{3: len} | TypeError | "3"
{"loss": len} | ValueError | '"loss"'
""",
        {},
    )
    callbacks = bads_of(
        """
None | TypeError
3 | TypeError
1j | TypeError
len | TypeError | "len"
[None] | TypeError | "None"
[3] | TypeError | "3"
["f"] | TypeError | "'f'"
[nn.EarlyStopping(patience=2)] | TypeError | "a callback" | "early_stopping=…"
""",
        globals(),
    )
    stepped = Bad(
        "a scheduler", lambda w: [nn.StepLR(w.optimizer, 2)], TypeError, ("scheduler=",)
    )
    callbacks.append(stepped)
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
            "scheduler": schedulers,
            "callbacks": callbacks,
            "early_stopping": bads(TypeError, 3, "ab", [], True),
            "checkpoint": [
                *PATHS,
                NO_FOLDER,
                *bads(ValueError, "a.safetensors", "b.pt", words=("is a JSON file", ".json")),
            ],
            "resume": FLAG,
            **{key: [b for b in kind if b.show != "None"] for key, kind in OR_NONE.items()},
        },
        owner=("fit", "PathLike", "no/folder"),
    )
    taken = ("model", "loss", "optimizer")
    kinds = {"model": MODELS, "loss": FUNCTION, "optimizer": optimizers}
    for key, values in {**OR_NONE, "threads": COUNT}.items():
        if key in ("penalty", "max_norm", "threads"):
            kinds[key] = [b for b in values if b.show != "None"]
    kinds["backend"] = bads(ValueError, "cuda", words=('must be "native" or "jax"',))
    good = lambda w: (nn.compile, {key: _fit(w)[1][key] for key in taken})
    yield from mistakes("nn.compile", good, kinds)
    yield from during()
    yield from plays()
    text = lambda w: __import__("pandas").DataFrame({"size": [1.0, 2.0], "city": ["a", "b"]})
    given = [Bad("text", text, TypeError, ("the column 'city' holds text",))]
    masked = np.ma.masked_equal([[1.0, 0.0], [1.0, 1.0]], 0.0)
    given.append(Bad("masked", lambda w: masked, TypeError, ("masked array",)))
    yield from each("nn.fit", given, lambda w, x: _trained(w, X=x))
    yield from each("nn.Module.predict", given, lambda w, x: w.model.predict(x))
    yield from each("nn.compile", given, lambda w, x: _step(w.model).predict(x))
    sure = nn.Sequential(nn.Layer(2, 2), nn.Softmax())
    yield from refusals(
        """
"nn.compile" | "Softmax" |
    lambda w: nn.compile(sure, nn.cross_entropy, nn.SGD(sure.parameters())) | UserWarning |
    "the loss takes logits" | "Softmax()"
"nn.fit" | "Keras' progress" | lambda w: _trained(w, verbose=0) | TypeError |
    "write progress=True"
"nn.fit" | "Keras' lr" | lambda w: _trained(w, lr=0.1) | TypeError | "optimizer=nn.SGD"
"nn.fit" | "Keras' validation" | lambda w: _trained(w, validation_data=0) | TypeError |
    "validation=(X, y)"
""",
        globals() | locals(),
    )


def plays() -> Iterator[Row]:
    """The page that trains in the browser."""
    pair: list[Any] = [[[1.0, 2.0], [3.0, 4.0]], [1.0, -1.0]]

    def good(w: Any) -> Any:
        arguments = {"model": w.model, "X": pair[0], "y": pair[1], "loss": nn.hinge_loss}
        return nn.play, {**arguments, "lr": 0.1}

    xs = [*DATA, *bads(ValueError, [], [[1.0, 2.0]], words=("X",))]
    xs.append(bad([[1.0, 2.0], [NAN, 4.0]], ValueError, "X[1] is [nan, 4.0]"))
    ys = [*DATA, *bads(ValueError, [], [1.0], words=("targets in y",))]
    rates = [b for b in NOT_NEGATIVE if b.show != "True"]
    losses = bads(ValueError, None, 3, "f")
    losses += bads(ValueError, nn.l1_loss, abs, words=("mse_loss",))
    kinds = {"model": MODELS, "X": xs, "y": ys, "loss": losses, "lr": rates}
    yield from mistakes("nn.play", good, kinds)
    mixed = nn.Layer(2, 2)
    mixed.neurons[0].activation = nn.Tanh()
    odd = bads_of(
        """
nn.MLP(3, [1]) | ValueError | "must have 2 inputs, got 3"
nn.MLP(2, [2]) | ValueError | "hinge_loss takes 1 output, and the model has 2"
nn.Sequential(abs) | TypeError | "must be made of layers"
nn.Sequential() | TypeError | "has no layer"
nn.Layer(2, 1, abs) | TypeError | "an activation must have a name"
nn.Layer(2, 1, [].append) | TypeError | "an activation must have a name"
nn.Sequential(mixed, nn.Layer(2, 1)) | TypeError | "one activation"
""",
        {"nn": nn, "mixed": mixed},
    )
    yield from each("nn.play", odd, lambda w, m: nn.play(m, *pair, loss=nn.hinge_loss))
    many = bad([[1.0, 2.0]] * 2001, ValueError, "at most 2,000 samples, got 2,001")
    call: Call = lambda w, x: nn.play(w.model, x, [1.0] * 2001, loss=nn.hinge_loss)
    yield from each("nn.play", [many], call)


def during() -> Iterator[Row]:
    """Mistakes that turn out while training."""
    losses = bads_of(
        """
lambda o, t: 1.0 | TypeError | "the loss must be a Value, got 1.0"
lambda o, t: None | TypeError | "the loss must be a Value, got None"
lambda o, t: list(o) | TypeError | "the loss must be a Value, got [Value("
lambda o, t: o[0] * NAN | FloatingPointError | "the loss is nan in epoch 1; lower"
lambda o, t: o[0] + INF | FloatingPointError | "the loss is inf in epoch 1"
lambda o, t: o[0].odd | AttributeError | "odd"
lambda o, t: nn.mse_loss(o[:1], t) | ValueError | "1 predictions for 2"
""",
        globals(),
    )
    yield from each("nn.fit", losses, lambda w, f: _trained(w, loss=f))
    logs: Any = nn.Sequential(nn.Layer(1, 1, bias=False, init=nn.init.ones()), autograd.log)
    own = {"model": logs, "optimizer": nn.SGD(logs.parameters(), 0.0)}
    own["X"] = [[1.0], [2.0]]
    told = bads_of(
        """
{"X": [[1.0], [-2.0]]} | ValueError | "log(-2.0)" | "in the model, for the sample [-2.0]"
{"loss": lambda o, t: exp(1e4 + o[0])} | OverflowError | "too large in epoch 1" |
    "lower the learning rate"
{"loss": lambda o, t: (o - t) ** 2} | TypeError | "which is given the lists of all outputs"
{"metrics": {"odd": lambda o, t: o > 0}} | TypeError | "'odd', which is given all outputs"
""",
        {"exp": autograd.exp},
    )
    for compiled in (True, False):
        call: Call = lambda w, x, c=compiled: _trained(w, **{**own, **x}, compiled=c)
        yield from each("nn.fit", told, call)
    call = lambda w: _step(logs).predict([[1.0], [-2.0]])
    yield row("nn.compile", "a sample", call, ValueError, *told[0].words)
    sample: list[Any] = [[1.0], [1.0] * 3, []]
    samples = bads(ValueError, *sample, words=("takes 2 inputs",))
    words = "the loss is nan in epoch 1; the sample [nan, 1.0] is not finite"
    samples.append(bad([NAN, 1.0], FloatingPointError, words))
    yield from each("nn.fit", samples, lambda w, x: _trained(w, X=[[1.0, 2.0], x]))
    call = lambda w: _trained(w, resume=True)
    yield row("nn.fit", "from nothing", call, ValueError, "resume needs the checkpoint")
    contents = bads(ValueError, *BROKEN, words=("broken.json",))
    contents += bads_of(
        """
WHOLE[:-1] + b" }" | ValueError | "broken.json is damaged: its checksum is wrong"
checked('{"a": NaN}') | ValueError | "is damaged: it has the number 'NaN'"
checked('{"a": 1e999}') | ValueError | "is damaged: it has the number '1e999'"
checked('{"a": 1, "a": 1}') | ValueError | "is damaged: 'a' occurs twice"
checked('{"a": [{"b": 1, "b": 1}]}') | ValueError | "is damaged: 'b' occurs twice"
checked("[]") | ValueError | "is damaged: it holds no state"
checked("null") | ValueError | "is damaged: it holds no state"
checked("{}", format="other") | ValueError | "broken.json is not a checkpoint"
checked("{}").replace(b"crc32", b"") | ValueError | "broken.json is not a checkpoint"
checked("{}", version=3) | ValueError | "is a checkpoint of version 3; " | "reads version 2"
checked("{}", version=None) | ValueError | "is a checkpoint of version None"
""",
        globals(),
    )
    call = lambda w, x: _read(
        w, "broken.json", x, lambda p: _trained(w, checkpoint=p, resume=True)
    )
    yield from each("nn.fit", contents, call, case="checkpoint ")
    penalties = bads_of(
        """
lambda ps: None | TypeError | "NoneType"
lambda ps: ps.odd | AttributeError | "odd"
""",
        {},
    )
    yield from each("nn.fit", penalties, lambda w, f: _trained(w, penalty=f))
    pairs: Any = [([[1.0]], [1.0])]
    data = np.zeros((100_003, 2))
    targets = np.where(np.eye(1, 200_006, 200_003), NAN, 0.0).reshape(-1, 2)
    lazy = type("LazyFrame", (), {"collect": 0})()
    yield from refusals(
        """
"nn.fit" | "without tqdm" | lambda w: mock.patch.dict(sys.modules, {"tqdm.auto": None})(
    _trained)(w, progress=True, checkpoint=w.path("run.json")) | ImportError |
    "needs the `train` extra: pip install 'scalar-autograd[train]'; or leave out progress=True"
"nn.fit" | "JAX by Values" | lambda w: _trained(w, backend="jax", compiled=False) | ValueError |
    "leave out compiled=False"
"nn.fit" | "a generator" |
    lambda w: _trained(w, **{**own, "X": iter(pairs), "y": None}, epochs=2) | ValueError |
    "give the function that makes it, without calling it"
"nn.fit" | "no batches" | lambda w: _trained(w, X=dict, y=None) | ValueError |
    "no batches in epoch 1"
"nn.fit" | "no pair" | lambda w: _trained(w, X=lambda: [{"x": [], "y": []}], y=None) |
    TypeError | "a batch must be a pair of inputs and targets"
"nn.fit" | "more" | lambda w: _trained(w, X=lambda: [(pairs[0][0], [])], y=None) | ValueError |
    "batch 0 of X" | ": 1 samples in X for 0 targets"
"nn.fit" | "a sample" | lambda w: _trained(w, X=lambda: [([1.0, 2.0], 1.0)], y=None) |
    TypeError | "batch 0 of X" | ": y must be a list or an array"
"nn.fit" | "no y" | lambda w: _trained(w, X=data, y=None) | TypeError |
    "without y, X must give batches"
"nn.fit" | "their size" | lambda w: _trained(w, X=pairs, y=None, batch_size=5) | ValueError |
    "leave out batch_size"
"nn.fit" | "lazy X" | lambda w: _trained(w, X=lazy) | TypeError |
    "X is not computed yet: compute it"
"nn.fit" | "lazy y" | lambda w: _trained(w, y=lazy) | TypeError |
    "y is not computed yet: compute it"
"nn.fit" | "far" | lambda w: _trained(w, X=data, y=targets) | ValueError |
    "y[100001] is [0.0, nan]"
"nn.fit" | "coupled" |
    lambda w: _trained(w, loss=lambda o, t: nn.mse_loss(o, t) ** 0.5, **own) | UserWarning |
    "fit: not compiled, since ValueError: the loss couples samples"
""",
        {**globals(), **locals()},
    )
    yield from resuming()
    yield from steps()


def _trained(w: Any, **changes: Any) -> None:
    function, arguments = _fit(w, **changes)
    function(**arguments)


def steps() -> Iterator[Row]:
    """Of `nn.compile`."""
    name = "nn.compile"
    samples = bads_of(
        """
([[1.0, 2.0]], []) | ValueError | "y is empty"
([], []) | ValueError | "X is empty"
([[1.0, 2.0]] * 2, [1.0]) | ValueError | "2 samples in X for 1 samples in y"
(3.0, [1.0]) | TypeError | "X has no samples"
([["a"]], [1.0]) | TypeError | "X"
([[1.0, 2.0], [1.0]], [1.0, 1.0]) | ValueError | "X[1] is built in another way"
""",
        {},
    )
    yield from each(name, samples, lambda w, x: _step(w.model)(*x))
    losses = bads_of(
        """
lambda o, t: nn.mse_loss(o, t) ** 0.5 | ValueError | "couples samples"
lambda o, t: nn.mse_loss(o, t) + sum(o) | ValueError | "neither the mean nor the sum"
lambda o, t: autograd.maximum(*o, 0.0) | ValueError | "couples samples"
lambda o, t: o[0] * o[-1] | ValueError | "couples samples"
lambda o, t: o[0] if o[0] > o[-1] else o[-1] | ValueError | "couples samples"
lambda o, t: (sum(o) + 5.0 * o[-1]) / len(o) | ValueError |
    ("couples samples", "where the loss itself gives")
lambda o, t: nn.mse_loss(o, t) + INF | FloatingPointError | "nn.compile: the loss is inf; lower"
""",
        globals(),
    )
    xs = np.random.default_rng(1).normal(size=(100, 8))
    call: Call = lambda w, f: _step(w.model, f)(xs[:12, :2], xs[:12, 2])
    yield from each(name, losses, call)
    line = nn.Layer(1, 1, init=nn.init.ones())
    own = {"model": line, "optimizer": nn.SGD(line.parameters(), 0.0), "compiled": None}
    own |= {"X": xs, "y": np.zeros(100), "epochs": 5}
    ways = bads_of(
        """
lambda x: [sorted(x)[3]] | UserWarning | "use autograd.where(condition, a, b)"
lambda x: [x[hash(x[0]) % 8]] | UserWarning | "hashes a Value" | "write x.detach()"
""",
        globals(),
    )
    call = lambda w, f: _trained(w, **{**own, "model": nn.Sequential(f, line)})
    yield from each("nn.fit", ways, call)
    far = nn.Sequential(lambda x: x[:1], line, lambda y: autograd.where(y > 0.0, y, INF))
    own["metrics"] = {"largest": lambda o, t: max(o)}
    own["loss"] = lambda o, t: sum(autograd.minimum(y, 1.0) for y in o) / len(o)
    counted: Any = nn.Sequential(lambda x: [x[0] * next(counted.g)], line)
    counted.g = (k for k in range(10**6))
    drawn = nn.Sequential(line, lambda y: y * random.random())
    yield from refusals(
        """
name | "frozen" | lambda w: _step(w.model.requires_grad_(False)) | ValueError |
    "has no parameter of the model" | "requires_grad=True"
name | "frozen later" |
    lambda w: (_step(w.model), w.model.requires_grad_(False))[0]([[1.0, 2.0]], [1.0]) |
    ValueError | "all parameters are frozen"
"nn.fit" | "infinity" | lambda w: _trained(w, **{**own, "model": far}) | UserWarning |
    "gives numbers that programs can't"
"nn.fit" | "generator" | lambda w: _trained(w, **{**own, "model": counted}) | UserWarning |
    "a generator can't be copied"
name | "random" | lambda w: _step(drawn).predict(xs[:, :1]) | ValueError | "different results"
name | "not called" | lambda w: _step(w.model).program | RuntimeError | "no program yet"
name | "without JAX" | lambda w: mock.patch.dict(sys.modules, jax=None)(_step)(
    w.model, backend="jax") | ImportError | "JAX: pip install 'scalar-autograd[jax]'"
""",
        {**globals(), **locals()},
    )


def resuming() -> Iterator[Row]:
    """From the checkpoint of another training, or one that was changed."""
    stopping = {"early_stopping": nn.EarlyStopping()}
    metrics = {"metrics": {"a": lambda o, t: 0.0}}
    less = {"X": [[1.0, 2.0]], "y": [1.0]}
    for change, settings, *words in table(
        """
{} | stopping | "it was made without early_stopping"
{"early_stopping": {}} | {} | "it was made with early_stopping"
{"history": {"loss": [1.0]}} | metrics | "its epochs have ['loss'], those of" | "['loss', 'a']"
{"history": {"loss": [[1.0]]}} | {} | "history: "
{"history": None} | {} | "history "
{"data": None} | {} | "it was made with other data"
{} | less | "it was made with other data, {'samples': 2"
{"settings": None} | {} | "settings "
{"settings": {"optimizer": "momentum"}} | {} | "its optimizer has 'momentum', this one ["
{"more": 1} | {} | "missing []; unexpected ['more']"
{"model": {"w": 1.0}} | {} | "model: "
{"optimizer": "Adam"} | {} | "optimizer: "
{"random": None} | {} | "random: "
""",
        locals(),
    ):
        call = functools.partial(_resumed, change=change, settings=settings)
        words += ["run.json does not fit this training: "]
        yield row("nn.fit", f"resumed with {change}", call, ValueError, *words)


def _resumed(w: Any, change: Any, settings: Any) -> None:
    path = w.folder / "run.json"
    _trained(w, checkpoint=path, epochs=0)
    write_checkpoint(path, read_checkpoint(path) | change)
    try:
        _trained(w, checkpoint=path, resume=True, **settings)
    finally:
        path.unlink()


def _read(w: Any, name: str, content: bytes, call: Callable[[str], object]) -> None:
    """A call that reads a file, and must leave it as it is."""
    path = w.folder / name
    path.write_bytes(content)
    try:
        call(str(path))
    finally:
        assert path.read_bytes() == content
        path.unlink()


def histories() -> Iterator[Row]:
    """The history of a training."""
    name = "nn.History"
    others = bads(TypeError, None, 3, "ab", [], [("loss", 1.0)])
    yield from each(f"{name}.append", others, lambda w, x: _appended(x), "an epoch")
    from_dict = nn.History.from_dict
    yield from each(f"{name}.from_dict", others, lambda w, x: from_dict(x), "History")
    call: Call = lambda w, x: _appended({"loss": 1.0, "a": x})
    yield from each(f"{name}.append", NUMBER, call, "'a'", case="a=")
    records: list[Any] = [{}, {"a": 1.0}, {"loss": 1.0}, {"loss": 1.0, "b": 2.0}]
    given = bads(ValueError, *records, words=("History: an epoch",))
    yield from each(f"{name}.append", given, lambda w, x: _appended(x))
    call = lambda w, x: from_dict({"a": [1.0, x]})
    yield from each(f"{name}.from_dict", NUMBER, call, "'a'", case="a=")
    lists = bads(TypeError, None, 3.0, "ab", {}, words=("'a'",))
    lists.append(bad([], ValueError, "differ in length"))
    yield from each(f"{name}.from_dict", lists, lambda w, x: from_dict({"b": [1.0], "a": x}))
    keys = [bad(key, KeyError, f"no {key!r}", "'loss'") for key in ("odd", None, 3)]
    history = from_dict({"loss": [1.0, 2.0]})
    yield from each(f"{name}.__getitem__", keys, lambda w, key: history[key])
    given = [bad([], TypeError, "unhashable")]
    yield from each(f"{name}.__contains__", given, lambda w, x: x in history)
    yield from each(f"{name}.save", PATHS, lambda w, x: history.save(x))
    places = [bad(p, ValueError, "History.save", p, ".html") for p in ("a.odd", "a", ".html")]
    places.append(bad("no/folder/a.html", FileNotFoundError, "no/folder"))
    yield from each(f"{name}.save", places, lambda w, p: history.save(w.path(p)))
    empty = [bad("a.html", ValueError, "there are no epochs")]
    yield from each(f"{name}.save", empty, lambda w, p: nn.History().save(w.path(p)))
    for method in ("plot", "html"):
        call = lambda w, m=method: getattr(nn.History(), m)()
        yield row(f"{name}.{method}", "no epochs", call, ValueError, "no epochs")


def _appended(record: Any) -> None:
    history = nn.History.from_dict({"loss": [1.0], "a": [2.0]})
    try:
        history.append(record)
    finally:
        assert history.to_dict() == {"loss": [1.0], "a": [2.0]}


def early_stopping() -> Iterator[Row]:
    """When a training ends, and what a callback gets and raises."""
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
    given = bads(TypeError, None, 3, "ab", [], words=("the state",))
    given += bads(ValueError, {}, {"more": 1}, words=("does not fit",))
    strange = named(
        """
best: ["1.0", NAN, HUGE, [], True]
waited: [1.5, -1, 10**30, True, None, "1", []]
best_state: [[], "1", True, 1j]
'p': [{"p": "0.0"}, {"p": INF}]
""",
        **globals(),
    )
    for key, values in strange.items():
        changes = [{"best_state" if key == "'p'" else key: x} for x in values]
        given += bads(ValueError, *changes, words=("EarlyStopping", key))
    yield from each(f"{name}.load_state_dict", given, _restopped)


def _restopped(w: Any, change: Any) -> None:
    stopping = nn.EarlyStopping()
    stopping.update(1.0, w.model)
    before = stopping.state_dict()
    whole = isinstance(change, dict) and change and "more" not in change
    try:
        stopping.load_state_dict({**before, **change} if whole else change)
    finally:
        assert stopping.state_dict() == before


def of_file(name: str, function: Any) -> Iterator[Row]:
    """How files of models are written and read; the file of a good call is taken away."""
    suffixes = [bad(p, ValueError) for p in ("model", "model.pt", "model.JSON.x", "")]
    kinds = {
        "model": bads(TypeError, None, 3.0, "ab", [1.0], words=("of the type Module",)),
        "path": [*PATHS, bad(None, TypeError, "PathLike"), *suffixes, NO_FOLDER],
    }

    def good(w: Any) -> tuple[Any, dict[str, Any]]:
        if function is nn.load_model:
            nn.save_model(w.model, w.path("model.json"))
        return function, {"model": w.model, "path": w.path("model.json")}

    def tidied(w: Any, call: Any) -> Any:
        try:
            return call(w)
        finally:
            for path in w.folder.iterdir():
                path.unlink()

    owners = ("path", "PathLike", "ends in", "no/folder", name.removeprefix("nn."))
    for a in mistakes(name, good, kinds, owner=owners, positional=True):
        yield Row(name, a.case, functools.partial(tidied, call=a.call), a.error, a.words)


def files() -> Iterator[Row]:
    """Files of models that cannot be: not in JSON, no such content, not there."""
    given = bads(ValueError, NAN, INF, words=("save_model", "'layers.", "JSON"))
    yield from each("nn.save_model", given, _saved)
    damaged = {
        "json": r"""
WHOLE[:-1] + b" }" | ValueError | "broken.json is damaged: its checksum is wrong"
BIAS % b"NaN" | ValueError | "is damaged: it has the number 'NaN'"
BIAS % b"1e999" | ValueError | "is damaged: it has the number '1e999'"
BIAS % (b"1" * 400) | ValueError | "fit the model: " | "'bias' is too large for a float"
BIAS % (b"1" * 400 + b".0") | ValueError | "is damaged: it has the number '1111"
BIAS % (b"1" * 10_000) | ValueError | "is damaged: " | " limit"
BIAS % b"true" | ValueError | "does not fit the model: " | "'bias' must be a number, got True"
b"\xef\xbb\xbf" + BIAS % b"null" | ValueError | "'bias' must be a number, got None"
BIAS % (b"[" * 400 + b"]" * 400) | ValueError | "does not fit the model: " | "got [[[[[[["
BIAS % (b'"' + b"x" * 10_000 + b'"') | ValueError | "does not fit the model: " | "xxx"
b'{"w.0": 0.5, "w.0": 0.5}' | ValueError | "is damaged: 'w.0' occurs twice"
b'{"w.0": 0.5, "w.1": 1}' | ValueError | "fit the model: " | "missing ['bias']; unexpected []"
b'{"w.0": 1, "w.1": 1, "b": 1, "c": 2}' | ValueError | "unexpected ['c']"
b'{"w.0": 1, "w.1": 1, "b": 1, "bias": 2}' | ValueError | "unexpected ['bias']"
b'{"w": [0.5], "b": 1.0}' | ValueError | "missing ['weight.0', 'weight.1']; unexpected ['w']"
b"{}" | ValueError | "does not fit the model: " | "missing ['weight.0', 'weight.1', 'bias']"
""",
        "safetensors": r"""
tensors({"w": W, "b": {**B, "dtype": "I64"}}, bytes(24)) | ValueError | "'b' holds int64, not"
tensors({"w": W, "b": tensor("BOOL", [], 16, 17)}, bytes(17)) | ValueError | "'b' holds bool"
tensors({"w": W, "b": tensor("BF16", [], 16, 18)}, bytes(18)) | ValueError | "is damaged"
tensors({"w": W, "w.0": B}, bytes(24)) | ValueError | "is damaged: 'w.0' occurs twice"
tensors({"w": W, "b": W}, bytes(16)) | ValueError | "is damaged"
tensors({"w": W, "b": tensor("F64", [2**62], 16, 24)}, bytes(24)) | ValueError | "is damaged"
tensors({"w": W, "b": tensor("F64", [2**63, 2], 16, 24)}, bytes(24)) | ValueError | "is damaged"
tensors({"w": W, "b": tensor("F64", [1], 16, 24)}, bytes(24)) | ValueError | "does not fit"
tensors({"w": tensor("F64", [3], 0, 24)}, bytes(24)) | ValueError | "missing ['bias']"
tensors({"w": W, "B": B}, bytes(24)) | ValueError | "missing ['bias']; unexpected ['B']"
tensors({"w": W, "b": B, "c": tensor("F64", [0], 24, 24)}, bytes(8)) | ValueError | "is damaged"
tensors(b"[" * 100_000) | ValueError | "is damaged"
tensors({"__metadata__": {"w": 1}, "w": W, "b": B}, bytes(24)) | ValueError | "is damaged"
(2**63).to_bytes(8, "little") + b"{}" | ValueError | "is damaged"
(10**8).to_bytes(8, "little") + b"{}" | ValueError | "is damaged"
""",
    }
    for suffix, text in damaged.items():
        name = f"broken.{suffix}"
        contents = bads(ValueError, *BROKEN, words=("broken",))
        contents += bads_of(text, globals())
        call: Call = lambda w, x, name=name: _read(
            w, name, x, lambda p: nn.load_model(w.model.layers[1].neurons[0], p)
        )
        yield from each("nn.load_model", contents, call, case=suffix)
    call = lambda w: nn.load_model(w.model, w.path("none.json"))
    yield row("nn.load_model", "no file", call, FileNotFoundError, "none.json")
    without = mock.patch.dict(sys.modules, {"safetensors.numpy": None})(nn.save_model)
    call = lambda w: without(w.model, w.path("a.safetensors"))
    told = "`train` extra: pip install 'scalar-autograd[train]'; or save as .json"
    yield row("nn.save_model", "no safetensors", call, ImportError, told)


def _saved(w: Any, data: float) -> None:
    parameter = w.model.parameters()[-1]
    before, parameter.data = parameter.data, data
    try:
        nn.save_model(w.model, w.path("model.json"))
    finally:
        parameter.data = before


def sweeps() -> Iterator[Row]:
    """Many trainings."""
    trials = [*bads(TypeError, None, 3, 1j), bad([3], TypeError, "trials[0]")]
    trials += [bad([{"a": 1j}], TypeError, "trials[0]: a"), bad([], ValueError, "no trials")]
    trials.append(bad([{3: 1}], TypeError, "trials[0]: a name"))
    arguments = {"train": dict, "trials": [{"a": 1}], "executor": POOL, "progress": False}
    yield from mistakes(
        "nn.sweep",
        lambda w: (nn.sweep, {**arguments, "seed": 0, "folder": None}),
        {
            "train": FUNCTION,
            "trials": trials,
            "executor": bads(TypeError, 3, "ab", [], words=("must have submit",)),
            "folder": bads(TypeError, 3.5, [], 1j, words=("PathLike",)),
            "seed": bads(TypeError, None, "1", 1.5),
            "progress": [b for b in FLAG if b.show != "None"],
        },
        owner=("sweep", "PathLike"),
    )
    damaged = bads(ValueError, b"", b"[]", b'{"record": {}}', words=("is damaged; delete it",))
    yield from each("nn.sweep", damaged, _swept)
    nothing = bads(TypeError, None, 3, words=("not iterable",))
    yield from each("nn.Sweep", nothing, lambda w, x: nn.Sweep(x))
    callback = nn.optuna_callback
    yield from mistakes("nn.optuna_callback", lambda w: (callback, {"trial": None}), {})


def _swept(w: Any, content: bytes) -> None:
    """From a folder whose record has become this."""
    with tempfile.TemporaryDirectory() as folder:
        again = functools.partial(nn.sweep, dict, [{"a": 1}], folder=folder, progress=False)
        again()
        (file,) = Path(folder).iterdir()
        file.write_bytes(content)
        again()
