"""What a user sees of the engine, as text: `python -m tests.core.seen` prints it as JSON.

The two builds must print the same; `test_introspection.py` compares them.
"""

from __future__ import annotations

import copy
import functools
import inspect
import itertools
import json
import math
import operator
import pickle
import pydoc
import re
import sys
import traceback
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import autograd
import autograd.core.table
import autograd.core.value
from autograd import Value, dot, no_grad
from autograd.core.primitive import TABLE
from tests.builds import words_of


class Loud(float):
    """A float with an opinion of its own."""


class Refusing:
    """Answers no operator."""

    def __radd__(self, other: object) -> Any:
        return NotImplemented

    def __float__(self) -> float:
        raise RuntimeError("no float here")


class Raising:
    def __radd__(self, other: object) -> Any:
        raise RuntimeError("no sum here")


class Willing:
    def __radd__(self, other: object) -> str:
        return "Willing.__radd__"

    def __lt__(self, other: object) -> str:
        return "Willing.__lt__"

    def __gt__(self, other: object) -> str:
        return "Willing.__gt__"


class Pretending:
    """Says that it is a float."""

    __class__ = float  # type: ignore[assignment]


def leaf() -> Value:
    return Value(2.0, label="x")


def node() -> Value:
    return leaf() * 3.0


def wide() -> Value:
    y: Value = dot([leaf(), 2.0], [Value(3.0), Value(4.0)], 0.5)
    return y


def after(y: Value, name: str, value: Any) -> list[Any]:
    """A node, one of whose attributes has been set."""
    setattr(y, name, value)
    return [y, y.inputs, y.partials]


def plain(text: str) -> str:
    """Without addresses, which differ from run to run."""
    return re.sub(r"0x[0-9a-f]+", "0x…", text)


def outcome(call: Callable[[], Any]) -> str:
    """The repr of what a call gives, or its error with all that it says."""
    try:
        result = call()
    except Exception as error:
        return plain(words_of(error))
    return plain(f"{type(result).__name__} {result!r}")


OPERANDS: list[Any] = [
    3, True, 2**60, 10**400, 0, -0.0, math.inf, math.nan, Loud(2.5), Fraction(1, 3), 1j, "3",
    b"3", None, [1.0], (1.0,), {}, Decimal("1.5"), Refusing(), Raising(), Willing(),
    Pretending(), Value, leaf, autograd,
]  # fmt: skip
OPERATORS: list[Callable[[Any, Any], Any]] = [
    operator.add, operator.sub, operator.mul, operator.truediv, operator.pow, operator.lt,
    operator.le, operator.gt, operator.ge, operator.eq, operator.ne, operator.floordiv,
    operator.mod, divmod, operator.matmul, operator.and_, operator.lshift,
]  # fmt: skip
IN_PLACE: list[Callable[[Any, Any], Any]] = [operator.iadd, operator.imul, operator.ipow]
UNARY: list[Callable[[Any], Any]] = [
    operator.neg, operator.pos, operator.invert, abs, bool, int, float, complex, round, str,
    repr, bytes, len, iter, next, list, math.floor, math.ceil, math.trunc, math.sin, math.exp,
    operator.index, math.isnan, hex, format, ascii, vars, callable,
]  # fmt: skip


def table_of_operators() -> dict[str, str]:
    found = {}
    for apply in OPERATORS:
        for other, make in itertools.product(OPERANDS, (leaf, node)):
            key = plain(f"{apply.__name__}({make.__name__}, {other!r})")
            found[key] = outcome(functools.partial(apply, make(), other))
            found[f"{key} swapped"] = outcome(functools.partial(apply, other, make()))
    for apply, make in itertools.product(UNARY, (leaf, node, wide)):
        found[f"{apply.__name__}({make.__name__})"] = outcome(functools.partial(apply, make()))
    for apply, other in itertools.product(IN_PLACE, OPERANDS[:8]):
        found[f"{apply.__name__}(node, {other!r})"] = outcome(
            functools.partial(apply, node(), other)
        )
    return found


def sub_class() -> Any:
    return type("Sub", (Value,), {})


