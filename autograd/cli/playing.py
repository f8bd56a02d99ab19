"""`play`: the page of a formula, or of a function's graph; in Python and as a command."""

from __future__ import annotations

import argparse
import webbrowser
from collections.abc import Callable, Sequence
from typing import Any

from autograd.cli.ending import PROGRAM
from autograd.cli.expressions import FUNCTIONS, GRAMMAR, Formula, parse
from autograd.cli.way_in import Parser, answer_formula
from autograd.core.operand import Number, number
from autograd.core.value import Value
from autograd.show.graph import Graph
from autograd.show.pages.page import Page
from autograd.show.pages.play import play_page
from autograd.show.stepper import Stepper

__all__ = ["open_page", "play"]


def play(f: str | Callable[..., Any], /, **values: Number) -> Page:
    """A page on which the numbers of a graph can be changed, and both passes follow.

    Args:
        f: a formula, in the grammar of `python -m autograd --help`, that can be changed on
            the page too; or a function of Values, whose graph at these values is
            shown with both passes played.
        values: of the formula's variables, or of the function's arguments, by name.

    Returns:
        The page: `save` writes it, `open` shows it in the browser, and a notebook shows it.
        Of a formula, the page's address holds all that was changed, to be sent as a link.

    Raises:
        TypeError: f is neither of them, a value is not a number, or the function's result
            is not a Value.
        SyntaxError: the text is no formula; the message says what to write.
        ValueError, ArithmeticError: a variable has no value, or one too many is given; the
            formula is too large for a page; or as the operations.

    >>> play("tanh(w*x + b)", w=0.5, x=-2.0, b=1.0)  # doctest: +ELLIPSIS
    <Page of ... characters: save() writes it, open() shows it>
    >>> page = play(lambda x, y: (x * y).exp(), x=0.5, y=2.0)
    """
    if isinstance(f, str):
        formula = parse(f)
        return _formula_page(formula, formula.leaves(values))
    if not callable(f):
        raise TypeError(f"play takes a formula or a function, got {f!r:.80}")
    leaves = {
        name: Value(number(x, f"the value of {name}"), label=name) for name, x in values.items()
    }
    stepper = Stepper(f(**leaves))
    stepper.goto(len(stepper.events))
    return Page(stepper.html())


def open_page(argv: Sequence[str]) -> int:
    """`python -m autograd play`: write the page and open it, and return the exit code.

    Raises:
        SystemExit: with code 2 for arguments that make no sense.
    """
    parser = Parser(
        prog=f"{PROGRAM} play",
        usage=f'{PROGRAM} play "FORMULA" [NAME=VALUE ...]\n    [--html FILE] [--no-open]',
        description="Write a page to play with a formula, and open it in the browser.",
        allow_abbrev=False,
    )
    parser.add_argument("--html", metavar="FILE", help="instead of play.html")
    parser.add_argument("--no-open", action="store_true", help="only write it")

    def act(arguments: argparse.Namespace, formula: Formula, leaves: list[Value]) -> bool:
        path = _formula_page(formula, leaves).save(arguments.html or "play.html")
        print(f"written: {path}")
        if not arguments.no_open:
            webbrowser.open(path.absolute().as_uri())
        return True

    return answer_formula(parser, argv[1:], act)


def _formula_page(formula: Formula, leaves: list[Value]) -> Page:
    root = formula.root(leaves)
    root.backward()
    values = {leaf.label or "": leaf.data for leaf in leaves}
    return Page(play_page(Graph(root), formula.text, values, FUNCTIONS, GRAMMAR))
