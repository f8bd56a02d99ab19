"""Formulas: what a node computes and what its partials are, as text and as LaTeX.

A rule of the table is read once, as an expression (`autograd.rules`). Here it is written on the
way that it goes at a node's numbers. Where the table has a rule as it is taught, that one is
written.
"""

from __future__ import annotations

import math
import operator
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from autograd.core import table as primitives
from autograd.core.primitive import TABLE, Primitive
from autograd.rules.expression import FLAT, SYMBOLS, Expression, Term, rebuilt
from autograd.rules.reader import partials
from autograd.show.snapshot import Node, Snapshot
from autograd.show.text import DOWN, NUMBER_FORMAT, UP, clipped, format_number, printable

__all__ = ["BLANKS", "arithmetic", "derivation", "locals_text", "rule", "written"]

SUM, NEGATIVE, PRODUCT, POWER, ATOM = range(5)  # how tightly a formula holds together
TIGHTNESS = {
    **dict.fromkeys(["add", "sub", "mod", "expm1"], SUM),
    "neg": NEGATIVE,
    "mul": PRODUCT,
    **dict.fromkeys(["pow", "square", "div", "reciprocal", "rsqrt"], POWER),
    **dict.fromkeys(["exp", "exp2", "exp_of_difference", "gaussian"], POWER),
}
# The tightness that the operands of an operation need, unless its form encloses them.
NEEDED = {
    "add": (SUM, PRODUCT),
    "sub": (SUM, PRODUCT),
    "neg": (PRODUCT,),
    "mul": (NEGATIVE, PRODUCT),
    "mod": (POWER, POWER),
    "pow": (ATOM, SUM),
    "square": (ATOM,),
    "exp_of_difference": (SUM, PRODUCT),
    "gaussian": (ATOM, POWER),
}
IN_TEXT = {  # the same where a product may end in -3.0 and no bar divides a quotient
    "mul": (NEGATIVE, NEGATIVE),
    **dict.fromkeys(["div", "floordiv"], (NEGATIVE, POWER)),
    "reciprocal": (POWER,),
    "rsqrt": (SUM,),
}
LATEX_NUMBERS = {
    math.inf: r"\infty",
    math.pi: r"\pi",
    primitives.LN2: r"\ln 2",
    primitives.PER_LN2: r"\frac{1}{\ln 2}",
    primitives.PER_LN10: r"\frac{1}{\ln 10}",
    primitives.TWO_PER_ROOT_PI: r"\frac{2}{\sqrt{\pi}}",
    primitives.PER_ROOT_2PI: r"\frac{1}{\sqrt{2 \pi}}",
}
# In text: what is not written as a call.
FORMS = {
    **{name: f"{{0}} {TABLE[name].symbol} {{1}}" for name in ("add", "sub", "mul", "div")},
    **{name: f"{{0}} {TABLE[name].symbol} {{1}}" for name in ("mod", "floordiv", "pow")},
    "neg": "-{0}",
    "abs": "|{0}|",
    "square": "{0}²",
    "reciprocal": "1 / {0}",
    "identity": "{0}",
    "exp_of_difference": "exp({0} - {1})",
    "gaussian": "exp(-{1} * {0}²)",
    "rsqrt": "1 / sqrt({0})",
    "cbrt_slope": "1 / (3 * cbrt({0})²)",
    "bell": "σ'({0})",
    "normal_cdf": "Φ({0})",
}
ESCAPES = {c: rf"\{c}" for c in "%&$#_{}"} | {
    "\\": r"\backslash{}",
    "^": r"\hat{}",
    "~": r"\sim{}",
    "↵": r"\ ",
    " ": r"\ ",
}
SUMS = (TABLE["sum"], TABLE["dot"])  # divided by how many terms they have, a mean
MOST_TERMS = 6  # terms of a sum, and operands of a call, that are written


