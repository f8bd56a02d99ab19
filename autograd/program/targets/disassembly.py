"""Disassembly: the kernel's instructions as text, for readers.

A row of the buffer u is written u[3]; a row of v, which has a number for each lane, v[3].
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from autograd.program.targets.instructions import (
    ADDS,
    IN_LIST,
    LANES,
    WORDS,
    Instructions,
    arity_of,
)

__all__ = ["disassemble"]


class _Instruction(NamedTuple):
    """The words of an instruction, as `ops.h` names them."""

    op: str
    flags: int
    n: int
    out: int
    a: int
    b: int
    c: int
    k: int
    down: int
    across: int
    step: int
    more: int


def disassemble(code: Instructions) -> str:
    """All instructions, phase after phase."""
    lines: list[str] = []
    for phase, words in enumerate(code.phases):
        if words:
            lines.append("for each block of lanes:" if phase % 2 else "once:")
            lines += [f"    {line}" for line in _lines(code, words, bool(phase % 2))]
    return "\n".join(lines)


def _lines(code: Instructions, words: Sequence[int], lanes: bool) -> Iterator[str]:
    names = [*code.codes]
    for i in range(0, len(words), WORDS):
        number, *others = words[i : i + WORDS]
        each = _Instruction(names[number], *others)
        write = SPECIAL.get(each.op, _write_formula)
        yield write(each, code.lists, lanes)


def _rows(first: int, count: int, lanes: bool) -> str:
    """Rows that follow each other, of u or of v."""
    buffer = "v" if lanes else "u"
    return f"{buffer}[{first}]" if count == 1 else f"{buffer}[{first}:{first + count}]"


def _at(first: int, step: int, count: int, lists: Sequence[int]) -> str:
    """The rows of an operand of a formula; those of v have LANES added."""
    if step == IN_LIST:
        return _listed(lists[first : first + count])
    buffer, row = ("v", first - LANES) if first >= LANES else ("u", first)
    if step == 0 or count == 1:
        return f"{buffer}[{row}]"
    steps = "" if step == 1 else f":{step}"
    return f"{buffer}[{row}:{row + 1 + step * (count - 1)}{steps}]"


def _listed(rows: Sequence[int]) -> str:
    texts = [f"v[{row - LANES}]" if row >= LANES else f"u[{row}]" for row in rows]
    shown = texts if len(texts) <= 8 else [*texts[:7], "…"]
    return f"({', '.join(shown)})"


def _write_formula(each: _Instruction, lists: Sequence[int], lanes: bool) -> str:
    starts, steps = (each.a, each.b, each.c), (each.down, each.across, each.step)
    places = [*zip(starts, steps)][: arity_of(each.op)]
    operands = [_at(first, step, each.n, lists) for first, step in places]
    return f"{_at(each.out, each.k, each.n, lists)} = {each.op}({', '.join(operands)})"


def _write_check(each: _Instruction, lists: Sequence[int], lanes: bool) -> str:
    return "check the floating-point flags"


def _write_matmul(each: _Instruction, lists: Sequence[int], lanes: bool) -> str:
    sign = "+=" if each.flags & ADDS else "="
    matrix = f"{each.n}×{each.k} from u[{each.a}]"
    bias = f" + u[{each.c}], …" if each.c >= 0 else ""
    target, x = _rows(each.out, each.n, lanes), _rows(each.b, each.k, lanes)
    return f"{target} {sign} matmul({matrix}, {x}){bias}"


def _write_outer(each: _Instruction, lists: Sequence[int], lanes: bool) -> str:
    d, x = _rows(each.a, each.n, lanes), _rows(each.b, each.k, lanes)
    matrix = f"{each.n}×{each.k} from u[{each.out}]"
    return f"{matrix} += outer({d}, {x}){' summed over the lanes' if lanes else ''}"


def _write_wide(each: _Instruction, lists: Sequence[int], lanes: bool) -> str:
    count = each.n * (1 + 2 * each.k if each.op == "wide_dot" else each.k)
    operands = _listed(lists[each.more : each.more + count])
    return f"{_rows(each.out, each.n, lanes)} = {each.op.removeprefix('wide_')} of {operands}"


def _write_gather(each: _Instruction, lists: Sequence[int], lanes: bool) -> str:
    return f"{_rows(each.out, each.n, True)} = for each lane its rows of u"


def _write_scatter_add(each: _Instruction, lists: Sequence[int], lanes: bool) -> str:
    return f"for each lane its rows of u += {_rows(each.a, each.n, True)}"


def _write_scalars(each: _Instruction, lists: Sequence[int], lanes: bool) -> str:
    reads = _rows(each.a, each.out - each.a, False)
    return f"{_rows(each.out, each.n, False)} = {each.n} operations in turn, on {reads}"


def _write_scalars_vjp(each: _Instruction, lists: Sequence[int], lanes: bool) -> str:
    adjoints = _rows(each.b, each.out - each.a, False)
    return f"{adjoints} += the adjoints of {each.n} operations, in reverse"


SPECIAL: dict[str, Callable[[_Instruction, Sequence[int], bool], str]] = {
    "check": _write_check,
    "matmul": _write_matmul,
    "outer": _write_outer,
    "wide_sum": _write_wide,
    "wide_dot": _write_wide,
    "wide_logsumexp": _write_wide,
    "gather": _write_gather,
    "scatter_add": _write_scatter_add,
    "scalars": _write_scalars,
    "scalars_vjp": _write_scalars_vjp,
}
