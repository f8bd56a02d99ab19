"""Operations of the kernel, run alone."""

import itertools
from array import array
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from autograd.program.targets.instructions import LANES
from autograd.program.targets.runner import FP_ERROR

__all__ = ["FORMULAS", "base", "run", "same_bits"]

base = pytest.importorskip(
    "autograd.program.kernel.kernel_base", reason="no kernel: install with a C compiler"
)


FORMULAS = base.OPERATIONS[: base.OPERATIONS.index("check")]


def run(module: Any, name: str, columns: Sequence[Sequence[float]], lanes: bool) -> Any:
    """An operation on columns of numbers, and whether all went well."""
    count, code, beyond = len(columns[0]), module.OPERATIONS.index(name), [0.0] * 8
    out = np.empty((1, count) if lanes else (count, 1))
    if lanes:
        instructions = [code, 0, 1, *[LANES + row for row in (4, 0, 1, 2)], *[0] * 5]
        phases, roots, start = [0, 0, 0, 1, 0, 2], [LANES + 4], beyond
        sizes = (0, 3, len(start), 5, *[0] * 11)
    else:
        instructions = [code, 0, count, 3 * count, 0, count, 2 * count, *[1] * 4, 0]
        phases, roots = [0, 0, 2], list(range(3 * count, 4 * count))
        start = [*itertools.chain(*columns), *[0.0] * count, *beyond]
        sizes = (0, 0, len(start), 0, 4 * count, *[0] * 10)
    instructions += [module.OPERATIONS.index("check"), *[0] * 11]
    ints = [array("i", each) for each in (instructions, [0], phases, roots)]
    program = module.Program(*ints, sizes)
    u, x = np.array(start), (np.array(columns),) if lanes else ()
    runner = program.runner(count if lanes else 1, u, x, None, out, None, None, None, 1)
    return out.ravel(), not runner.run(x) & FP_ERROR


def same_bits(a: Any, b: Any) -> bool:
    a, b = np.asarray(a), np.asarray(b)
    return bool(((a.view("i8") == b.view("i8")) | (np.isnan(a) & np.isnan(b))).all())