@dataclass(frozen=True, slots=True)
class Notation:
    """How formulas are written: in LaTeX, or as text with numbers of this format.

    Attributes:
        most: how many terms of a sum, or operands of a call, are written.
        blanks: the numbers of nodes are blanks, see `Blank`.
    """

    latex: bool
    spec: str = NUMBER_FORMAT
    most: int = MOST_TERMS
    blanks: bool = False

    def number(self, x: float) -> str:
        """A number that is not negative."""
        if not self.latex:
            return format_number(x, self.spec)
        if x != x:
            return r"\mathrm{nan}"
        if x in LATEX_NUMBERS:
            return LATEX_NUMBERS[x]
        digits, e, exponent = format_number(x).removesuffix(".0").partition("e")
        return rf"{digits} \cdot 10^{{{int(exponent)}}}" if e else digits

    def form(self, op: Primitive, operands: Sequence[Symbol | float]) -> str:
        """The format string for an operation on these operands."""
        hidden = re.findall(r"\{(\d+):\.0s\}", op.latex)
        if any(operands[int(i)] != 0.0 for i in hidden):
            return f"{op.symbol}({{args}})"
        if self.latex:
            return op.latex
        name = op.name.rpartition(".")[2]
        plain = _plain(op.latex, operands) if hidden else f"{name}({{args}})"
        return FORMS.get(op.name, plain)

    def listed(self, texts: Sequence[str]) -> list[str]:
        """The first of them, and how many there are more."""
        more = len(texts) - self.most
        if more < 2:
            return list(texts)
        return [*texts[: self.most], r"\dots" if self.latex else f"… {more} more"]


LATEX, TEXT = Notation(True, most=12), Notation(False)
BLANKS = Notation(False, blanks=True)


def _plain(latex: str, operands: Sequence[Symbol | float]) -> str:
    """A format string for text, made from one for LaTeX."""

    def lowered(base: re.Match[str]) -> str:
        x = operands[int(base[1])]
        return x.text if isinstance(x, Symbol) else str(int(x)).translate(DOWN)

    text = re.sub(r"_\{\{\{(\d+)\}\}\}", lowered, latex)
    return re.sub(r"\\left|\\right|\\operatorname|\{\{|\}\}|\\", "", text)


@dataclass(frozen=True, slots=True)
class Symbol:
    """A formula in a notation, and how tightly it holds together."""

    text: str
    notation: Notation = LATEX
    tightness: int = ATOM

    def enclosed(self, needed: int) -> str:
        """The formula, in parentheses if it holds together less tightly than needed."""
        if self.tightness >= needed:
            return self.text
        return rf"\left({self.text}\right)" if self.notation.latex else f"({self.text})"


class Blank(Symbol):
    """The place of a node's number: ⟦index⟧, or ⟦index!⟧ where one below 0 is enclosed."""

    __slots__ = ()

    def enclosed(self, needed: int) -> str:
        return self.text if needed <= NEGATIVE else self.text.replace("⟧", "!⟧")


def _symbol(x: Symbol | float, notation: Notation = LATEX) -> Symbol:
    if isinstance(x, Symbol):
        return x
    number = float(x)
    sign = "-" if number < 0.0 else ""
    return Symbol(sign + notation.number(abs(number)), notation, NEGATIVE if sign else ATOM)


def written(op: Primitive, operands: Sequence[Symbol | float], notation: Notation) -> Symbol:
    """An operation on Symbols and numbers."""
    symbols, name = [_symbol(x, notation) for x in operands], op.name
    if name == "pow" and operands[1] == 1.0:
        return symbols[0]
    if name in ("dot", "sum"):
        terms = _summands(op, operands, notation)
        if len(terms) == 1:
            return terms[0]
        summed = [x.enclosed(PRODUCT if i else SUM) for i, x in enumerate(terms)]
        return Symbol(" + ".join(notation.listed(summed)), notation, SUM)
    needed, tightness = NEEDED.get(name, (SUM,) * len(symbols)), TIGHTNESS.get(name, ATOM)
    form = notation.form(op, operands)
    if not notation.latex and name in IN_TEXT:
        needed, tightness = IN_TEXT[name], PRODUCT
    power: Any = operands[-1]
    if not notation.latex and name == "pow" and power in range(100):
        form = "{0}" + str(int(power)).translate(UP)
    texts = [x.enclosed(need) for x, need in zip(symbols, needed)]
    placed = {int(i) for i in re.findall(r"\{(\d+)[:}]", op.latex)} if op.variadic else set()
    listed = notation.listed([x for i, x in enumerate(texts) if i not in placed])
    if tightness == PRODUCT and symbols[0].tightness == NEGATIVE:
        tightness = NEGATIVE
    return Symbol(form.format(*texts, args=", ".join(listed)), notation, tightness)


