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
    listing = _Listing(tape, JavaScript())
    ops = [tape.nodes[place].op for place in listing.order]
    primitives = {op: TABLE[op] for op in ops if op in TABLE}
    outputs = ", ".join(listing.outputs())
    forward = [f"  {line}" for line in listing.forward()]
    reverse = [f"  {line}" for line in listing.reverse()]
    return "\n".join(
        [
            module(primitives.values()) + PRODUCT,
            "function value(u, x) {",
            *forward,
            f"  return [{outputs}];\n}}\n",
            "function gradient(u, x, seed) {",
            *forward,
            f"  const d = new Float64Array({len(tape)});",
            "  const [d_u, d_x] = [u.map(() => 0), (x ?? []).map(() => 0)];",
            *reverse,
            f"  return [[{outputs}], d_u, d_x];\n}}\n",
        ]
    )


class _Listing(Listing):
    """Statements that call the functions of the script's `table`."""

    def operation(self, op: str, args: list[str]) -> str:
        if op in COMPARISONS:
            sign = EQUALITY.get(op, COMPARISONS[op])
            return f"Number({args[0]} {sign} {args[1]})"
        return f'table["{op}"].value({", ".join(args)})'

    def prepare_partials(self, place: int, op: str, args: list[str]) -> list[str]:
        """Write the call that gives all partials of an operation of any number of operands."""
        if not TABLE[op].variadic:
            return []
        return [f'const p{place} = table["{op}"].partials({", ".join([f"v{place}", *args])});']

    def partial(self, place: int, slot: int, op: str, args: list[str]) -> str:
        if TABLE[op].variadic:
            return f"p{place}[{slot}]"
        return f'table["{op}"].partials[{slot}]({", ".join([f"v{place}", *args])})'
