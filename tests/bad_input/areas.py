"""The areas of the table, and the public names that have no rows, with the reason."""

from __future__ import annotations

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

__all__ = ["AREAS", "WITHOUT"]

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
    )
]
WITHOUT: dict[str, str] = {
    "nn.init.Initialiser": "the type of what initialisers are, which nobody calls",
}
