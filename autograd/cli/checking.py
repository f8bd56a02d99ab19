"""`python -m autograd check module:function --at x=1.0,y=2.0`: are its derivatives right?"""

from __future__ import annotations

import inspect
import pkgutil
import re
from collections.abc import Callable, Sequence
from typing import Any

from autograd.cli.ending import PROGRAM
from autograd.cli.way_in import Parser, answer, print_json, reading, values_given
from autograd.testing import gradcheck
from autograd.testing.report import Report

__all__ = ["check_function", "fields_of", "named"]


def check_function(argv: Sequence[str]) -> int:
    """Check a function that can be imported, and return the exit code: 1 unless it passes.

    Raises:
        SystemExit: with code 2 for arguments that make no sense.
    """
    parser = Parser(
        prog=f"{PROGRAM} check",
        description="Check the derivatives of a function against differences.",
        allow_abbrev=False,
    )
    add = parser.add_argument
    add("function", metavar="MODULE:FUNCTION", help="of Values, or of floats with --gradient")
    at = "its arguments by name, such as x=1.5,p=[0.3,2.0]"
    add("--at", required=True, metavar="NAME=VALUE,...", help=at)
    add("--gradient", metavar="MODULE:FUNCTION", help="a derivative written by hand")
    add("--order", type=int, default=1, help="the highest order that is checked")
    add("--json", action="store_true", help="print the report as JSON")
    arguments = parser.parse_args(argv[1:])

    def act() -> bool:
        with reading():
            point = values_given(arguments.at)
            names = [*point]
            f = _imported(arguments.function, names)
            gradient = arguments.gradient and _imported(arguments.gradient, names)
        try:
            report = gradcheck(f, *point.values(), order=arguments.order, gradient=gradient)
        except TypeError as error:
            hint = "" if gradient else "; a function of floats needs --gradient"
            raise TypeError(f"{error}{hint}") from error
        if arguments.json:
            print_json(fields_of(report, names))
        else:
            print(named(str(report), names))
        return bool(report)

    return answer(act)


def fields_of(report: Report, names: Sequence[str]) -> dict[str, Any]:
    """Return what a report holds, for JSON, with the names of arguments."""
    fields = vars(report) | {"reason": report.reason, "where": named(report.where, names)}
    return {key: x for key, x in fields.items() if key not in ("kinks", "line", "remarks")}


def named(text: str, names: Sequence[str]) -> str:
    """A text with the names of arguments in place of their numbers."""
    return re.sub(r"\bargument (\d+)", lambda match: names[int(match[1])], text)


def _imported(place: str, names: Sequence[str]) -> Callable[..., Any]:
    """Return a function that gets positions by name, unless it takes none by name."""
    if ":" not in place:
        raise ValueError(f"a function must be given as MODULE:FUNCTION, got {place!r}")
    module, _, name = place.partition(":")
    if module.endswith(".py"):  # a file below this folder
        place = f"{module[:-3].removeprefix('./').replace('/', '.')}:{name}"
    f: Callable[..., Any] = pkgutil.resolve_name(place)
    if not callable(f):
        raise TypeError(f"{place} must be a function, got {f!r:.80}")
    try:
        parameters = [*inspect.signature(f).parameters.values()]
    except (TypeError, ValueError):  # of a function that is written in C, say
        parameters = []
    if all(x.kind in (x.POSITIONAL_ONLY, x.VAR_POSITIONAL) for x in parameters):
        return f
    return lambda *xs: f(**dict(zip(names, xs)))
