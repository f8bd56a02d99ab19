"""The Sphinx extension of this site: formulas, exercises, live Python, generated pages."""

from __future__ import annotations

import contextlib
import html
import io
import json
import re
import shutil
from pathlib import Path
from typing import Any, ClassVar

import latex2mathml.converter
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective

from demos.lessons import EXERCISES, Code
from docs import generate, live

GENERATED = re.compile(r"^<!-- generated: (\w+) -->$", re.MULTILINE)
log = logging.getLogger(__name__)


def setup(app: Sphinx) -> dict[str, Any]:
    """Connect what the site adds to Sphinx."""
    app.add_config_value("live_python", True, "html", [bool])
    app.add_html_math_renderer("mathml", (inline_formula, None), (formula, None))
    app.add_directive("exercise", Exercise)
    app.add_directive("live", Live)
    app.connect("source-read", fill)
    app.connect("autodoc-process-docstring", as_rst, priority=400)  # before napoleon's
    app.connect("build-finished", add_python)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


# ---------------------------------------------------------------- formulas, as MathML


def inline_formula(writer: Any, node: Any) -> None:
    """A formula in a line of text."""
    writer.body.append(latex2mathml.converter.convert(node.astext()))
    raise nodes.SkipNode


def formula(writer: Any, node: Any) -> None:
    """A formula in a line of its own."""
    shown = latex2mathml.converter.convert(node.astext(), display="block")
    writer.body.append(f'<div class="math">{shown}</div>')
    raise nodes.SkipNode


# ---------------------------------------------------------------- exercises, live Python


class Exercise(SphinxDirective):
    """A question, and where the page can check it, a field for the answer."""

    required_arguments = 1
    has_content = True

    def run(self) -> list[nodes.Node]:
        """An admonition with the question and what checks the answer."""
        name = self.arguments[0]
        exercise = EXERCISES[name]
        box = nodes.admonition(classes=["exercise"])
        box += nodes.title("", f"Exercise: {exercise.title}")
        box += self.parse_content_to_nodes()
        if not isinstance(exercise, Code):
            data = html.escape(json.dumps(exercise.data()))
            form = f'<form class="ask" data-name="{name}" data-ask="{data}"></form>'
            box += nodes.raw("", form, format="html")
        else:
            mark = f'<span class="exercise-mark" data-name="{name}"></span>'
            box += nodes.raw("", mark, format="html")
        said = nodes.paragraph(classes=["in-notebook"])
        said += nodes.Text("In a notebook: ")
        said += nodes.literal("", f"check({name!r}, …)")
        box += said
        return [box]


class Live(SphinxDirective):
    """Python to change and to run in the page. The build runs it, too."""

    has_content = True
    spaces: ClassVar[dict[str, dict[str, Any]]] = {}  # by page

    def run(self) -> list[nodes.Node]:
        """The code, which live.js makes an editor of."""
        code = "\n".join(self.content)
        space = self.spaces.setdefault(self.env.docname, {"__name__": "page"})
        with contextlib.redirect_stdout(io.StringIO()):
            exec(compile(code, self.env.docname, "exec"), space)
        block = nodes.literal_block(code, code, language="python", classes=["live"])
        return [nodes.container("", block, classes=["live"])]


def add_python(app: Sphinx, error: Exception | None) -> None:
    """Put Pyodide and the library beside the pages, or say why not."""
    if error is not None or app.builder.name != "html":
        return
    folder = Path(app.outdir) / "_static" / "python"
    try:
        if not app.config.live_python:
            raise live.UnavailableError("it was built with --no-live")
        files = live.pyodide()
    except live.UnavailableError as reason:
        print(f"without Python in the pages: {reason}")
        return
    folder.mkdir(parents=True, exist_ok=True)
    for name in live.FILES:
        shutil.copy(files / name, folder)
    live.library(folder / "library.zip")


# ---------------------------------------------------------------- docstrings, generated pages


def as_rst(app: Any, what: Any, name: Any, entry: Any, options: Any, lines: list[str]) -> None:
    """Docstrings are plain text with code in `…`: make that what autodoc understands."""
    blocks = "\n".join(lines).split("\n\n")
    for i, block in enumerate(blocks):
        if not block.lstrip().startswith(">>>"):
            pieces = re.split(r"`+([^`]+)`+", block)  # text, code, text, code, …
            pieces[::2] = [re.sub(r"([*|])", r"\\\1", text) for text in pieces[::2]]
            pieces[1::2] = [f"``{code}``" for code in pieces[1::2]]
            blocks[i] = _section("".join(pieces))
    text = "\n\n".join(blocks)
    if what in ("attribute", "property"):
        text = f": {text}"  # or what stands before a colon would be the type
    lines[:] = text.split("\n")


def _section(block: str) -> str:
    """A section of a docstring without what napoleon takes for a name or a type."""
    if block.startswith("Attributes:"):  # several with one text
        return re.sub(r"(?m)^ {4}[\w, ]+(?=:)", lambda m: m[0].replace(", ", ","), block)
    if block.startswith("Raises:"):  # sentences among the exceptions follow them
        sentences = re.findall(r"(?m)^ {4}(\S[^:\n]*)$", block)
        return re.sub(r"(?m)\n {4}\S[^:\n]*$", "", block) + "\n\n" + " ".join(sentences)
    return block


def fill(app: Sphinx, name: str, source: list[str]) -> None:
    """Put in the place of `<!-- generated: name -->` what that function of `generate` gives."""
    source[0] = GENERATED.sub(lambda match: getattr(generate, match[1])(), source[0])
