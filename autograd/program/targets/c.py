"""To C: a recorded tape as a self-contained source, each number by the table's own rules."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import Any

from autograd.core.primitive import RESERVED, TABLE
from autograd.program.ir.rules import FLAT, facing_zero
from autograd.program.ir.tape import LEAVES, Tape
from autograd.rules.braces import Braces, Language
from autograd.rules.expression import COMPARISONS, Expression
from autograd.rules.reader import formula, partials

__all__ = ["c_source"]

LIBRARY = (
    "exp exp2 expm1 log log2 log10 log1p sqrt cbrt sin cos tan asin acos atan sinh cosh tanh"
)
LIBRARY += " asinh acosh atanh erf erfc floor ceil trunc"
HEAD = """\
/* Written by scalar-autograd: compile with -ffp-contract=off, link with -lm.

   u has the inputs, x one sample's (NULL if there are none); out has the results. gradient()
   also adds up the derivatives of sum(seed * out) in d_u and d_x. What the function compared
   goes the way that it went when it was recorded; where Python raises, results are NaN or
   infinite. */

#include <math.h>
#include <stddef.h>
"""
# What no rule tells, or in one loop.
WRITTEN = {
    "product": """\
double product(double d, double partial, int strong)
{
    return d == 0.0 || (strong && partial == 0.0) ? 0.0 : d * partial;
}""",
    "mod": """\
double mod(double x, double y)
{
    double rest = fmod(x, y);
    if (rest == 0.0) return copysign(0.0, y);
    return (rest < 0.0) != (y < 0.0) ? rest + y : rest;
}""",
    "floordiv": """\
double floordiv(double x, double y)
{
    double rest = fmod(x, y), quotient = (x - rest) / y, whole;
    quotient -= rest != 0.0 && (y < 0.0) != (rest < 0.0);
    if (quotient == 0.0) return copysign(0.0, x / y);
    whole = floor(quotient);
    return quotient - whole > 0.5 ? whole + 1.0 : whole;
}""",
    "maximum": """\
double maximum(int n, const double *x)
{
    double best = x[0];
    int i;
    for (i = 1; i < n; i++) best = isnan(best) || x[i] <= best ? best : x[i];
    return best;
}""",
    "minimum": """\
double minimum(int n, const double *x)
{
    double best = x[0];
    int i;
    for (i = 1; i < n; i++) best = isnan(best) || x[i] >= best ? best : x[i];
    return best;
}""",
    # Sums as if with twice the digits (Ogita, Rump & Oishi, 2005), where `math.fsum` is exact.
    "sum": """\
double sum(int n, const double *x)
{
    double total = 0.0, rest = 0.0;
    int i;
    for (i = 0; i < n; i++) {
        double next = total + x[i], back = next - total;
        rest += (total - (next - back)) + (x[i] - back);
        total = next;
    }
    return isfinite(total) ? total + rest : total;
}""",
    "dot": """\
double dot(int n, const double *x)
{
    double total = x[0], rest = 0.0;
    int i, half = n / 2;
    for (i = 1; i <= half; i++) {
        double term = x[i] * x[half + i], next = total + term, back = next - total;
        rest += (total - (next - back)) + (term - back);
        total = next;
    }
    return isfinite(total) ? total + rest : total;
}""",
    "length": """\
double length(int n, const double *x)
{
    double found = fabs(x[0]);
    int i;
    for (i = 1; i < n; i++) found = hypot(found, x[i]);
    return found;
}""",
    "take": """\
double take(int n, const double *x)
{
    int i = (int)x[0];
    i += i < 0 ? n - 1 : 0;
    return i >= 0 && i < n - 1 ? x[1 + i] : NAN;
}""",
    "smallest": """\
double smallest(int n, const double *x)
{
    double best = x[0];
    int i;
    for (i = 1; i < n; i++) best = x[i] < best ? x[i] : best;
    return best;
}""",
    "largest": """\
