"""The content of the pages of reference, as Markdown, made at build.

A page has `<!-- generated: name -->` where the text of the function of that name goes.
"""

from __future__ import annotations

import inspect
import math
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from importlib import import_module
from operator import attrgetter
from typing import Any

import numpy as np

import autograd
from autograd import Value
from autograd.core import special
from autograd.core.primitive import TABLE, Primitive
from autograd.show.formulas import LATEX, rule
from autograd.show.graph import Graph
from docs.live import ROOT

# ---------------------------------------------------------------- lessons

LESSONS = {  # by page: what the reader can do at the end, and a drawing of 72 by 48
    "01-slope": (
        "say what a derivative is, and measure one",
        '<path d="M6 8C20 52 44 52 66 6"/><path class="mark" d="M34 46L68 16"/>',
    ),
    "02-chain": (
        "work out a slope by the chain rule, one product at a time",
        '<path d="M18 24H30M44 24H54"/><circle cx="12" cy="24" r="6"/><circle cx="37" cy="24" '
        'r="6"/><circle class="mark" cx="60" cy="24" r="6"/>',
    ),
    "03-paths": (
        "say why gradients are added",
        '<path d="M18 22C28 6 44 6 54 22"/><path class="mark" d="M18 26C28 42 44 42 54 26"/>'
        '<circle cx="12" cy="24" r="6"/><circle cx="60" cy="24" r="6"/>',
    ),
    "04-engine": (
        "write an automatic differentiation engine",
        '<path d="M12 12H34M12 22H48M20 32H52"/><path class="mark" d="M12 40H28"/>',
    ),
    "05-rules": (
        "find the rule of an operation",
        '<path d="M10 8H62V40H10ZM10 18H62M10 29H62"/><path class="mark" d="M34 8V40"/>',
    ),
    "06-check": (
        "check a gradient that somebody wrote",
        '<path d="M10 8L34 40L62 10"/><path class="mark" d="M26 28L34 38L52 12"/>',
    ),
    "07-descent": (
        "find the lowest point of a function",
        '<path d="M6 10C18 50 50 50 66 10"/><path class="mark" d="M10 18L20 34L30 39L37 40"/>',
    ),
    "08-net": (
        "train a neural network",
        '<path d="M18 14L32 10M18 14L32 38M18 34L32 10M18 34L32 38M40 10L54 24M40 38L54 24"/>'
        '<circle cx="14" cy="14" r="4"/><circle cx="14" cy="34" r="4"/><circle cx="36" cy="10" '
        'r="4"/><circle cx="36" cy="38" r="4"/><circle class="mark" cx="58" cy="24" r="4"/>',
    ),
    "09-failing": (
        "tell from a curve why a training fails",
        '<path class="soft" d="M8 8C20 38 40 40 66 41"/><path class="mark" d="M8 30L18 12L28 34'
        'L38 8L48 36L58 6"/>',
    ),
    "10-digits": (
        "read handwritten digits",
        '<path class="mark" d="M26 14C30 6 46 6 46 16C46 22 40 23 36 23C42 23 48 25 48 32'
        'C48 42 30 42 25 35"/>',
    ),
    "11-attention": (
        "write attention",
        '<path d="M8 40H20V32H8ZM30 40H42V24H30Z"/><path class="mark" d="M52 40H64V8H52Z"/>',
    ),
    "12-gpt": (
        "put a GPT together, and train it",
        '<path d="M20 8H52V15H20ZM20 21H52V28H20ZM20 34H52V41H20Z"/><path class="mark" '
        'd="M12 38V11H17M12 24H17"/>',
    ),
    "13-programs": (
        "use second derivatives, and compile",
        '<path d="M8 8H28V40H8ZM13 16H23M13 24H23M13 32H23"/><path class="mark" '
        'd="M34 24H62M54 16L62 24L54 32"/>',
    ),
}


def lessons() -> str:
    """A row for each lesson: its drawing, minutes, goal, and how much of it is solved."""
    rows = [
        "| idea | lesson | minutes | at the end you can | solved |",
        "| --- | --- | --- | --- | --- |",
    ]
    for page, (goal, drawing) in LESSONS.items():
        text = (ROOT / "docs/lessons" / f"{page}.md").read_text("utf-8")
        (minutes,) = re.findall(r"\*\*About (\d+) minutes\.\*\*", text)
        names = " ".join(re.findall(r"(?m)^```\{exercise\} (\S+)$", text))
        thumb = f'<svg class="thumb" viewBox="0 0 72 48" aria-hidden="true">{drawing}</svg>'
        solved = f'<span class="progress" data-names="{names}">0 / {len(names.split())}</span>'
        rows.append(f"| {thumb} | {{doc}}`{page}` | {minutes} | {goal} | {solved} |")
    return "\n".join(rows)


