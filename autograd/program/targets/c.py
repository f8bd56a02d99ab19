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

MATH = "exp exp2 expm1 log log2 log10 log1p sqrt cbrt sin cos tan asin acos atan sinh cosh tanh"
MATH += " asinh acosh atanh erf erfc floor ceil trunc pow atan2 copysign mod floordiv"
HEAD = """\
/* Written by scalar-autograd: compile with -ffp-contract=off, link with -lm.

   u has the inputs, x one sample's (NULL if there are none); out has the results. gradient()
   also adds up the derivatives of sum(seed * out) in d_u and d_x. What the function compared
   goes the way that it went when it was recorded; where Python raises, results are NaN or
   infinite. */

#include <math.h>
#include <stddef.h>
"""
LIBRARY_SOURCE = (files("autograd.program.targets") / "functions.h").read_text("utf-8")
LOOPS = frozenset(re.findall(r"^static inline double (\w+)", LIBRARY_SOURCE, re.MULTILINE))
ALL = -1
Slot = int | None  # of a partial; ALL partials; None: the operation itself


class C(Language):
    """C, and the functions that a source needs.

    Attributes:
        functions: their texts, each after those that it calls.
        names: the name of each, by operation and partial.
    """

    forms: Mapping[str, Form] = {
        **Language.forms,
        **{op: (f"{op}({{args}})", ATOM) for op in MATH.split()},
        **{op: FORMS[sign] for op, sign in COMPARISONS.items()},
        "div": ("{0} / {1}", *FORMS["mul"][1:]),
        "abs": ("fabs({0})", ATOM),
        "round": ("rint({0})", ATOM),
    }
    named, each = "const double {} = {};", "xs[i]"
    infinity, nan = "INFINITY", "NAN"

    def __init__(self) -> None:
        self.functions: list[str] = []
        self.names: dict[tuple[str, Slot], str] = {}

    # ------------------------------------------------------------------ for the printer

    def refuse(self, error: str) -> str:
        return "return NAN;"

    def given(self, text: str) -> str:
        return f"{{ int i; for (i = 0; i < n; i++) d[i] = {text}; return; }}"

    def called(self, op: str) -> str:
        return f"{self.function(op)}({{args}})"

    def reduced(
        self, op: str, args: Sequence[tuple[str, bool]], name: str
    ) -> tuple[list[str], str]:
        """Write the numbers into an array, and call the operation on that."""
        single = [text for text, is_each in args if not is_each]
        each = [text for text, is_each in args if is_each]
        size = " + ".join([str(len(single)), *["n"] * len(each)])
        lines = [f"double {name}[{size} + 1];", "{ int k = 0;"]
        lines += [f"  {name}[k++] = {text};" for text in single]
        lines += [f"  for (int i = 0; i < n; i++) {name}[k++] = {text};" for text in each]
        lines += [f"  {name}[k] = 0.0;", "}"]
        return lines, f"{self.function(op)}({size}, {name})"

    # ------------------------------------------------------------------ functions

    def function(self, op: str, slot: Slot = None) -> str:
        """Return the name of the function of an operation or partial, which is written once."""
        library_name = "length" if op == "hypot" else op
        if slot is None and library_name in LOOPS:
            return library_name
        if (op, slot) not in self.names:
            self.names[op, slot] = self.new_name(op, slot)
            write = self.write_wide if TABLE[op].variadic else self.write
            self.functions.append(write(op, slot))
        return self.names[op, slot]

    def new_name(self, op: str, slot: Slot) -> str:
        name = op.replace(".", "_")
        if op not in RESERVED:
            name = f"own_{name}"
        if slot == ALL:
            name += "_slopes"
        elif slot is not None:
            name += f"_d{slot}"
        while name in self.names.values():
            name += "_"
        return name

    def write(self, op: str, slot: Slot) -> str:
        """Write the function of an operation of so many operands, or of a partial."""
        operands = [f"x{k}" for k in range(len(TABLE[op].rules))]
        parameters = operands if slot is None else [*operands, "out"]
        body = Printer(self, _formula(op, slot), [*operands, "out"]).body()
        return _definition(
            f"double {self.names[op, slot]}", [f"double {x}" for x in parameters], body
        )

    def write_wide(self, op: str, slot: Slot) -> str:
        """Write the function of an operation of any number of operands, or of all partials.

        The first operands may have names of their own in the rule; the others are `xs`.
        """
        *named, each = partials(op)
        count = len(named)
        texts = [*[f"x{k}" for k in range(count)], "out"]
        body = [f"    const double x{k} = xs[{k}];" for k in range(count)]
        if count:
            body.append(f"    xs += {count}, n -= {count};")
        head, parameters = self.names[op, slot], ["int n", "const double *xs"]
        if slot is None:
            body += Printer(self, formula(op), texts).body()
            return _definition(f"double {head}", parameters, body)
        for k, partial in enumerate(named):
            text = Printer(self, partial, texts).inline()
            if text is None:
                raise UntranslatableError(f"{op}: a partial in a named operand branches")
            body.append(f"    d[{k}] = {text};")
        if count:
            body.append(f"    d += {count};")
        body += Printer(self, each, texts).body(True)
        return _definition(f"void {head}", [*parameters, "double out", "double *d"], body)

    def apply(self, op: str, args: Sequence[str], slot: Slot = None) -> str:
        """Write an operation or a partial of names and numbers: an expression, or a call."""
        text = Printer(self, _formula(op, slot), args).inline()
        return text or f"{self.function(op, slot)}({', '.join(args)})"


