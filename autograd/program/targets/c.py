"""To C: a recorded tape as a self-contained source, each number by the table's own rules."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import Any

from autograd.core.primitive import TABLE
from autograd.program.ir.expressions import COMPARISONS, Expression, name, steps
from autograd.program.ir.rules import COMPOSED, FLAT, WIDE, facing_zero, partial, value
from autograd.program.ir.tape import LEAVES, Tape

__all__ = ["c_source"]

INFIX = {"add": "+", "sub": "-", "mul": "*", "div": "/"} | {s: s for s in COMPARISONS.values()}
# fmt: off
LIBRARY = frozenset([
    "exp", "exp2", "expm1", "log", "log2", "log10", "log1p", "sqrt", "cbrt", "sin", "cos",
    "tan", "asin", "acos", "atan", "atan2", "sinh", "cosh", "tanh", "asinh", "acosh", "atanh",
    "erf", "erfc", "pow", "floor", "ceil", "trunc",
])
# fmt: on
CALLED = {"abs": "fabs", "round": "rint"}
CALLABLE = LIBRARY | {*CALLED, *COMPOSED, "sign", "relu", "mod", "floordiv", "rsqrt"}
HEAD = """\
/* Written by scalar-autograd: compile with -ffp-contract=off, link with -lm.

   u has the inputs, x one sample's (NULL if there are none); out has the results. gradient()
   also adds up the derivatives of sum(seed * out) in d_u and d_x. What the function compared
   goes the way that it went when it was recorded; where Python raises, results are NaN or
   infinite. */

#include <math.h>
#include <stddef.h>
"""
# What sources define if they call it, each after what it calls: these, COMPOSED, FOLDED.
DEFINED = {
    "product": """\
