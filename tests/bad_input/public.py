"""Every public name: functions, classes, and what a class offers of its own."""

import inspect
from types import ModuleType

import autograd
import nn
from autograd import Primitive, Value, testing
from autograd.core.operations import Operations
from autograd.show.snapshot import Snapshot

PLAIN = (
    *("name", "symbol", "value", "rules", "variadic", "selects", "domain", "kink", "latex"),
    *("doc", "defaults", "taught"),
)
KINDS = (property, classmethod, staticmethod, type(vars(Value)["data"]))  # a compiled property

BESIDES = ("abs", "pow", "sum")  # of autograd, left out of `import *`
SPECIAL = (
    *("__init__", "__call__", "__getitem__", "__setstate__", "__contains__", "__len__"),
    *("__iter__", "__enter__", "__exit__"),
)


def public_names() -> set[str]:
    """Such as `autograd.log`, `nn.SGD` (its constructor) and `nn.SGD.step`."""
    names: set[str] = set()
    for module, more in ((autograd, BESIDES), (testing, ()), (nn, ()), (nn.init, ())):
        for name in (*module.__all__, *more):
            names |= _of(f"{module.__name__}.{name}", getattr(module, name))
    names |= _of("autograd.Graph", Snapshot)
    return names | _of("autograd.Value", Operations) - {"autograd.Value.__init__"}


def _of(name: str, thing: object) -> set[str]:
    if isinstance(thing, (ModuleType, Primitive)) or not callable(thing):
        return set()  # an entry of the table has the rows of Primitive.__call__
    if not inspect.isclass(thing):
        return {name}
    own = {
        f"{name}.{key}"
        for key, part in vars(thing).items()
        if (not key.startswith("_") or key in SPECIAL[1:])
        and not (thing is Primitive and key in PLAIN)
        and not isinstance(part, Primitive)
        and (callable(part) or isinstance(part, KINDS))
    }
    return {name, *own}