def get(make: Callable[[], Value], name: str) -> Any:
    return getattr(make(), name)


def set_attribute(name: str, value: Any) -> Callable[[], Any]:
    return lambda: setattr(node(), name, value)


def delete_attribute(name: str) -> Callable[[], Any]:
    return lambda: delattr(node(), name)


def raised(call: Callable[[], Any]) -> Exception | None:
    try:
        call()
    except Exception as error:
        return error
    return None


def matched(x: Any) -> str:
    match x:
        case float():
            return "a float"
        case Value(data=data, op=None):
            return f"a leaf of {data}"
        case Value(op=op, inputs=(Value(label="x"),)):
            return f"{op} of x"
        case Value():
            return "a node"
        case _:
            return "nothing"


PUBLIC = ["data", "grad", "label", "op", "operands", "inputs", "partials", "_prev", "_op"]
UNKNOWN = ["colour", "requires_grad", "__dict__", "__weakref__", "value", "shape", "T"]
CALLS: dict[str, Callable[[], Any]] = {
    "Value()": lambda: Value(),  # type: ignore[call-arg]
    "Value(1, 2, 3)": lambda: Value(1.0, "x", 3),  # type: ignore[call-arg]
    "Value(data=)": lambda: Value(data=1.0),
    "Value(label=)": lambda: Value(label="x"),  # type: ignore[call-arg]
    "Value(name=)": lambda: Value(1.0, name="x"),  # type: ignore[call-arg]
    "Value(data twice)": lambda: Value(1.0, data=2.0),  # type: ignore[misc]
    "Value(str)": lambda: Value("1"),  # type: ignore[arg-type]
    "Value(label not str)": lambda: Value(1.0, label=2),  # type: ignore[arg-type]
    "Value(Loud)": lambda: Value(Loud(1.5)),
    "Value(Pretending)": lambda: Value(Pretending()),  # type: ignore[arg-type]
    "Value.__new__": lambda: type(Value.__new__(Value)).__name__,
    "backward(1, 2)": lambda: leaf().backward(1.0, 2.0),  # type: ignore[call-arg]
    "backward(seed=)": lambda: leaf().backward(seed=2.0),
    "backward(sead=)": lambda: leaf().backward(sead=2.0),  # type: ignore[call-arg]
    "backward(None)": lambda: leaf().backward(None),  # type: ignore[arg-type]
    "Value.backward()": lambda: Value.backward(),  # type: ignore[call-arg]
    "zero_grad(1)": lambda: leaf().zero_grad(1),  # type: ignore[call-arg]
    "detach(1)": lambda: leaf().detach(1),  # type: ignore[call-arg]
    "exp(1)": lambda: leaf().exp(1),  # type: ignore[call-arg]
    "log(1)": lambda: leaf().log(1),
    "atan2()": lambda: leaf().atan2(),
    "clip(low=)": lambda: leaf().clip(low=3.0),
    "clip(lo=)": lambda: leaf().clip(lo=3.0),
    "pow mod": lambda: pow(leaf(), 2, 3),  # type: ignore[call-overload]
    "round(2)": lambda: round(leaf(), 2),
    "round('2')": lambda: round(leaf(), "2"),  # type: ignore[call-overload]
    "round(inf)": lambda: round(Value(math.inf)),
    "int(inf)": lambda: int(Value(math.inf)),
    "floor(nan)": lambda: math.floor(Value(math.nan)),
    "format .3f": lambda: format(node(), ".3f"),
    "format bad": lambda: format(node(), "q"),
    "format not str": lambda: type(raised(lambda: node().__format__(3))),  # type: ignore[arg-type]
    "f-string": lambda: f"{node()!r:>30} {node():10.2e} {node()}",
    "call": lambda: leaf()(1.0),  # type: ignore[operator]
    "index": lambda: leaf()[0],  # type: ignore[index]
    "in": lambda: 1.0 in leaf(),  # type: ignore[operator]
    "unpack": lambda: [*leaf()],  # type: ignore[misc]
    "with": lambda: leaf().__enter__(),  # type: ignore[attr-defined]
    "sub-class": sub_class,
    "instance of": lambda: (isinstance(leaf(), Value), isinstance(1.0, Value)),
    "sub-class of": lambda: [base.__name__ for base in Value.__mro__ if base is not object],
    "type": lambda: (type(leaf()).__name__, type(leaf()).__qualname__, type(leaf()).__module__),
    "match leaf": lambda: matched(leaf()),
    "match node": lambda: matched(node()),
    "match wide": lambda: matched(wide()),
    "match positional": lambda: matched(1.0),
    "hash": lambda: len({leaf(): 1, leaf(): 2}),
    "hash kept": lambda: (lambda x: hash(x) == hash(x))(node()),
    "eq": lambda: (leaf() == leaf(), operator.eq(leaf(), 2.0), (lambda x: x == x)(leaf())),
    "sort": lambda: [x.data for x in sorted([Value(2.0), Value(-1.0), Value(0.5)])],
    "max": lambda: max(Value(2.0), Value(3.0), 2.5),
    "sum": lambda: sum([leaf(), leaf()]),
    "copy": lambda: (copy.copy(node()), copy.copy(wide()).partials, copy.copy(leaf())),
    "deepcopy": lambda: (copy.deepcopy(node()), copy.deepcopy(wide()).operands),
    "copy shares": lambda: (lambda y: copy.copy(y).inputs[0] is y.inputs[0])(node()),
    "__copy__(1)": lambda: leaf().__copy__(1),  # type: ignore[call-arg]
    "pickle": lambda: pickle.loads(pickle.dumps([node(), wide()])),
    "reduce": lambda: leaf().__reduce_ex__(2)[1:],
    "weakref": lambda: __import__("weakref").ref(leaf()),
    "getsizeof": lambda: 48 <= sys.getsizeof(node()) <= 160,
    "init again": lambda: (lambda y: (y.__init__(5.0), y, y.inputs, y.partials))(node()),  # type: ignore[misc]
    "inputs": lambda: (node().inputs, node().operands, node().partials, node()._prev),
    "inputs of wide": lambda: (wide().inputs, wide().operands, wide().partials),
    "inputs of leaf": lambda: (leaf().inputs, leaf().operands, leaf().partials, leaf()._prev),
    "set data": lambda: after(leaf(), "data", 7),
    "set grad": lambda: after(leaf(), "grad", True),
    "set label": lambda: after(node(), "label", "new"),
    "label of wide": lambda: after(wide(), "label", "new"),
    "_record arity": lambda: Value._record(TABLE["exp"], ()),
    "exp overflow": lambda: Value(710.0, label="x").exp(),
    "table call": lambda: TABLE["exp"](),
    "table str": lambda: TABLE["exp"]("x"),
    "table set": lambda: setattr(TABLE["exp"], "colour", 1),
    "table repr": lambda: list(TABLE.values()),
    "primitive arity": lambda: {name: op.arity for name, op in TABLE.items()},
    "where": lambda: Value(1.0).where(2.0, leaf()),
    "take": lambda: leaf().take(1, 5.0),
    "take outside": lambda: leaf().take(7, 5.0),
    "micrograd": lambda: (node()._op, node()._prev, leaf()._op),
    "no_grad": lambda: no_grad().__enter__.__name__,
    "topological_order()": lambda: autograd.core.sweeps.topological_order(),
    **{f"get {name}": functools.partial(get, node, name) for name in PUBLIC},
    **{f"set {name}": set_attribute(name, 1.0) for name in PUBLIC},
    **{f"set {name} None": set_attribute(name, None) for name in PUBLIC},
    **{f"set {name} str": set_attribute(name, "1") for name in PUBLIC},
    **{f"del {name}": delete_attribute(name) for name in PUBLIC},
    **{f"get {name}": functools.partial(get, leaf, name) for name in UNKNOWN},
    **{f"set {name}": set_attribute(name, 1.0) for name in UNKNOWN},
    **{f"del {name}": delete_attribute(name) for name in UNKNOWN},
}