double product(double d, double partial, int strong)
{
    return d == 0.0 || (strong && partial == 0.0) ? 0.0 : d * partial;
}""",
    "sign": "double sign(double x) { return x > 0.0 ? 1.0 : x < 0.0 ? -1.0 : x; }",
    "relu": "double relu(double x) { return x <= 0.0 ? 0.0 : x; }",
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
    double quotient = (x - mod(x, y)) / y, whole = floor(quotient);
    return quotient - whole > 0.5 ? whole + 1.0 : whole;
}""",
    "rsqrt": "double rsqrt(double x) { return 1.0 / sqrt(x); }",
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
}
FOLDED = {
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
    "ties": """\
double ties(int n, const double *x, double best)
{
    double count = 0.0;
    int i;
    for (i = 0; i < n; i++) count += x[i] == best;
    return count;
}""",
    "logsumexp": """\
double logsumexp(int n, const double *x)
{
    double top = maximum(n, x), total = 0.0;
    int i, skipped = 0;
    if (!isfinite(top)) return top;
    for (i = 0; i < n; i++) {
        if (x[i] == top && !skipped) skipped = 1;
        else total += exp_of_difference(x[i], top);
    }
    return top + log1p(total);
}""",
    "weight": """\
double weight(double x, double top)
{
    return isinf(top) ? x == top : exp_of_difference(x, top);
}""",
    "total": """\
double total(int n, const double *x, double top)
{
    double found = 0.0;
    int i;
    for (i = 0; i < n; i++) found += weight(x[i], top);
    return found;
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
}


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
    forward = [line for i in order for line in _forward(tape, i)]
    forward += [f"out[{k}] = {_name(tape, i)};" for k, i in enumerate(outputs)]
    counts = {
        op: [n for n in range(len(tape)) if tape.ops[n] == op] for op in ("input", "lane")
    }
    reverse = [f"double d[{len(tape)}] = {{0.0}};"]
    for op, gradient in (("input", "d_u"), ("lane", "d_x")):
        reverse += [f"{gradient}[{int(tape.values[i])}] = 0.0;" for i in counts[op]]
    reverse += [f"d[{i}] += seed[{k}];" for k, i in enumerate(outputs)]
    for i in reversed(order):
        reverse += _reverse(tape, i)
    own = [
        "void value(const double *u, const double *x, double *out)",
        *["{", *_indented(["(void)u, (void)x;", *forward]), "}", ""],
        "void gradient(const double *u, const double *x, const double *seed, double *out,",
        "              double *d_u, double *d_x)",
        *["{", *_indented(["(void)x, (void)d_x;", *forward, *reverse]), "}"],
    ]
    return "\n".join([HEAD, *_helpers("\n".join(own)), *own, ""])


def _indented(lines: Sequence[str]) -> list[str]:
    return ["    " + line for line in lines]


def _helpers(text: str) -> list[str]:
    """The definitions of what a text calls, and of what these call."""
    found: list[str] = []
    for known in reversed([*DEFINED, *COMPOSED, *FOLDED]):
        if re.search(rf"\b{known}\(", text):
            defined = DEFINED.get(known) or FOLDED.get(known) or _composed(known)
            found.insert(0, f"static {defined}\n")
            text += defined
    return found


def _composed(op: str) -> str:
    """The definition of an operation that the table composes of others."""
    xs = [f"x{k}" for k in range(len(TABLE[op].rules))]
    lines = [f"double {op}({', '.join([f'double {x}' for x in xs])})", "{"]
    for each, x in steps(value(op, [*map(name, xs)])):
        lines.append(f"    {f'const double {each} =' if each else 'return'} {_written(x)};")
    return "\n".join([*lines, "}"])


def _forward(tape: Tape, i: int) -> list[str]:
    op = tape.ops[i]
    if op == "const":
        return []
    if op in LEAVES:
        return [f"const double v{i} = {'u' if op == 'input' else 'x'}[{int(tape.values[i])}];"]
    names = [_name(tape, a) for a in tape.args[i]]
    if op in WIDE:
        called = "length" if op == "hypot" else op
        each = f"const double a{i}[] = {{{', '.join(names)}}};"
        return [each, f"const double v{i} = {called}({len(names)}, a{i});"]
    return [f"const double v{i} = {_written(_operation(op, _operands(tape, i)))};"]


def _name(tape: Tape, i: int) -> str:
    return _number(tape.values[i]) if tape.ops[i] == "const" else f"v{i}"


def _operands(tape: Tape, i: int) -> list[Any]:
    """As names, and constants as numbers, so that rules can be shorter."""
    return [tape.values[a] if tape.ops[a] == "const" else name(f"v{a}") for a in tape.args[i]]


def _operation(op: str, operands: list[Any]) -> Any:
    if op == "identity":
        return operands[0]
    if op in CALLABLE or op in INFIX or op in COMPARISONS or op in ("neg", "where"):
        return Expression(COMPARISONS.get(op, op), *operands)
    try:
        return value(op, operands)
    except (TypeError, ValueError, ArithmeticError) as error:
        raise _refused(op) from error


def _refused(op: str) -> NotImplementedError:
    return NotImplementedError(
        f"{op}: its rule hands the operand to what takes floats only, or branches too often, "
        "so that it can't be written in C; write it with this library's functions"
    )


def _reverse(tape: Tape, i: int) -> list[str]:
    """What a node's adjoint gives to its operands, or to the gradient."""
    op = tape.ops[i]
    if op in LEAVES:
        into = {"input": "d_u", "lane": "d_x"}.get(op)
        return [] if into is None else [f"{into}[{int(tape.values[i])}] += d[{i}];"]
    if op in FLAT:
        return []
    lines: list[str] = []
    operands = _operands(tape, i)
    facing = facing_zero(tape, i)
    if op in ("maximum", "minimum"):
        lines.append(f"const double t{i} = ties({len(operands)}, a{i}, v{i});")
    if op == "logsumexp":
        lines.append(f"const double m{i} = maximum({len(operands)}, a{i});")
        lines.append(f"const double t{i} = total({len(operands)}, a{i}, m{i});")
    for slot, a in enumerate(tape.args[i]):
        if tape.ops[a] == "const":
            continue
        slope = _slope(tape, i, slot, operands)
        if slope in ("1.0", "(-1.0)"):
            lines.append(f"d[{a}] {'+' if slope == '1.0' else '-'}= d[{i}];")
        else:
            strong = int(TABLE[op].strong_zero or a in facing)
            lines.append(f"d[{a}] += product(d[{i}], {slope}, {strong});")
    return lines


def _slope(tape: Tape, i: int, slot: int, operands: list[Any]) -> str:
    op, x = tape.ops[i], f"v{tape.args[i][slot]}"
    args = [_name(tape, a) for a in tape.args[i]]
    half = len(args) // 2
    if op == "sum" or (op == "dot" and slot == 0):
        return "1.0"
    if op == "dot":
        return args[slot + half if slot <= half else slot - half]
    if op in ("maximum", "minimum"):
        return f"{x} == v{i} ? 1.0 / t{i} : 0.0"
    if op == "logsumexp":
        return f"weight({x}, m{i}) / t{i}"
    if op == "hypot":
        return f"v{i} == 0.0 ? 0.0 : {x} / v{i}"
    if op == "take":
        n = len(args) - 1
        at = f"(int){args[0]}"
        return f"{at} == {slot - 1} || {at} == {slot - 1 - n} ? 1.0 : 0.0" if slot else "0.0"
    try:
        return _written(partial(op, slot, name(f"v{i}"), operands))
    except (TypeError, ValueError, ArithmeticError) as error:
        raise _refused(op) from error


def _written(x: Any) -> str:
    """A formula in C."""
    if type(x) is not Expression:
        return _number(float(x))
    if x.op == "name":
        return str(x.args[0])
    args = [_written(a) for a in x.args]
    if x.op in INFIX:
        return f"({args[0]} {INFIX[x.op]} {args[1]})"
    if x.op == "neg":
        return f"(-{args[0]})"
    if x.op == "where":
        return f"({args[0]} ? {args[1]} : {args[2]})"
    if x.op == "refuse":
        return f"({args[1]} ? NAN : {args[0]})"
    if x.op in WIDE and x.op != "take":
        called = "length" if x.op == "hypot" else x.op
        return f"{called}({len(args)}, (double[]){{{', '.join(args)}}})"
    if x.op in CALLABLE:
        return f"{CALLED.get(x.op, x.op)}({', '.join(args)})"
    return _written(_operation(x.op, list(x.args)))


def _number(x: float) -> str:
    if math.isfinite(x):
        return repr(x) if math.copysign(1.0, x) > 0.0 else f"({x!r})"
    return "NAN" if x != x else "INFINITY" if x > 0.0 else "(-INFINITY)"
