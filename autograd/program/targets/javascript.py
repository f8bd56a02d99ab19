"""To JavaScript: a recorded tape as a script, each number by the table's own rules."""

from __future__ import annotations

from autograd.core.primitive import TABLE
from autograd.javascript import PRODUCT, module
from autograd.program.ir.rules import facing_zero
from autograd.program.ir.tape import LEAVES, Tape
from autograd.rules.expression import COMPARISONS

__all__ = ["javascript"]


def javascript(tape: Tape) -> str:
    """`value(u, x)` → the outputs, and `gradient(u, x, seed)` → [outputs, d_u, d_x].

    `u` has the inputs, `x` one lane's, `seed` the outputs' adjoints: arrays of numbers. What
    the function compared goes the way that it went when the tape was recorded.

    Raises:
        UntranslatableError: a primitive's rules have no JavaScript.
    """
    outputs = [node for node, _ in tape.roots[: tape.outputs]]
    live = set(outputs)
    for i in range(len(tape) - 1, -1, -1):
        if i in live:
            live.update(tape.args[i])
    order = sorted(live)
    ops = {tape.ops[i]: TABLE[tape.ops[i]] for i in order if tape.ops[i] in TABLE}
    forward = [f"  const v{i} = {_value(tape, i)};" for i in order]
    out = ", ".join([f"v{i}" for i in outputs])
    reverse = [f"  d[{i}] += seed[{k}];" for k, i in enumerate(outputs)]
    for i in reversed(order):
        reverse += _shares(tape, i)
    lines = [
        module(ops.values()) + PRODUCT,
        "function value(u, x) {",
        *forward,
        f"  return [{out}];\n}}\n",
        "function gradient(u, x, seed) {",
        *forward,
        f"  const d = new Float64Array({len(tape)});",
        "  const [d_u, d_x] = [u.map(() => 0), (x ?? []).map(() => 0)];",
        *reverse,
        f"  return [[{out}], d_u, d_x];\n}}\n",
    ]
    return "\n".join(lines)


def _value(tape: Tape, i: int) -> str:
    op, number, args = tape.ops[i], tape.values[i], _args(tape, i)
    if op == "const":
        return repr(number).replace("inf", "Infinity").replace("nan", "NaN")
    if op in LEAVES:
        return f"{'u' if op == 'input' else 'x'}[{int(number)}]"
    if op in COMPARISONS:
        sign = {"eq": "===", "ne": "!=="}.get(op, COMPARISONS[op])
        return f"Number({args.replace(',', f' {sign}')})"
    return f'table["{op}"].value({args})'


def _args(tape: Tape, i: int) -> str:
    return ", ".join([f"v{a}" for a in tape.args[i]])


def _shares(tape: Tape, i: int) -> list[str]:
    """What a node's adjoint gives to its operands, or to the gradient."""
    op = tape.ops[i]
    if op in LEAVES:
        name = {"input": "d_u", "lane": "d_x"}.get(op)
        return [] if name is None else [f"  {name}[{int(tape.values[i])}] += d[{i}];"]
    if op in COMPARISONS:
        return []
    primitive, args = TABLE[op], f"v{i}, {_args(tape, i)}"
    rules = f'table["{op}"].partials'
    lines = [f"  const p{i} = {rules}({args});"] if primitive.variadic else []
    facing = facing_zero(tape, i)
    for slot, a in enumerate(tape.args[i]):
        partial = f"p{i}[{slot}]" if primitive.variadic else f"{rules}[{slot}]({args})"
        if tape.ops[a] != "const":
            known = f"{primitive.strong_zero}, {a in facing}".lower()
            lines.append(f"  d[{a}] += product(d[{i}], {partial}, {known});")
    return lines
