"""One self-contained HTML file: style, scripts, data, and the policy that seals it."""

from __future__ import annotations

import base64
import hashlib
import html
import json
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from importlib.resources import files
from string import Template
from typing import Any

from autograd.core.primitive import ADVICE, Primitive
from autograd.javascript import PRODUCT, module
from autograd.show.drawing.boxes import Picture
from autograd.show.drawing.fitting import PAGE, fit
from autograd.show.drawing.options import Options
from autograd.show.drawing.svg import svg
from autograd.show.snapshot import Snapshot
from autograd.show.text import escape

FRAMES = """<script>
window.autogradFrames ??= addEventListener("message", ({ data, source }) => {
  for (const frame of document.getElementsByTagName("iframe")) {
    if (frame.contentWindow !== source || !(data?.autograd > 0)) continue;
    frame.height = data.autograd;
    const alone = [...document.body.children].every((x) => /IFRAME|SCRIPT/.test(x.tagName));
    if (alone && frameElement) frameElement.style.height = `${data.autograd + 24}px`;
  }
}) ?? true;
</script>"""
LIMIT = 1000  # nodes of a page
STYLE_ELEMENT = re.compile(r"<style[^>]*>(.*?)</style>", re.DOTALL)


def document(
    kind: str,
    title: str,
    summary: str,
    main: str,
    data: Mapping[str, Any],
    scripts: Sequence[str],
    styles: Sequence[str],
) -> str:
    """The whole page.

    The policy (Content-Security-Policy, level 3) allows nothing but the styles and the
    script in the file, named by their SHA-256: no network, no image, no inline handler.

    Args:
        kind: the class of the body, such as "steps".
        title, summary: plain text.
        main: HTML, what the page shows, with the state that it has without JavaScript.
        data: what the scripts read, as JSON takes it.
        scripts, styles: JavaScript and CSS, in this order after those of every page.
    """
    script = "\n".join([asset("player.js"), *scripts])
    style = "\n".join([asset("page.css"), *styles])
    hashes = _hashes([style, *STYLE_ELEMENT.findall(main)])
    policy = (
        f"default-src 'none'; script-src {_hashes([script])}; style-src {hashes}; "
        "base-uri 'none'; form-action 'none'"
    )
    text = json.dumps(data, allow_nan=False, separators=(",", ":"))
    return Template(asset("template.html")).substitute(
        policy=policy,
        kind=kind,
        title=escape(title),
        summary=escape(summary),
        style=style,
        main=main,
        data=text.replace("<", "\\u003c"),  # so that no text can end the element
        script=script,
    )


def player(
    unit: str,
    stops: int,
    heads: Sequence[str],
    rows: Sequence[Sequence[str]],
    above: str = "",
    below: str = "",
) -> str:
    """The player's controls, hidden where there is no JavaScript, and a table of its stops.

    Args:
        unit: what it steps through, such as "step".
        stops: how many there are.
        heads, rows: plain text; a row begins with its number, which links to its stop.
        above, below: HTML to go with the controls, and after them.
    """
    controls = Template(asset("controls.html")).substitute(
        unit=unit, last=stops - 1, above=above
    )
    return controls + below + table(f"{unit}s", heads, rows, linked=True)


def table(
    what: str, heads: Sequence[str], rows: Iterable[Sequence[str]], linked: bool = False
) -> str:
    """A table of all that there is, such as "nodes", in plain text."""
    head = "".join([f'<th scope="col">{escape(name)}</th>' for name in heads])
    body = ""
    for first, *cells in rows:
        text = f'<a href="#{first}">{first}</a>' if linked else escape(first)
        body += f'<tr id="row-{first}">' if linked else "<tr>"
        body += f'<th scope="row">{text}</th>'
        body += "".join([f"<td>{escape(cell)}</td>" for cell in cells]) + "</tr>\n"
    return (
        f'<section class="all" tabindex="0" aria-label="All {what}"><h2>All {what}</h2>'
        f"<table><thead><tr>{head}</tr></thead>\n"
        f'<tbody id="rows">{body}</tbody></table></section>'
    )


def check_size(graph: Snapshot) -> None:
    """Refuse a graph that a page cannot show.

    Raises:
        ValueError: the graph has more than 1,000 nodes.
    """
    if len(graph) > LIMIT:
        name = graph.root.short
        raise ValueError(
            f"a page shows at most {LIMIT:,} nodes, and {name} depends on {len(graph):,}; "
            "show a part of it (one sample, fewer neurons, fused ones), collapse it with "
            "graph().save('x.svg'), or step in the terminal: autograd.step(y)"
        )


def laid_out(
    graph: Snapshot,
    options: Options,
    prefix: str,
    wide: float = PAGE[0],
) -> tuple[str, Picture]:
    """The SVG of a graph, as high as it needs, and what is drawn."""
    drawing = fit(graph, options, scrolls=True, wide=wide)
    return svg(graph, drawing, options, prefix), drawing.picture


def operations_data(operations: Iterable[Primitive]) -> dict[str, Any]:
    """Return the facts of operations that `operations.js` reads, as JSON takes them."""
    facts = ("symbol", "domain", "kink", "strong_zero")
    known = {op.name: {k: getattr(op, k) for k in facts if getattr(op, k)} for op in operations}
    return {
        "operations": known,
        "advice": {kind.__name__: advice for kind, advice in ADVICE.items()},
    }


def rules(operations: Iterable[Primitive], *scripts: str) -> str:
    """A script that defines `primitives`, by name, beside `PythonError`, `math`, and the
    functions of other scripts; it computes nodes by these and `operations_data`.

    >>> from autograd import sin
    >>> rules([sin]).startswith("const { primitives, PythonError, math } = (() => {")
    True
    """
    functions = re.findall(r"^function (\w+)", "\n".join(scripts), re.MULTILINE)
    names = ", ".join(["PythonError", "math", *functions])
    begin = f"const {{ primitives, {names} }} = (() => {{"
    end = f"return {{ primitives: table, {names} }};\n}})();"
    parts = [begin, module(operations), *scripts, end, PRODUCT, asset("operations.js")]
    return "\n".join(parts)


def inline(page: str) -> str:
    """An iframe that shows the page in a notebook and keeps their styles and scripts apart.

    It is as high as the page says, see player.js, where the notebook runs scripts; and so is
    a frame that holds it alone, as in marimo. What listens stands before it, so that nothing
    that the page says is missed.
    """
    return (
        f'{FRAMES}<iframe srcdoc="{html.escape(page)}" sandbox="allow-scripts" width="100%" '
        f'height="760" style="border: 0" title="A page to play"></iframe>'
    )


def json_number(x: float) -> float | str:
    """x, or its name if it is not finite, which JSON cannot write.

    >>> json_number(0.5), json_number(float("-inf"))
    (0.5, '-inf')
    """
    return x if math.isfinite(x) else repr(x)


def asset(name: str, package: str = "autograd.show.pages") -> str:
    """The text of a file in the folder of a package."""
    return (files(package) / name).read_text("utf-8")


def _hashes(texts: Sequence[str]) -> str:
    digests = (hashlib.sha256(text.encode()).digest() for text in texts)
    return " ".join(f"'sha256-{base64.b64encode(digest).decode()}'" for digest in digests)
