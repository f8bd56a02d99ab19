"""Jacobians and Hessians of a compiled function: a sweep for each row or column.

`run` makes a call with the arguments: given `places`, the arguments to differentiate in, and
`seed`, `direction` or both, as `Call` takes them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from autograd.program.arguments import Arguments
from autograd.program.call import Call
from autograd.program.ir.arrays import Array, np
from autograd.program.targets.runner import added_up
from autograd.trees import flatten, flatten_like

__all__ = ["direction", "hessian_blocks", "jacobian_blocks", "lane_weight", "per_lane_blocks"]

Run = Callable[..., Call]


def lane_weight(arguments: Arguments, reduce: str | None) -> float:
    """What a lane counts in the result."""
    return 1.0 / arguments.total if reduce == "mean" and arguments.total else 1.0


def jacobian_blocks(
    run: Run, arguments: Arguments, places: Sequence[int], count: int, reduce: str | None
) -> list[Array]:
    """d(output)/d(input) for each argument, of shape (outputs, inputs, lanes).

    By a forward sweep for each number of a uniform argument that has fewer than there are
    outputs; else by a reverse sweep for each output, for all arguments together, which adds up
    the derivatives of all lanes in what is uniform.

    Args:
        count: of outputs.
    """
    weight = lane_weight(arguments, reduce)
    found: dict[int, Array] = {}
    for i in places:
        rows = arguments.rows[i]
        if arguments.axes[i] is None and len(rows) < count:
            calls = [run((i,), direction=_unit(arguments, i, row)) for row in rows]
            block = np.stack([call.out[count:] for call in calls], 1)
            found[i] = block if reduce is None else weight * added_up(block)
    backwards = [i for i in places if i not in found]
    units = weight * np.eye(count)[:, :, None] if backwards else ()
    calls = [run(backwards, seed=unit) for unit in units]
    for k, i in enumerate(backwards):
        found[i] = np.stack([call.parts()[k] for call in calls])
    return [found[i] for i in places]


def per_lane_blocks(run: Run, places: Sequence[int]) -> tuple[Call, list[Array]]:
    """The same where each lane has derivatives of its own in all arguments; and a call.

    By a reverse sweep for each output, for all arguments together.
    """
    call = run(places, output=0)
    parts = [[part] for part in call.parts()]
    count = len(call.out) - sum([len(part) for [part] in parts])
    for k in range(1, count):
        for mine, part in zip(parts, run(places, output=k).parts()):
            mine.append(part)
    return call, [np.stack(mine) if count > 1 else mine[0][None][:count] for mine in parts]


def hessian_blocks(
    run: Run, arguments: Arguments, places: Sequence[int], reduce: str | None
) -> list[Array]:
    """Second derivatives in each two of the arguments, of shape (these, those, lanes).

    Row after row, as a matrix has them.
    """
    weight = lane_weight(arguments, reduce)
    lanes = arguments.lanes if reduce is None and arguments.lanes else 1
    sizes = [len(arguments.rows[i]) for i in places]
    blocks = [[np.zeros((m, n, lanes)) for n in sizes] for m in sizes]
    for j, place in enumerate(places):
        for k, row in enumerate(arguments.rows[place]):
            call = run(places, direction=_unit(arguments, place, row), seed=weight)
            for mine, part in zip(blocks, call.parts()):
                mine[j][:, k] = part
    return [block for row in blocks for block in row]


def direction(
    arguments: Arguments, places: Sequence[int], tangents: Sequence[Any], name: str
) -> Callable[[Arguments], tuple[Array, Array]]:
    """Tangents in the shape of some of the arguments: u and x of what lanes are asked for.

    Raises:
        TypeError, ValueError: they have another shape.
    """
    chosen = tuple([arguments.args[i] for i in places])
    flatten_like(tuple(tangents), chosen, f"{name}: the tangents", _checked)
    args = list(arguments.args)
    for i, given in zip(places, tangents):
        args[i] = given
    t = Arguments(args, arguments.in_axes)

    def along(part: Arguments) -> tuple[Array, Array]:
        lanes = slice(part.first, part.first + part.lanes)
        t_part = t.window(lanes) if part.lanes < t.lanes else t
        for i in set(range(len(args))) - set(places):
            side = t.u if arguments.axes[i] is None else t_part.x
            side[arguments.rows[i].start : arguments.rows[i].stop] = 0.0
        return t.u, t_part.x

    return along


def _checked(tree: Any, what: str) -> tuple[list[Any], Any]:
    """As `flatten`, but of arrays of numbers, in which nothing can be wrong, nothing."""
    if isinstance(tree, np.ndarray) and tree.dtype.kind in "fiub":
        return [], None
    return flatten(tree, what)


def _unit(arguments: Arguments, i: int, row: int) -> tuple[Array, Array]:
    """The direction of one number of an argument, in all lanes."""
    t_u, t_x = np.zeros(len(arguments.u)), np.zeros(arguments.x.shape)
    (t_u if arguments.axes[i] is None else t_x)[row] = 1.0
    return t_u, t_x
