"""`play`: the page of a formula, or of a function's graph."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from autograd.cli.expressions import FUNCTIONS, GRAMMAR, Formula, parse
from autograd.core.operand import Number, number
from autograd.core.value import Value
from autograd.show.graph import Graph
from autograd.show.pages.page import Page
from autograd.show.pages.play import play_page
from autograd.show.stepper import Stepper

__all__ = ["formula_page", "play"]


def play(f: str | Callable[..., Any], /, **values: Number) -> Page:
    """A page on which the numbers of a graph can be changed, and both passes follow.

    Args:
        f: a formula, in the grammar of `python -m autograd --help`, that can be changed on
            the page too; or a function of Values, whose graph at these values is played.
        values: of the formula's variables, or of the function's arguments, by name.

    Returns:
        The page: `save` writes it, `open` shows it in the browser, and a notebook shows it.
        Of a formula, the page's address holds all that was changed, to be sent as a link.

    Raises:
        TypeError: f is neither of them, a value is not a number, or the function's result
            is not a Value.
        SyntaxError: the text is no formula; the message says what to write.
        ValueError, ArithmeticError: a variable has no value, or one too many is given; or
            as the operations.

    >>> play("tanh(w*x + b)", w=0.5, x=-2.0, b=1.0)  # doctest: +ELLIPSIS
    <Page of ... characters: save() writes it, open() shows it>
    >>> page = play(lambda x, y: (x * y).exp(), x=0.5, y=2.0)
    """
    leaves = {
        name: Value(number(x, f"play: the value of {name}"), label=name)
        for name, x in values.items()
    }
    if isinstance(f, str):
        formula = parse(f)
        unknown = [name for name in leaves if name not in formula.names]
        missing = [name for name in formula.names if name not in leaves]
        if unknown or missing:
            what = f"has no {unknown[0]}" if unknown else f"needs a value of {missing[0]}"
            raise ValueError(f"play: {formula.text} {what}; its variables are {formula.names}")
        return formula_page(formula, leaves)
    if not callable(f):
        raise TypeError(f"play takes a formula or a function, got {f!r:.80}")
    result = f(**leaves)
    if not isinstance(result, Value):
        raise TypeError(f"play: the function must return a Value, got {result!r:.80}")
    return Page(Stepper(result).html())


def formula_page(formula: Formula, leaves: Mapping[str, Value]) -> Page:
    """The page of a formula where its variables are these leaves."""
    found = formula(*[leaves[name] for name in formula.names])
    root = found if isinstance(found, Value) else Value(found)
    if root.label is None and "f" not in formula.names:
        root.label = "f"
    root.backward()
    values = {name: leaves[name].data for name in formula.names}
    return Page(play_page(Graph(root), formula.text, values, FUNCTIONS, GRAMMAR))