# ---------------------------------------------------------------- operations


def operations() -> str:
    """Each operation of the table: its words, derivative, edges and curve."""
    return "\n\n".join(map(_operation, _documented()))


def special_functions() -> str:
    """Each function of `autograd.core.special`: what it computes, and its domain."""
    rows = ["| Function | What it computes |", "| --- | --- |"]
    for name in special.__all__:
        entry = getattr(autograd, name)
        words = " ".join(str(entry.__doc__).partition(">>>")[0].split())
        operands = ", ".join(inspect.signature(entry).parameters)
        rows.append(f"| `{name}({operands})` | {words.replace('|', chr(92) + '|')} |")
    return "\n".join(rows)


def _documented() -> list[Primitive]:
    named = [entry for name, entry in TABLE.items() if entry.doc and "." not in name]
    return sorted(named, key=lambda entry: entry.name)


def _operation(entry: Primitive) -> str:
    words, _, example = entry.doc.partition("\n\n>>>")
    operands = _operands(entry)
    parts = [f"## {entry.name}", words.replace("*", r"\*")]
    if formulas := [*_formulas(entry, operands)]:
        parts += [f"$$ {formula} $$" for formula in formulas]
    facts = [("Domain", entry.domain), ("Where it has no derivative", entry.kink)]
    parts += ["\n".join([f"- {what}: {fact}" for what, fact in facts if fact])]
    if entry.arity is not None and (curve := _curve(entry, operands)):
        parts.append(curve)
    if example:
        parts.append(f"```python\n>>> from autograd import {entry.name}\n>>>{example}\n```")
    return "\n\n".join(parts)


FIRST = {"acosh": 1.5}  # elsewhere 0.5 is in every domain
OTHERS = {"clip": [-1.0, 1.0], "pow": [3.0]}


def _operands(entry: Primitive) -> list[float]:
    if entry.arity is None:
        return [0.5, 0.25]
    others = OTHERS.get(
        entry.name, [*[2.0] * (entry.arity - 1 - len(entry.defaults)), *entry.defaults]
    )
    return [FIRST.get(entry.name, 0.5), *others]


def _formulas(entry: Primitive, operands: list[float]) -> Iterator[str]:
    """The derivative by each operand, as it is taught."""
    names = [*inspect.signature(entry).parameters] if entry.arity else ["x", "y"]
    leaves = [Value(x, label=name) for x, name in zip(operands, names)]
    y = entry(*leaves[: len(operands)])
    if y.label is None and y.op is not None:
        y.label = "f"
        node = Graph(y).root
        for slot, x in enumerate(y.inputs):
            formula = rule(node, slot, LATEX)
            yield rf"\frac{{\partial f}}{{\partial {x.label}}} = {formula}"


def _curve(entry: Primitive, operands: list[float]) -> str:
    """An SVG of the value (solid) and the derivative by the first operand (dashed)."""
    width, height, reach = 320.0, 200.0, 4.0
    lines: dict[str, list[list[str]]] = {"value": [[]], "slope": [[]]}
    for k in range(241):
        x = -reach + 2.0 * reach * k / 240
        try:
            y = entry(Value(x), *operands[1:])
            numbers = {"value": y.data, "slope": y.partials[0] if y.inputs else math.nan}
        except (ValueError, ArithmeticError):
            numbers = dict.fromkeys(lines, math.nan)
        for name, number in numbers.items():
            if abs(number) <= reach:
                at = f"{width * k / 240:.1f},{height * (0.5 - 0.5 * number / reach):.1f}"
                lines[name][-1].append(at)
            elif lines[name][-1]:
                lines[name].append([])
    drawn = "".join(
        f'<polyline class="{name}" points="{" ".join(points)}"/>'
        for name, pieces in lines.items()
        for points in pieces
        if len(points) > 1
    )
    given = ", ".join([f"{x:g}" for x in operands[1:]])
    also = f" (the other operands are {given})" if given else ""
    said = f"{entry.name} from -4 to 4, solid, and its derivative, dashed{also}"
    return (
        f'<div class="operation"><svg viewBox="0 0 {width:g} {height:g}" role="img" '
        f'aria-label="{said}"><line class="axis" x1="0" x2="{width:g}" y1="{height / 2:g}" '
        f'y2="{height / 2:g}"/><line class="axis" x1="{width / 2:g}" x2="{width / 2:g}" y1="0" '
        f'y2="{height:g}"/>{drawn}<text x="4" y="{height / 2 - 5:g}">-4</text>'
        f'<text x="{width - 14:g}" y="{height / 2 - 5:g}">4</text></svg></div>'
    )


# ---------------------------------------------------------------- functions of others

