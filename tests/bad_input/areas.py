"""The areas of the table, and the public names that have no rows, with the reason."""

import inspect
from collections.abc import Iterator
from dataclasses import FrozenInstanceError, is_dataclass
from pathlib import Path
from typing import Any

import nn
from autograd import testing
from tests.bad_input import (
    checking,
    drawing,
    functional,
    losses,
    modules,
    optim,
    training,
    transforms,
    value,
)
from tests.bad_input.public import public_names
from tests.bad_input.rows import Row, bad, each
from tests.bad_input.world import World

WITHOUT: dict[str, str] = {
    "autograd.testing.explain": "it takes a report, which nobody makes",
    "autograd.testing.Explanation": "made by explain",
    "autograd.testing.Explanation.save": "it writes a file, as others do",
    **{
        f"autograd.testing.check_{name}": "it gives all to check_vjp or check_jacobian"
        for name in ("jax", "scipy", "torch")
    },
    "nn.init.Initialiser": "the type of what initialisers are, which nobody calls",
}


def objects(w: World) -> dict[str, Any]:
    """One of each class, under its public name."""
    one = nn.init.ones()
    layers: list[nn.Module] = [f(2, 2, init=one) for f in (nn.Layer, nn.Embedding)]
    layers += [nn.Neuron(2, init=one), nn.Dropout(), nn.LeakyReLU(), nn.ELU()]
    layers.append(nn.Sequential(len))
    return {f"nn.{type(layer).__name__}": layer for layer in layers} | {
        "autograd.Graph": w.z.graph(),
        "autograd.Stepper": w.z.steps(),
        "autograd.testing.Report": testing.gradcheck(lambda x: x, 1.0),
        "nn.Module": w.model,
        "nn.Optimizer": w.optimizer,
        "nn.Scheduler": nn.ExponentialLR(w.optimizer, 0.5),
        "nn.ReduceLROnPlateau": nn.ReduceLROnPlateau(w.optimizer),
        "nn.EarlyStopping": nn.EarlyStopping(),
        "nn.History": nn.History.from_dict({"loss": [1.0]}),
    }


KINDS = {name: type(thing) for name, thing in objects(World(Path())).items()}


def members() -> Iterator[Row]:
    """Methods that take no argument get one, and what is read only is set."""
    for name in sorted(public_names()):
        owner, _, key = name.rpartition(".")
        if owner in KINDS:
            yield from of_member(name, owner, key, inspect.getattr_static(KINDS[owner], key))


def of_member(name: str, owner: str, key: str, part: Any) -> Iterator[Row]:
    """A method or property, which may be called without an argument."""
    if isinstance(part, property) and part.fset is None:
        error = FrozenInstanceError if is_dataclass(KINDS[owner]) else AttributeError
        call = lambda w, x: setattr(objects(w)[owner], key, x)
        yield from each(name, [bad(1, error, key)], call)
    elif callable(part) and len(inspect.signature(part).parameters) == 1:
        given = [bad(1.0, TypeError, "argument")]
        yield from each(name, given, lambda w, x: getattr(objects(w)[owner], key)(x))


AREAS = [
    list(area())
    for area in (
        value.rows,
        functional.rows,
        transforms.rows,
        modules.rows,
        losses.rows,
        optim.rows,
        training.rows,
        drawing.rows,
        checking.rows,
        members,
    )
]
