"""Define an operation, and pickle it: the library's own and its users' by the same call."""

from __future__ import annotations

import contextlib
import copyreg
import importlib
import pickle
from collections.abc import Callable, Sequence
from typing import Any

from autograd.core.operand import number
from autograd.core.primitive import RESERVED, TABLE, Primitive, Rule

__all__ = ["primitive", "primitive_named", "reserve"]

TRAITS = frozenset(["bounded", "exact", "steady", "steep", "chooses", "small", "activation"])


def primitive(
    name: str,
    value: Callable[..., Any],
    *rules: Rule,
    symbol: str | None = None,
    variadic: bool = False,
    strong_zero: bool = False,
    traits: str = "",
    domain: str = "",
    kink: str = "",
    latex: str | None = None,
    doc: str = "",
    defaults: Sequence[float] = (),
    textbook_rule: Rule | None = None,
) -> Primitive:
    """Define an operation, with the same call that defines the library's own.

    Args:
        name: a Python identifier, or several with dots between them, that is none of the
            library's primitives. Defining your own again replaces it.
        value: the operation on floats, `value(*operands)` → float. It may raise ValueError,
            ZeroDivisionError or OverflowError, which get a message that names the operands.
        rules: one for each operand, `rule(out, *operands)` → d(out)/d(operand), written
            with operators and `autograd` functions so that it works on Values too; with
            `variadic=True` a single rule that returns a tuple, one partial an operand. The
            names of the operands are those of the first rule.
        symbol: how it is shown; the name if None.
        variadic: takes any number of operands.
        strong_zero: an operand whose partial is 0 is not looked at (as by `where`), so that it
            contributes nothing even to an infinite cotangent.
        traits: words for facts that programs and pictures rely on. "bounded": the partials are
            finite where the operands and the result are. "exact": the result has the same bits
            on every machine. "steady": the result moves no more than the operands do. "steep":
            a partial may be infinite at a kink. "chooses": the result is one of the operands.
            "small": the result is at most 1 in size. "activation": it is drawn in the layer
            whose result it takes.
        domain: the operands it accepts, for the message of a ValueError: `"x > 0"`.
        kink: what its derivative is where there is none.
        latex: format string with `{0}`, `{1}` … for the operands; if variadic `{args}` for
            those that have no such place. `{1:.0s}` is for one that is left out where it is 0.
        doc: what it computes, for `help`.
        defaults: what the last operands are where they are left out.
        textbook_rule: the rule of an operation with one operand, or that of a variadic one, as
            it is taught, where the accurate one is written in another way.

    Returns:
        The operation, to be called on Values and numbers. It can be pickled where its rules
        can, by pickle or by cloudpickle if that is installed. Define it once, in a module: the
        collector of cycles does not see a rule that refers to nodes made with it.

    Raises:
        TypeError: a name or another text that is not a string, an option that is not a
            bool, rules that cannot be called, or defaults that are not numbers.
        ValueError: a name that is no identifier or the library's, no (or too many) rules or
            defaults, an unknown trait, or a `latex` with other places than the operands.

    >>> from autograd import Value, primitive
    >>> cube = primitive("cube", lambda x: x * x * x, lambda out, x: 3.0 * x * x)
    >>> x = Value(2.0)
    >>> cube(x).backward()
    >>> x.grad, cube(2.0)
    (12.0, 8.0)
    """
    if not isinstance(name, str):
        raise TypeError(f"a primitive's name must be a string, got {name!r}")
    if not all(part.isidentifier() for part in name.split(".")):
        raise ValueError(f"a primitive's name must be a Python identifier, got {name!r}")
    if name in RESERVED:
        raise ValueError(f"{name!r} is one of the library's primitives; choose another name")
    texts = {"domain": domain, "kink": kink, "doc": doc, "traits": traits}
    texts |= {
        "symbol": "" if symbol is None else symbol,
        "latex": "" if latex is None else latex,
    }
    flags = {"variadic": variadic, "strong_zero": strong_zero}
    for key, given in {**texts, **flags}.items():
        kind, must_be = (str, "a string") if key in texts else (bool, "True or False")
        if not isinstance(given, kind):
            raise TypeError(f"primitive {name!r}: {key} must be {must_be}, got {given!r}")
    every = [value, *rules, *([] if textbook_rule is None else [textbook_rule])]
    for rule in every:
        if not callable(rule):
            raise TypeError(f"primitive {name!r}: a rule must be a function, got {rule!r}")
    if not rules or (variadic and len(rules) != 1):
        raise ValueError(
            f"primitive {name!r} needs a partials rule for each operand "
            f"(one for all if variadic), got {len(rules)}"
        )
    last = tuple([number(x, f"a default of primitive {name!r}") for x in defaults])
    if len(last) > (0 if variadic else len(rules)):
        raise ValueError(f"primitive {name!r}: {len(last)} defaults are more than operands")
    short = name.rpartition(".")[2]
    slots = "{args}" if variadic else ", ".join(f"{{{i}}}" for i in range(len(rules)))
    if latex is None:
        latex = f"\\operatorname{{{{{short}}}}}\\left({slots}\\right)".replace("_", r"\_")
    try:
        latex.format(
            *["x"] * (9 if variadic else len(rules)), **({"args": "x"} if variadic else {})
        )
    except (IndexError, KeyError, ValueError, AttributeError) as error:
        raise ValueError(
            f"primitive {name!r}: latex {latex!r} must be a format string whose places are "
            f"{slots}, with other braces doubled ({type(error).__name__}: {error})"
        ) from None
    unknown = {*traits.split()} - TRAITS
    if unknown:
        raise ValueError(
            f"primitive {name!r}: no trait is called {unknown.pop()!r}; choose of "
            f"{', '.join(sorted(TRAITS))}"
        )
    facts = (symbol or short, variadic, strong_zero, domain, kink, latex, doc, last)
    TABLE[name] = Primitive(name, value, rules, *facts, textbook_rule, traits)
    return TABLE[name]


def reserve() -> None:
    """From now on the names in the table are the library's."""
    RESERVED.update(TABLE)


# ---------------------------------------------------------------------- pickling


def _reduced(entry: Primitive) -> tuple[Any, ...]:
    """Return what `__reduce__` of a primitive gives pickle."""
    return primitive_named, (entry.name, *_definition(entry))


copyreg.pickle(Primitive, _reduced)


def _definition(entry: Primitive) -> tuple[Any, ...]:
    """Return the definition of a user's primitive for another process, () if it has none."""
    if entry.name in RESERVED:
        return ()
    rest = {key: getattr(entry, key) for key in primitive.__kwdefaults__ or ()}
    for pickler in ("pickle", "cloudpickle"):
        with contextlib.suppress(Exception):  # of many types, for a rule that it can't write
            dumps = importlib.import_module(pickler).dumps
            return (dumps(((entry.value, *entry.rules), rest)),)
    return ()


def primitive_named(name: str, definition: bytes = b"") -> Primitive:
    """The primitive of a pickle: that of the table, else what the pickle brings along."""
    module = name.rpartition(".")[0]
    if name not in TABLE and module:  # nn's own, for one, are there when nn is
        with contextlib.suppress(ImportError):
            importlib.import_module(module)
    if name not in TABLE and definition:
        rules, rest = pickle.loads(definition)
        primitive(name, *rules, **rest)
    try:
        return TABLE[name]
    except KeyError:
        define = f"import {module}" if module else f"call autograd.primitive({name!r}, …)"
        raise LookupError(
            f"the graph uses the primitive {name!r}, which is not defined here; "
            f"{define} before loading it"
        ) from None