def table_of_calls() -> dict[str, str]:
    return {name: outcome(call) for name, call in CALLS.items()}


def parameters(f: Any) -> str:
    """Names and defaults; C keeps neither kinds nor annotations."""
    try:
        found = inspect.signature(f).parameters.values()
    except ValueError as error:
        return str(error)
    return str([(p.name, p.default) for p in found])


def public(thing: Any) -> list[str]:
    return getattr(thing, "__all__", [name for name in dir(thing) if not name.startswith("_")])


def kind(member: Any) -> str:
    if inspect.isroutine(member):
        return "routine"
    return "property" if inspect.isdatadescriptor(member) else type(member).__name__


OWNERS: list[Any] = [
    autograd,
    Value,
    autograd.Primitive,
    no_grad,
    autograd.core.value,
    autograd.core.table,
]


def table_of_names() -> dict[str, str]:
    found = {
        "Value": parameters(Value),
        "bases": str([base.__name__ for base in Value.__mro__]),
    }
    for owner in OWNERS:
        found[f"{owner.__name__} names"] = str(sorted(public(owner)))
        for name in public(owner):
            member, key = getattr(owner, name), f"{owner.__name__}.{name}"
            found[f"{key} kind"] = kind(member)
            found[f"{key} doc"] = str(inspect.getdoc(member))
            if inspect.isroutine(member):
                found[f"{key} signature"] = parameters(member)
                found[f"{key} name"] = member.__qualname__
    return found