NUMPY = {
    "of each element": [
        *("exp", "exp2", "expm1", "log", "log2", "log10", "log1p", "sqrt", "cbrt", "square"),
        *("sin", "cos", "tan", "arcsin", "arccos", "arctan", "sinh", "cosh", "tanh"),
        *("arcsinh", "arccosh", "arctanh", "abs", "sign", "reciprocal", "negative"),
        *("isnan", "isfinite", "degrees", "radians", "floor", "ceil", "round", "sinc"),
    ],
    "of two arrays": [
        *("add", "subtract", "multiply", "divide", "power", "arctan2", "hypot", "maximum"),
        *("minimum", "mod", "floor_divide", "dot", "matmul", "outer", "inner", "cross"),
        *("convolve", "logaddexp"),
    ],
    "of a whole array": [
        *("sum", "prod", "mean", "var", "std", "max", "min", "cumsum", "diff", "argmax"),
        *("sort", "linalg.norm", "trace", "median", "linalg.det", "linalg.inv", "fft.fft"),
    ],
}


def numpy_functions() -> str:
    """Return a table of the functions of NumPy that take Values, told by calling each."""
    rows = ["| NumPy's functions | that work | that don't |", "| --- | --- | --- |"]
    for kind, names in NUMPY.items():
        works = {name: _works(name, kind) for name in names}
        yes = ", ".join([f"`{name}`" for name, well in works.items() if well])
        no = ", ".join([f"`{name}`" for name, well in works.items() if not well])
        rows.append(f"| {kind} | {yes} | {no} |")
    return "\n".join(rows)


def _works(name: str, kind: str) -> bool:
    start = 1.5 if name == "arccosh" else 0.5
    numbers = np.array([start, 0.75 * start if start < 1.0 else 2.0, 0.25 + start])
    if name in ("arcsin", "arccos", "arctanh"):
        numbers = numbers / 2.0
    if name in ("trace", "linalg.det", "linalg.inv"):
        numbers = np.array([[2.0, 0.5], [0.25, 1.0]])
    values = autograd.array(numbers)
    function: Callable[..., Any] = attrgetter(name)(np)
    both = kind == "of two arrays"
    try:
        got = np.ravel(function(values, values) if both else function(values))
        wanted = np.ravel(function(numbers, numbers) if both else function(numbers))
        data = [float(x.data) if isinstance(x, Value) else float(x) for x in got]
        return bool(np.allclose(data, wanted.astype(float)))
    except Exception:
        return False


# ---------------------------------------------------------------- the command line, the API


def command_line() -> str:
    """The text of --help of each command."""
    parts = []
    for words in ("autograd --help", "autograd play --help", "autograd check --help"):
        command = [sys.executable, "-m", *words.split()]
        said = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)
        parts.append(f"```text\n$ python -m {words}\n{said.stdout.rstrip()}\n```")
    return "\n\n".join(parts)


def autograd_names() -> str:
    """The public names of `autograd` that are no operations of the table."""
    names = [*autograd.__all__, "compile", "pow", "abs", "sum"]
    names.sort(key=lambda name: name != "Value")  # the first that a reader looks for
    names = [name for name in names if not isinstance(getattr(autograd, name), Primitive)]
    linalg = _api("autograd.linalg", autograd.linalg.__all__)
    return "\n\n".join(
        [_api("autograd", names), linalg, _api("autograd.show.drawing.options", ["Options"])]
    )


def nn_names() -> str:
    """The public names of `nn`."""
    nn = import_module("nn")
    return _api("nn", nn.__all__) + "\n\n" + _api("nn.init", nn.init.__all__)


def testing_names() -> str:
    """The public names of `autograd.testing`, and its strategies."""
    parts = []
    for module in ("autograd.testing", "autograd.testing.strategies"):
        parts.append(_api(module, import_module(module).__all__))
    return "\n\n".join(parts)


def _elsewhere(owner: type) -> list[str]:
    """Attributes of a class that have no place on its page: operations."""
    return [n for n in dir(owner) if isinstance(inspect.getattr_static(owner, n), Primitive)]


def _api(module: str, names: list[str]) -> str:
    """Autodoc's directives for these names."""
    lines = [f"## `{module}`", "", "```{eval-rst}", f".. currentmodule:: {module}"]
    for name in names:
        entry = getattr(import_module(module), name)
        if isinstance(entry, type):
            lines += ["", f".. autoclass:: {name}", "   :members:"]
            if module == "autograd":
                lines += ["   :inherited-members:"]
            if entry is autograd.Value:
                lines += [f"   :exclude-members: {', '.join(_elsewhere(entry))}"]
        elif callable(entry):
            lines += ["", f".. autofunction:: {name}"]
    return "\n".join([*lines, "```"])
