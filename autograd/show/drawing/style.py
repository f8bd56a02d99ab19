"""The style sheet of a picture: a light and a dark theme as CSS custom properties."""

from __future__ import annotations

import re

from autograd.show.text import FONTS

__all__ = ["DARK", "LIGHT", "style_sheet"]

PALETTE = {  # on light and on dark paper
    "ink": ("#1c2128", "#f0f3f6"),
    "muted": ("#57606a", "#b4bcc6"),
    "line": ("#6e7781", "#8b949e"),
    "leaf": ("#fff4d6", "#3d3319"),
    "operation": ("#e6f0fb", "#17304d"),
    "group": ("#e7f4ea", "#1b3a24"),
    "paper": ("#ffffff", "#0d1117"),
    "around": ("#f4f5f7", "#1a2029"),
    "local": ("#8a3b00", "#ffb77c"),
    "up": ("#0b5cad", "#7cb8f5"),
    "down": ("#b84a00", "#f0a26b"),
    "grad": ("#a1133f", "#ff9fb5"),
}
LIGHT, DARK = [{name: pair[i] for name, pair in PALETTE.items()} for i in (0, 1)]
RULES = """
@ {font-family: FONTS; background: var(--paper); color: var(--ink)}
@ text {fill: var(--ink); font-size: 12px; font-variant-numeric: tabular-nums}
@ text {unicode-bidi: isolate}
@ .node rect {fill: var(--operation); stroke: var(--line); stroke-width: 1}
@ .leaf rect {fill: var(--leaf)}
@ .group rect {fill: var(--group); stroke-width: 2.5}
@ .root rect {stroke: var(--ink); stroke-width: 2.5}
@ .cluster rect {fill: var(--around); stroke: var(--line); stroke-width: .7}
@ .cluster rect {stroke-dasharray: 5 3}
@ .cluster .cluster rect {fill: var(--paper)}
@ .name {font-size: 13px; font-weight: bold}
@ .auto {fill: var(--muted); font-weight: normal; font-style: italic}
@ .op {font-size: 13px}
@ .formula rect {stroke-width: 1.8}
@ .chip {font-size: 11px; font-style: italic; fill: var(--muted)}
@ .what, @ .caption, @ .path, @ .local {font-size: 11px}
@ .what, @ .caption, @ .path, @ .note {fill: var(--muted)}
@ .grad {fill: var(--grad)}
@ .old {fill: var(--muted)}
@ .local {fill: var(--local); paint-order: stroke; stroke: var(--paper)}
@ .local {stroke-width: 5px; stroke-linejoin: round}
@ .edge {stroke-width: 1.2}
@ .edge path {fill: none; stroke: var(--line)}
@ .edge polygon {fill: var(--line)}
@ .up path {stroke: var(--up)}
@ .down path {stroke: var(--down); stroke-dasharray: 6 3}
"""


def style_sheet(prefix: str, theme: str, static: bool = False) -> str:
    """The rules for the picture with this id; those of the page around it are left alone.

    Args:
        static: write the colours out, those of the light theme for "auto".
    """
    rules = RULES.replace("@", f"#{prefix}").replace("FONTS", FONTS)
    colours = DARK if theme == "dark" else LIGHT
    if static:
        rules += f"#{prefix} .paper {{fill: var(--paper)}}"
        return re.sub(r"var\(--(\w+)\)", lambda variable: colours[variable[1]], rules)
    variables = _variables(prefix, colours)
    if theme == "auto":
        dark = _variables(prefix, DARK)
        variables += f"@media screen and (prefers-color-scheme: dark) {{{dark}}}"
    return variables + rules


def _variables(prefix: str, colours: dict[str, str]) -> str:
    return f"#{prefix} {{" + "; ".join(f"--{k}: {v}" for k, v in colours.items()) + "}"