def helped(thing: Any) -> str:
    """What `help` shows of a thing, but for `__add__` and the like, on which Python and C
    have words of their own, the headings that sort by kind, and the call."""
    text = plain(pydoc.plain(pydoc.render_doc(thing)))
    text = re.sub(r"\((\n \|      .*)+\n \|  \)", "()", text)  # 3.13 breaks a long call
    text = re.sub(r"^ \|  __\w+__.*\n((?: \|\n)? \|      ?\S.*\n)*", "", text, flags=re.M)
    lines = {line.strip() for line in text.splitlines()}
    other = (
        r"defined here:$|inherited from|^\|  \w+\("  # a call, with C's signature or Python's
    )
    return "\n".join(sorted(line for line in lines if not re.search(other, line)))


def table_of_help() -> dict[str, str]:
    return {"Value": helped(Value)}


FAULTS: dict[str, Callable[[], Any]] = {
    "log": lambda: Value(-1.0).log(),
    "exp": lambda: Value(800.0).exp(),
    "div": lambda: Value(1.0) / 0.0,
    "rdiv": lambda: 1.0 / Value(0.0),
    "pow": lambda: Value(-8.0) ** 0.5,
    "data": set_attribute("data", "1"),
    "label": lambda: Value(1.0, label=2),  # type: ignore[arg-type]
    "backward": lambda: leaf().backward("1"),  # type: ignore[arg-type]
    "nan": lambda: (lambda x: autograd.sqrt(x * x).backward())(Value(0.0)),
    "add": lambda: leaf() + 10**400,
    "sin": lambda: autograd.sin(Value(math.inf)),
    "dot": lambda: dot([Value(1e308)], [1.0], 1e308),
    "constructor": lambda: Value("1"),  # type: ignore[arg-type]
}


def table_of_tracebacks() -> dict[str, str]:
    """The last frame of each traceback: file, function, and the line of the source."""
    found = {}
    for name, call in FAULTS.items():
        error = raised(call)
        assert error is not None
        frames = traceback.extract_tb(error.__traceback__)
        assert all(frame.line for frame in frames), name
        last = frames[-1]
        function = last.name.removesuffix(".__set__").rpartition(".")[2]
        found[name] = f"{Path(last.filename).name} {function}: {last.line}"
        entered = frames[2]  # after `raised` and the call: where the user came in
        found[f"{name} entered"] = Path(entered.filename).name
    return found


def everything() -> dict[str, dict[str, str]]:
    return {
        "operators": table_of_operators(),
        "calls": table_of_calls(),
        "names": table_of_names(),
        "help": table_of_help(),
        "tracebacks": table_of_tracebacks(),
    }


if __name__ == "__main__":
    json.dump(everything(), sys.stdout)
