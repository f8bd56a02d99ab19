"""The page to play with a formula: its text and numbers change, and the graph follows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from inspect import signature
from string import Template
from typing import Any

from autograd.core.primitive import TABLE, Primitive
from autograd.show.drawing.options import Options
from autograd.show.drawing.style import style_sheet
from autograd.show.formulas import FORMS, arithmetic, locals_text
from autograd.show.pages.document import (
    asset,
    check_size,
    document,
    json_number,
    laid_out,
    operations_data,
    rules,
    table,
)
from autograd.show.snapshot import Snapshot
from autograd.show.text import escape, format_number

__all__ = ["play_page"]

FORMULA_SCRIPTS = (
    "numbers.js",
    "formula.js",
    "record.js",
    "layout.js",
    "draw.js",
    "play.js",
    "tangent.js",
    "slope.js",
    "zoom.js",
)


def play_page(
    graph: Snapshot,
    text: str,
    values: Mapping[str, float],
    functions: Mapping[str, Callable[..., Any]],
    grammar: Mapping[str, Any],
) -> str:
    """One HTML file in which a formula and its numbers can be changed.

    Args:
        graph: of the formula at these values; what is shown without JavaScript.
        text, values: the formula and its variables' values.
        functions: what a formula may call, by name.
        grammar: the rest of what the parsers share, as JSON takes it.

    Raises:
        ValueError: the formula has more than 1,000 nodes.
    """
    check_size(graph)
    shown, _ = laid_out(graph, Options(), "graph")
    rows = [
        [
            node.short + f" = {arithmetic(node)}" * bool(node.op),
            *map(format_number, (node.data, node.grad)),
            locals_text(node),
        ]
        for node in graph.nodes
    ]
    heads = ["node", "value", "gradient", "local derivatives"]
    root = graph.root
    result = escape(f"{root.short} = {text} = {format_number(root.data)}")
    main = Template(asset("play.html")).substitute(
        result=result, picture=shown, table=table("nodes", heads, rows)
    )
    known = {name: _function(function) for name, function in functions.items()}
    operations = [TABLE[name] for name in sorted({each["op"] for each in known.values()})]
    data = {
        "text": text,
        "values": {name: json_number(x) for name, x in values.items()},
        "grammar": {"functions": known, "forms": FORMS, **grammar},
        **operations_data(operations),
    }
    scripts = [rules(operations), *map(asset, FORMULA_SCRIPTS)]
    styles = [asset("steps.css"), asset("play.css"), style_sheet("graph", "auto")]
    title = "Play with a formula"
    summary = "Change the formula or a number: value and gradient follow."
    return document("play", title, summary, main, data, scripts, styles)


def _function(function: Callable[..., Any]) -> dict[str, Any]:
    """The primitive that a function applies, and the names of its operands."""
    variadic = isinstance(function, Primitive) and function.variadic
    parameters = [] if variadic else [*signature(function).parameters.values()]
    return {
        "op": getattr(function, "name", getattr(function, "__name__", "")),
        "names": [p.name for p in parameters],
        "defaults": [json_number(p.default) for p in parameters if p.default is not p.empty],
        "variadic": variadic,
    }
