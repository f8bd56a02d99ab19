"""Rules in symbols: what the table of primitives says of each step, as LaTeX.

A partials rule is generic over whatever has arithmetic. Called on floats it gives the
partial, on Values one that can be differentiated again, and on the Symbols of this module
its own formula. A Symbol carries its number too, so that a rule that branches takes the
branch that it took when the node was recorded.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Any

from autograd.core import table as primitives
from autograd.core.operand import Operand, primal
from autograd.core.primitive import TABLE, Primitive
from autograd.show.snapshot import Node, Snapshot
from autograd.show.text import format_number, printable

__all__ = ["derivation"]

SUM, NEGATIVE, PRODUCT, POWER, ATOM = range(5)  # how tightly a formula holds together
TIGHTNESS = {
    **dict.fromkeys(["add", "sub", "mod", "expm1"], SUM),
    "neg": NEGATIVE,
    "mul": PRODUCT,
    **dict.fromkeys(["pow", "square", "div", "reciprocal", "rsqrt"], POWER),
    **dict.fromkeys(["exp", "exp2", "exp_of_difference", "gaussian"], POWER),
}
# What the operands of an operation need, where LaTeX does not enclose them by itself.
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
NAMED = {
    math.inf: r"\infty",
    math.pi: r"\pi",
    primitives.LN2: r"\ln 2",
    primitives.PER_LN2: r"\frac{1}{\ln 2}",
    primitives.PER_LN10: r"\frac{1}{\ln 10}",
    primitives.TWO_PER_ROOT_PI: r"\frac{2}{\sqrt{\pi}}",
    primitives.PER_ROOT_2PI: r"\frac{1}{\sqrt{2 \pi}}",
}
ESCAPES = {c: rf"\{c}" for c in "%&$#_{}"} | {
    "\\": r"\backslash{}",
    "^": r"\hat{}",
    "~": r"\sim{}",
    "\n": r"\ ",
    " ": r"\ ",
}


def _unary(name: str) -> Callable[[Any], Any]:
    return lambda self: TABLE[name](self)


def _binary(name: str) -> tuple[Callable[[Any, Any], Any], Callable[[Any, Any], Any]]:
    """An operator, and its form for a number on the left."""
    return (lambda self, other: TABLE[name](self, other)), (
        lambda self, other: TABLE[name](other, self)
    )


class Symbol:
    """A formula in LaTeX, and the number that it stands for."""

    __slots__ = ("data", "latex", "tightness")
    label = None

    def __init__(self, data: float, latex: str, tightness: int = ATOM) -> None:
        self.data = data
        self.latex = latex
        self.tightness = tightness

    @staticmethod
    def _record(primitive: Primitive, operands: tuple[Operand, ...]) -> Symbol:
        """Apply a primitive: its number, and how the table writes it."""
        symbols = [_symbol(x) for x in operands]
        data = primitive.evaluate([x.data for x in symbols], operands)
        if primitive.name == "pow" and symbols[1].data == 1.0:
            return symbols[0]
        needed = NEEDED.get(primitive.name, (SUM,) * len(symbols))
        texts = [x.enclosed(need) for x, need in zip(symbols, needed)]
        latex = primitive.latex.format(*texts, args=", ".join(texts))
        tightness = TIGHTNESS.get(primitive.name, ATOM)
        if tightness == PRODUCT and symbols[0].tightness == NEGATIVE:
            tightness = NEGATIVE
        return Symbol(data, latex, tightness)

    def enclosed(self, needed: int) -> str:
        """The formula, in parentheses if it holds together less tightly than needed."""
        return self.latex if self.tightness >= needed else rf"\left({self.latex}\right)"

    __neg__, __abs__ = _unary("neg"), _unary("abs")
    __add__, __radd__ = _binary("add")
    __sub__, __rsub__ = _binary("sub")
    __mul__, __rmul__ = _binary("mul")
    __truediv__, __rtruediv__ = _binary("div")
    __mod__, __rmod__ = _binary("mod")
    __floordiv__, __rfloordiv__ = _binary("floordiv")
    __pow__, __rpow__ = _binary("pow")

    def __bool__(self) -> bool:
        return self.data != 0.0

    def __lt__(self, other: Operand) -> bool:
        return self.data < primal(other)

    def __le__(self, other: Operand) -> bool:
        return self.data <= primal(other)

    def __gt__(self, other: Operand) -> bool:
        return self.data > primal(other)

    def __ge__(self, other: Operand) -> bool:
        return self.data >= primal(other)


def _symbol(x: Operand) -> Symbol:
    if isinstance(x, Symbol):
        return x
    number = float(x)
    sign = "-" if math.copysign(1.0, number) < 0.0 else ""
    return Symbol(number, sign + _size(abs(number)), NEGATIVE if sign else ATOM)


def _size(number: float) -> str:
    if number != number:
        return r"\mathrm{nan}"
    if number in NAMED:
        return NAMED[number]
    digits, e, exponent = format_number(number).removesuffix(".0").partition("e")
    return rf"{digits} \cdot 10^{{{int(exponent)}}}" if e else digits


def _name(name: str) -> str:
    r"""A node's name as LaTeX sets names: `x`, `v_{12}`, `\mathit{loss}`.

    >>> [_name(name) for name in ("x", "v12", "w_1", "loss", "50%")]
    ['x', 'v_{12}', 'w_{1}', '\\mathit{loss}', '\\mathit{50\\%}']
    """
    parts = re.fullmatch(r"([^\W\d_]+)_?(\d+)", name)
    base, index = parts.groups() if parts else (name, "")
    if len(base) > 1 or not base.isalpha():
        base = rf"\mathit{{{''.join([ESCAPES.get(c, printable(c)) for c in base])}}}"
    return f"{base}_{{{index}}}" if index else base


def derivation(graph: Snapshot) -> str:
    r"""Each step of a graph in LaTeX: what it computes, and its partials by the table's rules.

    A partial is written with ∂. At the end are the gradients that the leaves hold, written
    with d, so call `backward` before. A rule that has several cases is written as it is at
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
    symbols = [Symbol(node.data, _name(node.name)) for node in graph.nodes]
    lines: list[str] = []
    for node, symbol in zip(graph.nodes, symbols):
        if node.op is None:
            lines.append(f"{symbol.latex} &= {_symbol(node.data).latex}")
        else:
            operands = [symbols[x.index] if isinstance(x, Node) else x for x in node.operands]
            lines += _step(node, node.op, symbol, operands)
    top = symbols[graph.root.index].latex
    for node, symbol in zip(graph.nodes, symbols):
        if node.op is None:
            lines.append(rf"\frac{{d {top}}}{{d {symbol.latex}}} &= {_symbol(node.grad).latex}")
    body = " \\\\\n".join(lines)
    return f"\\begin{{align*}}\n{body}\n\\end{{align*}}"


def _step(node: Node, op: Primitive, out: Symbol, operands: list[Operand]) -> list[str]:
    """The operation of a node, and a line for each of its partials."""
    formula = Symbol._record(op, tuple(operands))
    lines = [_equation(out.latex, formula, node.data)]
    rules = op.partials(out, operands) if op.variadic else None
    slots = [slot for slot, x in enumerate(operands) if isinstance(x, Symbol)]
    for slot, recorded in zip(slots, node.partials):
        rule = op.partial(slot, out, operands) if rules is None else rules[slot]
        x = operands[slot]
        left = rf"\frac{{\partial {out.latex}}}{{\partial {x.latex}}}"
        if sum(x is other for other in operands) > 1:
            left = rf"\left.{left}\right|_{{\text{{operand {slot + 1}}}}}"
        lines.append(_equation(left, _symbol(rule), recorded))
    return lines


def _equation(left: str, formula: Symbol, number: float) -> str:
    value = _symbol(number).latex
    return f"{left} &= {formula.latex}" + (f" = {value}" if value != formula.latex else "")
