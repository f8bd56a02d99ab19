"""One self-contained HTML file: style, scripts, data, and the policy that seals it."""

from __future__ import annotations

import base64
import hashlib
import html
import json
import math
import re
from collections.abc import Mapping, Sequence
from importlib.resources import files
from string import Template
from typing import Any

from autograd.show.text import escape

STYLE = re.compile(r"<style[^>]*>(.*?)</style>", re.DOTALL)


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

    Args:
        kind: the class of the body, such as "steps".
        title, summary: plain text.
        main: HTML, what the page shows, with the state that it has without JavaScript.
        data: what the scripts read; JSON, infinite and NaN numbers as strings.
        scripts: JavaScript, run in this order after the player's.
        styles: CSS, in this order after that of every page.

    The policy (Content-Security-Policy, level 3) allows nothing but the styles and the
    script in the file, named by their SHA-256: no network, no image, no inline handler.
    """
    script = "\n".join([asset("player.js"), *scripts])
    style = "\n".join([asset("page.css"), *styles])
    styles = [style, *STYLE.findall(main)]
    policy = (
        f"default-src 'none'; script-src {_hashes([script])}; style-src {_hashes(styles)}; "
        "base-uri 'none'; form-action 'none'"
    )
    return Template(asset("template.html")).substitute(
        policy=policy,
        kind=kind,
        title=escape(title),
        summary=escape(summary),
        style=style,
        main=main,
        data=_json(data),
        script=script,
    )


def controls(unit: str, stops: int, above: str = "") -> str:
    """The player's buttons, slider and speed; hidden where there is no JavaScript.

    Args:
        unit: what it steps through, such as "step".
        stops: how many there are.
        above: HTML to go with them.
    """
    return Template(asset("controls.html")).substitute(unit=unit, last=stops - 1, above=above)


def table(
    title: str, heads: Sequence[str], rows: Sequence[Sequence[str]], keys: Sequence[int]
) -> str:
    """A table with a row for each stop of the player from `keys[0]` on, all in plain text.

    The first cell of a row is a link to its stop.
    """
    head = "".join(f'<th scope="col">{escape(name)}</th>' for name in heads)
    body = "".join(
        f'<tr id="row-{key}"><th scope="row"><a href="#{key}">{escape(first)}</a></th>'
        + "".join(f"<td>{escape(cell)}</td>" for cell in cells)
        + "</tr>\n"
        for key, (first, *cells) in zip(keys, rows)
    )
    return (
        f'<section class="all" tabindex="0" aria-label="{escape(title)}">'
        f"<h2>{escape(title)}</h2><table><thead><tr>{head}</tr></thead>\n"
        f"<tbody>{body}</tbody></table></section>"
    )


def inline(page: str, height: int = 640) -> str:
    """An iframe that shows the page in a notebook, apart from everything around it."""
    return (
        f'<iframe srcdoc="{html.escape(page)}" sandbox="allow-scripts" width="100%" '
        f'height="{height}" style="border: 0" title="A page to play"></iframe>'
    )


def json_number(x: float) -> float | str:
    """x, or its name where JSON has no number for it.

    >>> json_number(0.5), json_number(float("-inf"))
    (0.5, '-inf')
    """
    return x if math.isfinite(x) else repr(x)


def asset(name: str, package: str = "autograd.show.pages") -> str:
    """The text of a file in the folder of a package."""
    return (files(package) / name).read_text("utf-8")


def _json(data: Mapping[str, Any]) -> str:
    """data for a script element, which no text in it can end."""
    text = json.dumps(data, allow_nan=False, separators=(",", ":"))
    return text.replace("<", "\\u003c")


def _hashes(texts: Sequence[str]) -> str:
    digests = (hashlib.sha256(text.encode()).digest() for text in texts)
    return " ".join(f"'sha256-{base64.b64encode(digest).decode()}'" for digest in digests)
