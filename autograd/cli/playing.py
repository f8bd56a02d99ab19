"""`python -m autograd play "tanh(w*x + b)" w=0.5 x=-2 b=1`: a page to play with a formula."""

from __future__ import annotations

import argparse
import webbrowser
from collections.abc import Sequence
from pathlib import Path

from autograd.cli.command import complain, point_of, shielded, suffix
from autograd.cli.ending import FAILED, MISUSED, PROGRAM
from autograd.cli.expressions import parse
from autograd.cli.formula_page import formula_page

__all__ = ["open_page"]


def open_page(argv: Sequence[str]) -> int:
    """Write the page and open it, and return the exit code.

    Raises:
        SystemExit: with code 2 for arguments that make no sense.
    """
    parser = argparse.ArgumentParser(
        prog=f"{PROGRAM} play",
        usage=f'{PROGRAM} play "FORMULA" [NAME=VALUE ...]\n    [--html FILE] [--no-open]',
        description="Write a page to play with a formula, and open it in the browser.",
        allow_abbrev=False,
    )
    add = parser.add_argument
    add("expression", metavar="FORMULA", help='such as "tanh(w*x + b)"')
    add("bindings", nargs="*", metavar="NAME=VALUE", help="a variable's value")
    name = "play.html"
    add("--html", metavar="FILE", type=suffix(".html"), default=name, help=f"instead of {name}")
    add("--no-open", action="store_true", help="only write it")
    arguments = parser.parse_intermixed_args(shielded(argv[1:]))
    try:
        formula = parse(arguments.expression)
        leaves = point_of(formula, arguments.bindings)
    except (SyntaxError, TypeError, ValueError, ArithmeticError) as error:
        return complain(error, MISUSED)
    try:
        path = formula_page(formula, dict(zip(formula.names, leaves))).save(arguments.html)
    except TypeError as error:
        return complain(error, MISUSED)
    except (ValueError, ArithmeticError, OSError) as error:
        return complain(error, FAILED)
    print(f"written: {path}")
    if not arguments.no_open:
        webbrowser.open(Path(path).absolute().as_uri())
    return 0