double largest(int n, const double *x)
{
    double best = x[0];
    int i;
    for (i = 1; i < n; i++) best = x[i] > best ? x[i] : best;
    return best;
}""",
}


class C(Language):
    """The functions that a source calls, each after what it calls."""

    constant = "const double "
    words = {op: f"{op}({{0}})" for op in LIBRARY.split()} | {
        "abs": "fabs({0})", "round": "rint({0})", "pow": "pow({0}, {1})",
        "atan2": "atan2({0}, {1})", "copysign": "copysign({0}, {1})", "div": "({0} / {1})",
        "mod": "mod({0}, {1})", "floordiv": "floordiv({0}, {1})",
        **{op: f"({{0}} {sign} {{1}})" for op, sign in COMPARISONS.items()},
    }  # fmt: skip

    def __init__(self) -> None:
        self.functions: dict[Any, str] = {}
        self.names: dict[Any, str] = {}

    def number(self, x: float) -> str:
        if math.isfinite(x):
            return super().number(x)
        return "NAN" if x != x else "INFINITY" if x > 0.0 else "(-INFINITY)"

    def refuse(self, error: str) -> str:
        return "return NAN;"

    def each(self, text: str) -> str:
        return f"{{ int i; for (i = 0; i < n; i++) d[i] = {text}; return; }}"

    def reduced(self, op: str, args: Sequence[tuple[str, bool]], to: str) -> list[str]:
        alone, many = [text for text, each in args if not each], [t for t, each in args if each]
        size = " + ".join([*["n"] * len(many), *([str(len(alone))] if alone else [])])
        lines = [f"double {to}[{size}];", "{ int i, k = 0;"] if many else []
        if many:
            lines += [f"  {to}[k++] = {text};" for text in alone] or [f"  {to}[0] = 0.0;"]
            lines += [f"  for (i = 0; i < n; i++) {to}[k++] = {text};"
                      for text in many]  # fmt: skip
            lines += ["}"]
        given = to if many else f"(double[]){{{', '.join(alone)}}}"
        called = {"hypot": "length"}.get(op, op)
        called = called if called in WRITTEN else self.function(op)
        self.need(called)
        return [*lines, f"const double {to}_ = {called}({size}, {given});"]

    def need(self, text: str) -> None:
        for name in re.findall(r"\w+", text):
            if name in WRITTEN and name not in self.functions:
                self.functions[name] = ""
                self.need(WRITTEN[name])
                del self.functions[name]
                self.functions[name] = WRITTEN[name]

    def call(self, op: str, args: Sequence[str]) -> str:
        return f"{self.function(op)}({', '.join(args)})"

    def function(self, op: str, slot: int | None = None, known: Any = None) -> str:
        """The name of the function that computes an operation or a partial."""
        key = op, slot, repr(known)
        if key not in self.names:
            if op not in TABLE:
                raise TypeError(f"{op} has no C")
            if slot is None and op in ("sum", "dot", "take", "maximum", "minimum", "hypot"):
                self.need(name := {"hypot": "length"}.get(op, op))
                self.names[key] = name
                return name
            name = op.replace(".", "_") if op in RESERVED else f"own_{op.replace('.', '_')}"
            name += "" if slot is None else f"_d{slot}" if slot >= 0 else "_slopes"
            taken = [*self.names.values()].count(name) + sum(
                [n.startswith(f"{name}__") for n in self.names.values()]
            )
            self.names[key] = name = f"{name}__{taken}" if taken else name
            x, entry = _formula(op, slot, known), TABLE[op]
            if slot is None and type(x) is Expression and x.op == op != "where":
                raise TypeError(f"{op} has no C")
            many = slot == -1
            if entry.variadic:
                given, names = ["int n", "const double *xs"], ["out"]
                given += ["double out", "double *d"] if many else []
            else:
                names = [*[f"x{k}" for k in range(len(entry.rules))], "out"]
                given = [f"double {x}" for x in (names if slot is not None else names[:-1])]
            body = "\n".join(Braces(self, x, names, "xs[i]").body(many))
            unused = [
                f"    (void){n};"
                for n in re.findall(r"\w+(?=,|$)", ", ".join(given))
                if not re.search(rf"\b{n}\b", body)
            ]
            self.need(body)
            kind = "void" if many else "double"
            text = "\n".join([f"{kind} {name}({', '.join(given)})", "{", *unused, body, "}"])
            self.functions[key] = text
        return self.names[key]

    def applied(self, op: str, args: Sequence[str], known: Any, slot: int | None = None) -> str:
        """An operation or a partial of names and numbers: an expression, or a call."""
        text = Braces(self, _formula(op, slot, known), args).inline()
        given = args if slot is not None else args[:-1]
        return text or f"{self.function(op, slot, known)}({', '.join(given)})"


def _formula(op: str, slot: int | None, known: Any) -> Any:
    return formula(op, known) if slot is None else partials(op, known)[slot]


def c_source(tape: Tape) -> str:
    """`value(u, x, out)` and `gradient(u, x, seed, out, d_u, d_x)` as C.

    Raises:
        NotImplementedError: the rule of an operation is for floats only.
    """
    outputs = [node for node, _ in tape.roots[: tape.outputs]]
    live = set(outputs)
    for i in range(len(tape) - 1, -1, -1):
        if i in live:
            live.update(tape.args[i])
    order = sorted(live)
    language = C()
    forward = [line for i in order for line in _forward(language, tape, i)]
    forward += [f"out[{k}] = {_name(language, tape, i)};" for k, i in enumerate(outputs)]
    counts = {
        op: [n for n in range(len(tape)) if tape.ops[n] == op] for op in ("input", "lane")
    }
    reverse = [f"double d[{len(tape)}] = {{0.0}};"]
    for op, gradient in (("input", "d_u"), ("lane", "d_x")):
        reverse += [f"{gradient}[{int(tape.values[i])}] = 0.0;" for i in counts[op]]
    reverse += [f"d[{i}] += seed[{k}];" for k, i in enumerate(outputs)]
    for i in reversed(order):
        reverse += _reverse(language, tape, i)
    own = [
        "void value(const double *u, const double *x, double *out)",
        *["{", *_indented(["(void)u, (void)x;", *forward]), "}", ""],
        "void gradient(const double *u, const double *x, const double *seed, double *out,",
        "              double *d_u, double *d_x)",
        *["{", *_indented(["(void)x, (void)d_x;", *forward, *reverse]), "}"],
    ]
    language.need("\n".join(own))
    defined = [f"static {text}\n" for text in language.functions.values()]
    return "\n".join([HEAD, *defined, *own, ""])


def _indented(lines: Sequence[str]) -> list[str]:
    return ["    " + line for line in lines]


def _forward(language: C, tape: Tape, i: int) -> list[str]:
    op = tape.ops[i]
    if op == "const":
        return []
    if op in LEAVES:
        return [f"const double v{i} = {'u' if op == 'input' else 'x'}[{int(tape.values[i])}];"]
    names = [_name(language, tape, a) for a in tape.args[i]]
    try:
        if op in TABLE and TABLE[op].variadic:
            called = language.function(op)
            each = f"const double a{i}[] = {{{', '.join(names)}}};"
            return [each, f"const double v{i} = {called}({len(names)}, a{i});"]
        if op not in TABLE or op in FLAT:
            return [f"const double v{i} = {language.words[op].format(*names)};"]
        return [f"const double v{i} = {language.applied(op, [*names, ''], _known(tape, i))};"]
    except (TypeError, KeyError, ValueError, ArithmeticError) as error:
        raise _refused(op) from error


def _name(language: C, tape: Tape, i: int) -> str:
    return language.number(tape.values[i]) if tape.ops[i] == "const" else f"v{i}"


def _known(tape: Tape, i: int) -> list[float | None] | None:
    """The operands that are numbers, so that rules can be shorter."""
    found = [tape.values[a] if tape.ops[a] == "const" else None for a in tape.args[i]]
    return found if any(x is not None for x in found) else None


def _refused(op: str) -> NotImplementedError:
    return NotImplementedError(
        f"{op}: its rule hands the operand to what takes floats only, or branches too often, "
        "so that it can't be written in C; write it with this library's functions"
    )


def _reverse(language: C, tape: Tape, i: int) -> list[str]:
    """What a node's adjoint gives to its operands, or to the gradient."""
    op = tape.ops[i]
    if op in LEAVES:
        into = {"input": "d_u", "lane": "d_x"}.get(op)
        return [] if into is None else [f"{into}[{int(tape.values[i])}] += d[{i}];"]
    if op in FLAT:
        return []
    lines: list[str] = []
    facing, n = facing_zero(tape, i), len(tape.args[i])
    if TABLE[op].variadic and op not in ("sum", "dot", "take"):
        try:
            called = language.function(op, -1)
        except TypeError as error:
            raise _refused(op) from error
        lines = [f"double p{i}[{n}];", f"{called}({n}, a{i}, v{i}, p{i});"]
    for slot, a in enumerate(tape.args[i]):
        if tape.ops[a] == "const":
            continue
        try:
            slope = _slope(language, tape, i, slot)
        except (TypeError, ValueError, ArithmeticError) as error:
            raise _refused(op) from error
        if slope in ("1.0", "(-1.0)"):
            lines.append(f"d[{a}] {'+' if slope == '1.0' else '-'}= d[{i}];")
        else:
            strong = int(TABLE[op].strong_zero or a in facing)
            lines.append(f"d[{a}] += product(d[{i}], {slope}, {strong});")
    return lines


def _slope(language: C, tape: Tape, i: int, slot: int) -> str:
    op = tape.ops[i]
    args = [_name(language, tape, a) for a in tape.args[i]]
    half = len(args) // 2
    if op == "sum" or (op == "dot" and slot == 0):
        return "1.0"
    if op == "dot":
        return args[slot + half if slot <= half else slot - half]
    if op == "take":
        n, at = len(args) - 1, f"(int){args[0]}"
        return f"{at} == {slot - 1} || {at} == {slot - 1 - n} ? 1.0 : 0.0" if slot else "0.0"
    if TABLE[op].variadic:
        return f"p{i}[{slot}]"
    return language.applied(op, [*args, f"v{i}"], _known(tape, i), slot)
