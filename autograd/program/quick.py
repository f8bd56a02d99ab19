"""Quick calls: numbers, containers and arrays of them go straight into the kernel.

For a small program, what a call has to find out costs more than the program. So the kernel
itself takes arguments apart that are built like earlier ones, looks whether all is as it was,
and puts the result together.
"""

from __future__ import annotations

from array import array
from itertools import pairwise
from typing import Any

from autograd.core import floats
from autograd.core.operand import real
from autograd.program.ir.arrays import np
from autograd.program.jobs import Job
from autograd.program.kernel import kernel
from autograd.program.specialize import Path
from autograd.program.trace.captured import Captured, equal, holds

__all__ = ["quick"]

FLOAT = np.dtype(float)


def quick(path: Path, job: Job, single: bool, captured: Captured) -> Any:
    """What a job like this one, on this path, can be done by, if the kernel can.

    Called with the arguments it gives the function's result, or with arguments to differentiate
    in its value and gradient; and None where anything is amiss or is not as it was.

    Args:
        single: whether the gradient is that of one argument, not a tuple of several.
    """
    call, places, program = job.call, job.places, path.program
    rows = [call.rows[i] for i in places] or [range(0)]
    if not single and (job.rows[0] or any(a.stop != b.start for a, b in pairwise(rows))):
        return None
    sweep = program.sweep(job.rows[None], job.rows[0]) if places else program.sweep()
    native, columns, fixed = sweep.native, sweep.columns, sweep.lanes
    like = tuple(
        [
            _example(arg) if axis is None else _samples(arg)
            for arg, axis in zip(call.args, call.axes)
        ]
    )
    if native is None or None in like:
        return None
    if call.lanes and not (path.reduce and path.single and columns):
        return None
    given = like[places[0]] if single and places else tuple([like[i] for i in places])
    return kernel().Call(
        (
            *(native.program, like, given, call.axes, None if path.single else path.rebuild),
            *(floats.read_data, path.closed, array("d", bytes(8 * len(path.closed)))),
            *(captured, equal, holds),
        ),
        np.ascontiguousarray(program.answers),
        fixed or (0 if call.lanes else 1),
        places[0] if places else -1,
        rows[0].start,
        rows[-1].stop,
        bool(call.lanes) and path.reduce == "mean",
        job.threads,
    )


def _samples(tree: Any) -> Any:
    """An array of one such sample; None if they are not in an array of floats."""
    if type(tree) is np.ndarray and tree.dtype is FLOAT and tree[0].size:
        return np.zeros((1, *tree.shape[1:])).data
    return None


def _example(tree: Any) -> Any:
    """A tree that is built alike, as the kernel takes it; None if it is not simple."""
    if type(tree) in (list, tuple, dict):
        each = [*map(_example, tree.values() if type(tree) is dict else tree)]
        if None in each:
            return None
        return dict(zip(tree, each)) if type(tree) is dict else type(tree)(each)
    if type(tree) is np.ndarray:
        return np.zeros(tree.shape).data if tree.dtype is FLOAT else None
    return real(tree)
