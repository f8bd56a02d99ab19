"""`python -m autograd check module:function --at x=1.0,y=2.0`: are its derivatives right?"""

from __future__ import annotations

import argparse
import importlib
import inspect
import json
import re
from collections.abc import Callable, Sequence
from inspect import Parameter
from typing import Any

from autograd.cli.ending import FAILED, PROGRAM
from autograd.cli.expressions import Formula, number_given
from autograd.show.pages.document import json_number
from autograd.testing import gradcheck
from autograd.testing.problem import Problem
from autograd.testing.recorded import Recording

__all__ = ["check_formula", "check_function"]


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
    add(
        "--at",
        required=True,
        metavar="NAME=VALUE,...",
        help="its arguments by name, such as x=1.5,p=[0.3,2.0]",
    )
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
    if arguments.json:
        found = vars(report) | {"where": _named(report.where, [*point])}
        del found["kinks"], found["line"]
        shown = {k: json_number(x) if isinstance(x, float) else x for k, x in found.items()}
        print(json.dumps(shown, indent=2))
    else:
        print(_named(str(report), [*point]))
    return 0 if report else FAILED


def check_formula(formula: Formula, point: Sequence[float], order: int) -> dict[str, Any]:
    """What a check of a formula finds: for each variable, what was computed and differences.

    Returns:
        Whether it passed, the verdict with its reason, and of each variable `analytic`,
        `numeric` and their `difference`; `kinks` are lines of text.
    """
    report = gradcheck(formula, *point, order=order)
    cases, _ = Recording(Problem(formula, tuple(point))).end_to_end_cases("auto")
    pairs = [(case.analytic + 0.0, case.decision.numeric + 0.0) for case in cases]
    return {
        "passed": bool(report),
        "report": f"{report.verdict}: {report.reason}",
        "variables": {
            name: {"analytic": a, "numeric": n, "difference": 0.0 if a == n else a - n}
            for name, (a, n) in zip(formula.names, pairs)
        },
        "kinks": [_named(line, formula.names) for line in report.kink_lines("argument")],
    }


def _named(text: str, names: Sequence[str]) -> str:
    """A text with the names of arguments in place of their numbers."""
    return re.sub(r"\bargument (\d+)", lambda found: names[int(found[1])], text)


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


def _point_at(text: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for part in _split(text):
        name, equals, value = part.partition("=")
        name = name.strip()
        if not equals or not name.isidentifier() or name in found:
            wanted = "--at must be like x=1.0,p=[2.0,3.0], each name once"
            raise ValueError(f"{wanted}, got {text!r}")
        found[name] = _value(name, value.strip())
    return found


def _value(name: str, text: str) -> Any:
    """A number, or a list of values."""
    if not text.startswith("["):
        return number_given(name, text)
    if not text.endswith("]"):
        raise ValueError(f"{name}={text}: [ is never closed: write ]")
    inner = text[1:-1].strip()
    return [_value(f"{name}[{i}]", part.strip()) for i, part in enumerate(_split(inner))]


def _split(text: str) -> list[str]:
    """The parts of a text between the commas that are in no brackets."""
    parts, depth = [""], 0
    for letter in text:
        depth += (letter in "[(") - (letter in "])")
        if letter == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += letter
    return parts