def _summands(
    op: Primitive, operands: Sequence[Symbol | float], notation: Notation
) -> Sequence[Symbol]:
    """The terms of a sum, or of a dot: b, w₀x₀, w₁x₁ …; b is left out if it is the number 0."""
    symbols = [_symbol(x, notation) for x in operands]
    if op.name == "sum":
        return symbols
    half = len(symbols) // 2
    bias, ws, xs = symbols[0], symbols[1 : 1 + half], symbols[1 + half :]
    terms = [] if operands[0] == 0.0 else [bias]
    for w, x in zip(ws, xs):
        if w is x:
            terms.append(written(TABLE["square"], [w], notation))
            continue
        times = r" \cdot " if notation.latex else "·"
        text = f"{w.enclosed(NEGATIVE)}{times}{x.enclosed(PRODUCT)}"
        tightness = NEGATIVE if w.tightness == NEGATIVE else PRODUCT
        terms.append(Symbol(text, notation, tightness))
    return terms


def _name(name: str) -> str:
    r"""A node's name as LaTeX sets names: `x`, `v_{12}`, `\mathit{loss}`.

    >>> [_name(name) for name in ("x", "v12", "w⁽⁰⁾₁₂", "loss", "50%")]
    ['x', 'v_{12}', 'w^{(0)}_{12}', '\\mathit{loss}', '\\mathit{50\\%}']
    """
    parts = re.fullmatch(r"([^\W\d_]+)(⁽.+⁾)?_?([\d₀-₉,]+)", name)
    base, above, index = parts.groups() if parts else (name, "", "")
    if len(base) > 1 or not base.isalpha():
        base = rf"\mathit{{{''.join([ESCAPES.get(c, printable(c)) for c in base])}}}"
    above = f"^{{({unicodedata.normalize('NFKC', above)[1:-1]})}}" if above else ""
    return base + above + (f"_{{{unicodedata.normalize('NFKC', index)}}}" if index else "")


# ---------------------------------------------------------------- of nodes


def arithmetic(
    node: Node, numbers: bool = False, notation: Notation = TEXT, longest: float = 0.0
) -> str:
    """The operation that made a node, on the names of its operands or on their numbers.

    Args:
        longest: the width to which names are cut, in units of the font's size; 0: they are not.
    """
    if node.op is None:
        return ""
    total = node.inputs[0]
    if node.op.name == "div" and total.label is None and total.op in SUMS:
        inner = _inputs(total, numbers, notation, longest)
        symbols = [inner[x] if isinstance(x, Node) else x for x in total.operands]
        texts = [x.enclosed(SUM) for x in _summands(total.op, symbols, notation)]
        if node.operands == (total, len(texts)):
            form = r"\operatorname{{mean}}\left({}\right)" if notation.latex else "mean({})"
            return form.format(", ".join(notation.listed(texts)))
    named = _inputs(node, numbers, notation, longest)
    return _operation(node, named, notation).text


def _inputs(
    node: Node, numbers: bool, notation: Notation, longest: float
) -> dict[Node, Symbol]:
    """How the inputs of a node are written in its formula."""
    assert node.op is not None
    named = {x: _named(x, numbers, notation, longest) for x in node.inputs}
    uses = Counter(node.inputs)
    for x in [] if longest else named:
        squared = uses[x] == 2 or node.op.name in ("pow", "square", "abs")
        if squared and x.label is None and x.op is not None and x.op.name == "sub":
            inner = {y: _named(y, numbers, notation, longest) for y in x.inputs}
            named[x] = _operation(x, inner, notation)
    return named


def _named(x: Node, number: bool, notation: Notation, longest: float) -> Symbol:
    if number and notation.blanks:
        return Blank(f"⟦{x.index}⟧", notation)
    if number:
        return _symbol(x.data, notation)
    text = _name(x.short) if notation.latex else clipped(x.short, 1, longest or math.inf)
    return Symbol(text, notation)


def _operation(node: Node, named: Mapping[Node, Symbol], notation: Notation) -> Symbol:
    """Write the operation that made a node, with its inputs written like this."""
    assert node.op is not None
    operands = [named[x] if isinstance(x, Node) else x for x in node.operands]
    return written(node.op, operands, notation)


