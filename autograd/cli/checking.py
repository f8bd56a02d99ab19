"""`python -m autograd check module:function --at x=1.0,y=2.0`: are its derivatives right?"""

from __future__ import annotations

import argparse
import importlib
import inspect
import json
from collections.abc import Callable, Sequence
from inspect import Parameter
from typing import Any

from autograd.cli.ending import FAILED, PROGRAM
from autograd.cli.expressions import number_given
from autograd.show.pages.document import json_number
from autograd.testing import gradcheck

__all__ = ["check_function"]


def check_function(argv: Sequence[str]) -> int:
    """Check a function that can be imported, and return the exit code: 1 unless it passes.

    Raises:
        SystemExit: with code 2 for arguments that make no sense.
    """
    parser = argparse.ArgumentParser(
        prog=f"{PROGRAM} check",
        description="Check the derivatives of a function against differences.",
        allow_abbrev=False,
    )
    add = parser.add_argument
    add("function", metavar="MODULE:FUNCTION", help="of Values, or of floats with --gradient")
    add("--at", required=True, metavar="NAME=VALUE,...", help="its arguments, by name")
    add("--gradient", metavar="MODULE:FUNCTION", help="a derivative written by hand")
    add("--order", type=int, default=1, help="the highest order that is checked")
    add("--json", action="store_true", help="print the report as JSON")
    arguments = parser.parse_args(argv[1:])
    try:
        f, point = _imported(arguments.function), _point_at(arguments.at)
        given = None if arguments.gradient is None else _imported(arguments.gradient)
        gradient = given and _by_name(given, [*point])
        report = gradcheck(
            _by_name(f, [*point]), *point.values(), order=arguments.order, gradient=gradient
        )
    except (
        ImportError,
        AttributeError,
        TypeError,
        ValueError,
        ArithmeticError,
        SyntaxError,
    ) as error:
        message = getattr(error, "msg", str(error))
        if "a Value would lose its gradient" in message:
            message += "; a function of floats needs --gradient"
        parser.error(message)
    names = {f"argument {i}": name for i, name in enumerate(point)}
    where = names.get(report.where, report.where)
    if arguments.json:
        found = vars(report) | {"where": where}
        del found["kinks"], found["line"]
        shown = {k: json_number(x) if isinstance(x, float) else x for k, x in found.items()}
        print(json.dumps(shown, indent=2))
    else:
        print(str(report).replace(f"{report.where} = ", f"{where} = "))
    return 0 if report else FAILED


def _imported(name: str) -> Callable[..., Any]:
    module, _, path = name.partition(":")
    if not (module and path):
        raise ValueError(f"a function must be given as MODULE:FUNCTION, got {name!r}")
    found: Any = importlib.import_module(module)
    for part in path.split("."):
        found = getattr(found, part)
    if not callable(found):
        raise TypeError(f"{name} must be a function, got {found!r:.80}")
    return found  # type: ignore[no-any-return]


def _by_name(f: Callable[..., Any], names: Sequence[str]) -> Callable[..., Any]:
    """f as a function of positions; it gets them by name, unless it takes none by name."""
    try:
        kinds = {x.kind for x in inspect.signature(f).parameters.values()}
    except (TypeError, ValueError):  # of a function that is written in C, say
        kinds = {Parameter.POSITIONAL_ONLY}
    if kinds <= {Parameter.POSITIONAL_ONLY, Parameter.VAR_POSITIONAL}:
        return f
    return lambda *xs: f(**dict(zip(names, xs)))


def _point_at(text: str) -> dict[str, float]:
    found: dict[str, float] = {}
    for part in text.split(","):
        name, equals, value = part.partition("=")
        name = name.strip()
        if not equals or not name.isidentifier() or name in found:
            raise ValueError(f"--at must be like x=1.0,y=2.0, each name once, got {text!r}")
        found[name] = number_given(name, value)
    return found