def _formula(op: str, slot: Slot) -> Any:
    return formula(op) if slot is None else partials(op)[slot]


def _definition(head: str, parameters: Sequence[str], body: Sequence[str]) -> str:
    names = [parameter.split()[-1].strip("*") for parameter in parameters]
    unused = ", ".join([f"(void){name}" for name in names])  # else compilers warn
    lines = [f"static {head}({', '.join(parameters)})", "{", f"    {unused};", *body, "}\n"]
    return "\n".join(lines)


# ---------------------------------------------------------------- the source


def c_source(tape: Tape) -> str:
    """Write `value(u, x, out)` and `gradient(u, x, seed, out, d_u, d_x)` as C.

    Raises:
        UntranslatableError: the rule of an operation can't be read.
    """
    listing = _Listing(tape, C())
    forward = listing.forward()
    forward += [f"out[{k}] = {text};" for k, text in enumerate(listing.outputs())]
    reverse = [f"double d[{len(tape)}] = {{0.0}};", *_clear_gradients(tape), *listing.reverse()]
    both = [
        "void value(const double *u, const double *x, double *out)",
        *["{", *_indent(["(void)u, (void)x;", *forward]), "}", ""],
        "void gradient(const double *u, const double *x, const double *seed, double *out,",
        "              double *d_u, double *d_x)",
        *["{", *_indent(["(void)x, (void)d_x;", *forward, *reverse]), "}"],
    ]
    return "\n".join([HEAD, LIBRARY_SOURCE, *listing.language.functions, *both, ""])


def _clear_gradients(tape: Tape) -> list[str]:
    inputs = [node for node in tape.nodes if node.op == "input"]
    uniform = [int(node.number) for node in inputs if not node.varies]
    varying = [int(node.number) for node in inputs if node.varies]
    return [
        *[f"d_u[{row}] = 0.0;" for row in uniform],
        *[f"d_x[{row}] = 0.0;" for row in varying],
    ]


def _indent(lines: Sequence[str]) -> list[str]:
    return ["    " + line for line in lines]


class _Listing(Listing):
    """Statements that write operations out, or call functions of the source."""

    def operation(self, op: str, args: list[str]) -> str:
        if op in TABLE and TABLE[op].variadic:
            return f"{self.language.function(op)}({len(args)}, {_array(args)})"
        if op in TABLE:
            return str(self.language.apply(op, args))
        return str(self.language.forms[op][0].format(*args, args=", ".join(args)))

    def prepare_partials(self, place: int, op: str, args: list[str]) -> list[str]:
        """Write the call that gives all partials of an operation of any number of operands."""
        if not TABLE[op].variadic or op in ("sum", "dot"):
            return []
        function, n = self.language.function(op, ALL), len(args)
        return [
            f"double p{place}[{n}];",
            f"{function}({n}, {_array(args)}, v{place}, p{place});",
        ]

    def partial(self, place: int, slot: int, op: str, args: list[str]) -> str:
        if op == "sum" or (op == "dot" and slot == 0):
            return "1.0"
        if op == "dot":
            half = len(args) // 2
            return args[slot + half if slot <= half else slot - half]
        if TABLE[op].variadic:
            return f"p{place}[{slot}]"
        return str(self.language.apply(op, [*args, f"v{place}"], slot))


def _array(args: Sequence[str]) -> str:
    return f"(double[]){{{', '.join(args)}}}"
