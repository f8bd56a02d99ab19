"""To JavaScript: a recorded tape as a script, each number by the table's own rules."""

from __future__ import annotations

from autograd.core.primitive import TABLE
from autograd.javascript import PRODUCT, JavaScript, module
from autograd.program.ir.tape import Tape
from autograd.program.targets.listing import Listing
from autograd.rules.expression import COMPARISONS

__all__ = ["javascript"]

EQUALITY = {"eq": "===", "ne": "!=="}


def javascript(tape: Tape) -> str:
    """`value(u, x)` → the outputs, and `gradient(u, x, seed)` → [outputs, d_u, d_x].

    `u` has the inputs, `x` one lane's, `seed` the outputs' adjoints: arrays of numbers. A
    comparison of the function goes the way that it went when the tape was recorded.

    Raises:
        UntranslatableError: a primitive's rules have no JavaScript.
    """
    lines = _Lines(tape, JavaScript())
    ops = {tape.ops[i]: TABLE[tape.ops[i]] for i in lines.order if tape.ops[i] in TABLE}
    forward = [f"  {line}" for line in lines.forward()]
    out = ", ".join(map(lines.text, lines.outputs))
    return "\n".join(
        [
            module(ops.values()) + PRODUCT,
            "function value(u, x) {",
            *forward,
            f"  return [{out}];\n}}\n",
            "function gradient(u, x, seed) {",
            *forward,
            f"  const d = new Float64Array({len(tape)});",
            "  const [d_u, d_x] = [u.map(() => 0), (x ?? []).map(() => 0)];",
            *[f"  {line}" for line in lines.reverse()],
            f"  return [[{out}], d_u, d_x];\n}}\n",
        ]
    )


class _Lines(Listing):
    def value(self, op: str, args: list[str]) -> str:
        if op in COMPARISONS:
            return f"Number({f' {EQUALITY.get(op, COMPARISONS[op])} '.join(args)})"
        return f'table["{op}"].value({", ".join(args)})'

    def before(self, i: int, op: str, args: list[str]) -> list[str]:
        if not TABLE[op].variadic:
            return []
        return [f'const p{i} = table["{op}"].partials({", ".join([f"v{i}", *args])});']

    def slope(self, i: int, slot: int, op: str, args: list[str]) -> str:
        if TABLE[op].variadic:
            return f"p{i}[{slot}]"
        return f'table["{op}"].partials[{slot}]({", ".join([f"v{i}", *args])})'