def derivation(graph: Snapshot) -> str:
    r"""Each step of a graph in LaTeX: what it computes, and its partials by the table's rules.

    A partial is written with ∂. At the end are the gradients that the leaves hold, written
    with d, if `backward` has been called. A rule that has several cases is written as it is at
    this point. The text is an `align*` environment, which LaTeX, MathJax and KaTeX set.

    >>> from autograd import Value
    >>> x = Value(3.0, label="x")
    >>> y = x**2
    >>> y.label = "y"
    >>> y.backward()
    >>> print(derivation(y.graph()))
    \begin{align*}
    x &= 3 \\
    y &= {x}^{2} = 9 \\
    \frac{\partial y}{\partial x} &= 2 \cdot x = 6 \\
    \frac{d y}{d x} &= 6
    \end{align*}
    """
    symbols = {node: _named(node, False, LATEX, 0.0) for node in graph.nodes}
    lines: list[str] = []
    for node, symbol in symbols.items():
        if node.op is None:
            lines.append(f"{symbol.text} &= {_symbol(node.data, LATEX).text}")
            continue
        lines.append(_equation(symbol.text, arithmetic(node, notation=LATEX), node.data))
        uses = Counter(node.inputs)
        for slot, (x, partial) in enumerate(zip(node.inputs, node.partials)):
            left = rf"\frac{{\partial {symbol.text}}}{{\partial {symbols[x].text}}}"
            if uses[x] > 1:
                left = rf"\left.{left}\right|_{{\text{{operand {slot + 1}}}}}"
            lines.append(_equation(left, rule(node, slot, LATEX), partial))
    top = symbols[graph.root].text
    for node, symbol in symbols.items() if graph.reached else ():
        if node.op is None:
            left = rf"\frac{{d {top}}}{{d {symbol.text}}}"
            lines.append(f"{left} &= {_symbol(node.grad, LATEX).text}")
    body = " \\\\\n".join(lines)
    return f"\\begin{{align*}}\n{body}\n\\end{{align*}}"


def rule(node: Node, slot: int, notation: Notation = TEXT) -> str:
    """The partial of a node to the input in this slot, as the table teaches it."""
    op = node.op
    assert op is not None
    known = [None if isinstance(x, Node) else x for x in node.operands]
    place = [i for i, x in enumerate(known) if x is None][slot]
    try:
        rules = partials(op.name, known, len(known) if op.variadic else None, taught=True)
    except TypeError:  # a user's rule for floats only
        return _symbol(node.partials[slot], notation).text
    return _symbol(_way_of(node, rules[place], notation), notation).text


def _way_of(node: Node, rule: Term, notation: Notation) -> Symbol | float:
    """A rule on the way that it goes at the numbers of a node."""
    operands = [*node.operands, node]

    def computed(x: Expression, args: list[Term]) -> Any:
        if x.op == "operand":
            y = operands[x.args[0]]
            return y.data if isinstance(y, Node) else y
        return args[1 if args[0] else 2] if x.op == "where" else _function(x.op)(*args)

    def visit(x: Term) -> Symbol | float:
        if type(x) is not Expression:
            return float(x)
        if x.op == "operand":
            y = operands[x.args[0]]
            return _named(y, False, notation, 0.0) if isinstance(y, Node) else y
        if x.op == "where":
            return visit(x.args[1 if rebuilt(x.args[0], computed) else 2])
        args = [*map(visit, x.args)]
        if x.op in FLAT or x.op in SYMBOLS or all(type(a) is float for a in args):
            return float(rebuilt(x, computed))
        return written(TABLE[x.op], args, notation)

    return visit(rule)


def _function(op: str) -> Callable[..., float]:
    """The function of an operation in a rule, on floats."""
    named: Any = getattr(operator, SYMBOLS.get(op, op), None) or getattr(math, op, None)
    return named if op not in TABLE else TABLE[op].value


def locals_text(node: Node) -> str:
    """The partials of a node as numbers, "–" for a leaf."""
    pairs = zip(node.inputs, node.partials)
    texts = [f"∂{node.short}/∂{x.short} = {format_number(partial)}" for x, partial in pairs]
    return ", ".join(texts) or "–"


def _equation(left: str, formula: str, number: float) -> str:
    value = _symbol(number, LATEX).text
    return f"{left} &= {formula}" + (f" = {value}" if value != formula else "")
