"""Every public name: functions, classes, and what a class offers of its own."""

import inspect
from types import ModuleType
from typing import Any

import autograd
import nn
from autograd import Primitive, Value, testing
from autograd.core.operations import Operations
from autograd.show.snapshot import Snapshot

PLAIN = (
    *(
        "name",
        "symbol",
        "value",
        "rules",
        "variadic",
        "strong_zero",
        "traits",
        "domain",
        "kink",
    ),
    "latex",
    *(
        "doc",
        "defaults",
        "textbook_rule",
        "evaluate1",
        "partial",
        "partial1",
        "partials",
        "explain",
    ),
)
COMPILED = (Value, Operations, Primitive)
PROPERTIES = (property, type(vars(Value)["data"]))
SPECIAL = ("__call__", "__getitem__", "__setstate__", "__contains__", "__exit__")


def public_names() -> set[str]:
    """Such as `autograd.log`, `nn.SGD` (its constructor) and `nn.SGD.step`."""
    names: set[str] = set()
    for module in (autograd, autograd.linalg, testing, nn, nn.init):
        for name in module.__all__:
            names |= _of(f"{module.__name__}.{name}", getattr(module, name))
    names |= _of("autograd.Graph", Snapshot)
    return names | _of("autograd.Value", Operations)


def _of(name: str, thing: object) -> set[str]:
    if isinstance(thing, (ModuleType, Primitive)) or not callable(thing):
        return set()  # an entry of the table has the rows of Primitive.__call__
    if not inspect.isclass(thing):
        return {name}
    own = {
        f"{name}.{key}"
        for key, part in vars(thing).items()
        if (not key.startswith("_") or key in SPECIAL)
        and not (thing is Primitive and key in PLAIN)
        and not isinstance(part, Primitive)
        and (_arguments(part) > 1 or (thing in COMPILED and isinstance(part, PROPERTIES)))
    }
    return own | {name} if _arguments(thing) else own


def _arguments(part: Any) -> int:
    """How many it takes. (Python tells who gives some to what takes none.)"""
    part = getattr(part, "__func__", part)
    try:
        return len(inspect.signature(part).parameters) if callable(part) else 0
    except ValueError:  # of what is compiled
        return 9
