"""To C: a recorded tape as a self-contained source, each number by the table's own rules."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from importlib.resources import files
from typing import Any

from autograd.core.primitive import RESERVED, TABLE
from autograd.program.ir.tape import Tape
from autograd.program.targets.listing import Listing
from autograd.rules.expression import COMPARISONS, UntranslatableError
from autograd.rules.printer import ATOM, FORMS, Form, Language, Printer
from autograd.rules.reader import formula, partials

__all__ = ["c_source"]

LIBRARY = (
    "exp exp2 expm1 log log2 log10 log1p sqrt cbrt sin cos tan asin acos atan sinh cosh tanh"
)
LIBRARY += " asinh acosh atanh erf erfc floor ceil trunc pow atan2 copysign mod floordiv"
HEAD = """\
/* Written by scalar-autograd: compile with -ffp-contract=off, link with -lm.

   u has the inputs, x one sample's (NULL if there are none); out has the results. gradient()
   also adds up the derivatives of sum(seed * out) in d_u and d_x. What the function compared
   goes the way that it went when it was recorded; where Python raises, results are NaN or
   infinite. */

#include <math.h>
#include <stddef.h>
"""
WRITTEN = (files("autograd.program.targets") / "functions.h").read_text("utf-8")
LOOPS = frozenset(re.findall(r"^static inline double (\w+)", WRITTEN, re.MULTILINE))


class C(Language):
    """The functions that a source calls, each after what it calls."""

    forms: Mapping[str, Form] = {
        **Language.forms,
        **{op: (f"{op}({{args}})", ATOM) for op in LIBRARY.split()},
        **{op: FORMS[sign] for op, sign in COMPARISONS.items()},
        "div": ("{0} / {1}", *FORMS["mul"][1:]),
        "abs": ("fabs({0})", ATOM),
        "round": ("rint({0})", ATOM),
    }
    named, each = "const double {} = {};", "xs[i]"
    infinity, nan = "INFINITY", "NAN"

    def __init__(self) -> None:
        self.functions: dict[Any, str] = {}
        self.names: dict[Any, str] = {}

    def refuse(self, error: str) -> str:
        return "return NAN;"

    def given(self, text: str) -> str:
        return f"{{ int i; for (i = 0; i < n; i++) d[i] = {text}; return; }}"

    def reduced(
        self, op: str, args: Sequence[tuple[str, bool]], name: str
    ) -> tuple[list[str], str]:
        alone, many = [text for text, each in args if not each], [t for t, each in args if each]
        size = " + ".join([str(len(alone)), *["n"] * len(many)])
        lines = [f"double {name}[{size} + 1];", "{ int k = 0;"]
        lines += [f"  {name}[k++] = {text};" for text in alone]
        lines += [f"  for (int i = 0; i < n; i++) {name}[k++] = {text};" for text in many]
        lines += [f"  {name}[k] = 0.0;", "}"]
        return lines, f"{self.function(op)}({size}, {name})"

    def called(self, op: str) -> str:
        return f"{self.function(op)}({{args}})"

    def function(self, op: str, slot: int | None = None) -> str:
        """The name of the function that computes an operation or a partial."""
        if (op, slot) not in self.names:
            name = {"hypot": "length"}.get(op, op)
            if slot is None and name in LOOPS:
                return name
            name = op.replace(".", "_") if op in RESERVED else f"own_{op.replace('.', '_')}"
            name += "" if slot is None else f"_d{slot}" if slot >= 0 else "_slopes"
            while name in self.names.values():
                name += "_"
            self.names[op, slot] = name
            if TABLE[op].variadic:
                kind, given, body = self.of_many(op, slot is not None)
            else:
                x = _formula(op, slot)
                names = [*[f"x{k}" for k in range(len(TABLE[op].rules))], "out"]
                kind, given = "double", names if slot is not None else names[:-1]
                given, body = [f"double {x}" for x in given], Printer(self, x, names).body()
            unused = ", ".join([f"(void){x.split()[-1].strip('*')}" for x in given])
            lines = [f"static {kind} {name}({', '.join(given)})", "{", f"    {unused};"]
            self.functions[op, slot] = "\n".join([*lines, *body, "}\n"])
        return self.names[op, slot]

    def of_many(self, op: str, slopes: bool) -> tuple[str, list[str], list[str]]:
        """The type, parameters and statements of an operation of any number of operands."""
        *named, each = partials(op)
        count, given = len(named), ["int n", "const double *xs"]
        names = [*[f"x{k}" for k in range(count)], "out"]
        body = [f"    const double x{k} = xs[{k}];" for k in range(count)]
        body += [f"    xs += {count}, n -= {count};"] if count else []
        if not slopes:
            return "double", given, [*body, *Printer(self, formula(op), names).body()]
        for k, x in enumerate(named):
            text = Printer(self, x, names).inline()
            if text is None:
                raise UntranslatableError(f"{op}: a partial in a named operand branches")
            body.append(f"    d[{k}] = {text};")
        body += [f"    d += {count};"] if count else []
        body += Printer(self, each, names).body(True)
        return "void", [*given, "double out", "double *d"], body

    def applied(self, op: str, args: Sequence[str], slot: int | None = None) -> str:
        """An operation or a partial of names and numbers: an expression, or a call."""
        text = Printer(self, _formula(op, slot), args).inline()
        return text or f"{self.function(op, slot)}({', '.join(args)})"


def _formula(op: str, slot: int | None) -> Any:
    return formula(op) if slot is None else partials(op)[slot]


def c_source(tape: Tape) -> str:
    """`value(u, x, out)` and `gradient(u, x, seed, out, d_u, d_x)` as C.

    Raises:
        UntranslatableError: the rule of an operation can't be read.
    """
    lines = _Lines(tape, C())
    forward = lines.forward()
    texts = [*enumerate([lines.text(i) for i in lines.outputs])]
    forward += [f"out[{k}] = {text};" for k, text in texts]
    reverse = [f"double d[{len(tape)}] = {{0.0}};"]
    for op, gradient in (("input", "d_u"), ("lane", "d_x")):
        places = [int(x) for x, each in zip(tape.values, tape.ops) if each == op]
        reverse += [f"{gradient}[{place}] = 0.0;" for place in places]
    reverse += lines.reverse()
    own = [
        "void value(const double *u, const double *x, double *out)",
        *["{", *_indented(["(void)u, (void)x;", *forward]), "}", ""],
        "void gradient(const double *u, const double *x, const double *seed, double *out,",
        "              double *d_u, double *d_x)",
        *["{", *_indented(["(void)x, (void)d_x;", *forward, *reverse]), "}"],
    ]
    return "\n".join([HEAD, WRITTEN, *lines.language.functions.values(), *own, ""])


def _indented(lines: Sequence[str]) -> list[str]:
    return ["    " + line for line in lines]


class _Lines(Listing):
    def value(self, op: str, args: list[str]) -> str:
        if op in TABLE and TABLE[op].variadic:
            return f"{self.language.function(op)}({len(args)}, {_array(args)})"
        if op in TABLE:
            return str(self.language.applied(op, args))
        return str(self.language.forms[op][0].format(*args, args=", ".join(args)))

    def before(self, i: int, op: str, args: list[str]) -> list[str]:
        if not TABLE[op].variadic or op in ("sum", "dot"):
            return []
        called, n = self.language.function(op, -1), len(args)
        return [f"double p{i}[{n}];", f"{called}({n}, {_array(args)}, v{i}, p{i});"]

    def slope(self, i: int, slot: int, op: str, args: list[str]) -> str:
        half = len(args) // 2
        if op == "sum" or (op == "dot" and slot == 0):
            return "1.0"
        if op == "dot":
            return args[slot + half if slot <= half else slot - half]
        if TABLE[op].variadic:
            return f"p{i}[{slot}]"
        return str(self.language.applied(op, [*args, f"v{i}"], slot))


def _array(args: Sequence[str]) -> str:
    return f"(double[]){{{', '.join(args)}}}"
