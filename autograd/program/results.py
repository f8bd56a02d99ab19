# cython: language_level=3, infer_types=True, boundscheck=False, wraparound=False
# cython: initializedcheck=False, auto_pickle=False
"""Results: the numbers of sweeps become trees like f's result and like its arguments.

There is one such assembly. It serves values, gradients, Jacobians and Hessians, of one sample
and of lanes, whether a plan has computed them at once or lanes went by several traces.
Ordinary Python, which Cython also compiles.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

if sys.platform == "cython":
    import cython
else:
    from autograd.core import cython

from autograd.core.functions import fsum
from autograd.core.operand import primal
from autograd.program.form import Form
from autograd.program.ir.arrays import np
from autograd.program.targets.runner import added_up, folded
from autograd.transforms import nested
from autograd.trees import NUMBER, Structure, as_rows, labelled

__all__ = ["Layout", "Numbers", "parting"]

if not cython.compiled:  # else in buffers.pxd

    def _doubles(numbers: Any) -> Any:
        return numbers


class Numbers:
    """The numbers that a sweep gives for all lanes, as the kernel lays them out.

    Attributes:
        out: a row for each output, and a column a lane, or one if all lanes have the same. With
            a direction, the derivatives along it follow; per lane, the gradients of the lanes.
        d_u: derivatives in the uniform inputs, summed over the lanes.
        d_x: derivatives in the inputs that vary, a row each.
        lanes: how many columns a full row has.
        runner: has added up the first output over the lanes; None if nothing has.
    """

    def __init__(self, out: Any, d_u: Any, d_x: Any, lanes: int, runner: Any = None) -> None:
        self.out, self.d_u, self.d_x, self.lanes, self.runner = out, d_u, d_x, lanes, runner
        self.outputs, self.shared = _doubles(out.reshape(-1)), _doubles(d_u)

    def total(self, row: cython.Py_ssize_t) -> float:
        """The sum of an output over the lanes; exact, where its parts are infinities."""
        if row == 0 and self.runner is not None:
            total: float = self.runner.total
        else:
            total = folded(self.out[row])
        if not math.isnan(total) or np.isnan(self.out[row]).any():
            return total
        return primal(fsum(self.out[row].tolist()))


class Layout:
    """How results are laid out: as f's result and its arguments are built.

    One sample has a tree. Lanes have a tree each: a list of them, or where arrays are among the
    arguments an array with lanes in front. With `reduce` the lanes are summed. Where `argnums`
    is a tuple, there is a tuple of such results, one for each argument.

    Args:
        given: the `Arguments` of such a call.
        places: the arguments to differentiate in.
        single: whether `argnums` names one argument.
        form: the structure of f's result.
        reduce: "mean" or "sum" over the lanes, or None.
        per_lane: whether each lane has a gradient of its own, in uniform arguments too.
    """

    def __init__(
        self,
        given: Any,
        places: Sequence[int],
        single: bool,
        form: Any,
        reduce: str | None,
        per_lane: bool,
    ) -> None:
        self.structures = [given.structures[i] for i in places]
        self.axes = [(i, given.given[i]) for i in places]
        self.single, self.reduce, self.form = single, reduce, form
        self.has_lanes, self.per_lane = given.lanes > 0, per_lane
        self.stacks_arrays = self.has_lanes and reduce is None and given.arrays
        self.result_form, self.size = Form(form), form.size
        self.is_row = self.stacks_arrays and form is NUMBER
        self.forms = [Form(structure) for structure in self.structures]
        self.starts = [given.rows[given.names[i]].start for i in places]
        every = Structure(tuple, (), tuple, self.structures)
        self.inputs = Form(self.structures[0] if single and places else every)
        self.count = None if single else len(places)
        self.shapes: dict[Any, Any] = {}
        ranks = [(axis is not None, i) for i, axis in self.axes]  # among a program's inputs
        self.order = sorted(range(len(places)), key=ranks.__getitem__)

    def result(self, method: str, numbers: Numbers, args: Any) -> Any:
        """The result of a method that takes one sweep."""
        if method == "value":
            return self.value(numbers, args)
        if method == "value_and_grad":
            return self.value(numbers, args), self.gradient(numbers, args)
        if method == "hvp":
            return self.gradient(numbers, args)
        return self.value(numbers, args), self.value(numbers, args, self.size)

    # ------------------------------------------------------------------ outputs and gradients

    def value(self, numbers: Numbers, args: Any, first: cython.Py_ssize_t = 0) -> Any:
        """The outputs as f's result: of the sample, of each lane, or of their mean or sum.

        Args:
            first: where they begin; their derivatives along a direction follow them.
        """
        if not self.has_lanes:
            return self.result_form.build(numbers.outputs, first)
        if self.reduce is None and self.is_row and len(numbers.out[first]) == numbers.lanes:
            return numbers.out[first].copy()
        if self.reduce is None:
            rows = all_columns(numbers.out[first : first + self.size], numbers.lanes)
            return self.stacked("value", self.form.rebuild, rows)
        count = numbers.lanes if self.reduce == "mean" else 1
        totals = [numbers.total(first + k) / count for k in range(self.size)]
        return self.form.rebuild(totals)

    def gradient(self, numbers: Numbers, args: Any) -> Any:
        """The gradient in the shapes of the arguments."""
        k: cython.Py_ssize_t
        start: cython.Py_ssize_t
        form: Form
        gradients: list[Any] = []
        for k in range(len(self.forms)):
            form, start = self.forms[k], self.starts[k]
            i, axis = self.axes[k]
            if axis is None:
                gradients.append(form.build(numbers.shared, start))
            else:
                rows = numbers.d_x[start : start + form.size]
                gradients.append(like_lanes(args[i], form.structure, axis, rows.T))
        return gradients[0] if self.single else tuple(gradients)

    # ------------------------------------------------------------------ matrices

    def row(self, numbers: Numbers, outputs: cython.Py_ssize_t, args: Any) -> Any:
        """A sweep's row of a matrix: the gradient; per lane, as an array for each argument.

        Args:
            outputs: how many rows of outputs come before the gradients of lanes.
        """
        if self.per_lane:
            return self.gradients_of_lanes(numbers, outputs)
        return self.gradient(numbers, args)

    def gradients_of_lanes(self, numbers: Numbers, first: int) -> list[Any]:
        """The gradients of lanes, which follow the outputs: uniform arguments come first."""
        gradients: list[Any] = [None] * len(self.forms)
        for k in self.order:
            stop = first + self.forms[k].size
            gradients[k] = all_columns(numbers.out[first:stop], numbers.lanes)
            first = stop
        return gradients

    def jacobian_by_rows(self, rows: Sequence[Any]) -> Any:
        """The Jacobian, of a row for each output; if there is no output, of one of zeros."""
        if self.per_lane:
            return self.jacobian_of_lanes([stack(each)[: self.size] for each in zip(*rows)])
        return nested(rows[: self.size], self.form.rebuild, self.count)

    def jacobian_by_columns(self, columns: Sequence[Any]) -> Any:
        """The Jacobian, of the derivatives of the outputs along each input."""
        block = np.stack(columns, 1)
        if self.per_lane:
            return self.jacobian_of_lanes(np.split(block, self.ends(), 1))
        if self.reduce is not None:
            weight = 1.0 / np.size(block, 2) if self.reduce == "mean" else 1.0
            block = weight * added_up(block)
        rows = [self.inputs.tree(row) for row in np.ascontiguousarray(block[..., 0])]
        return nested(rows, self.form.rebuild, self.count)

    def jacobian_of_lanes(self, blocks: Sequence[Any]) -> Any:
        """The Jacobian of each lane, of blocks of shape (outputs, inputs, lanes)."""
        rebuild = self.form.rebuild
        every = [self.matrix((k,), rebuild, k, block) for k, block in enumerate(blocks)]
        return every[0] if self.single else tuple(every)

    def hessian(self, rows: Sequence[Any]) -> Any:
        """The Hessian, of a row for each input: the gradient's derivatives along it."""
        if self.per_lane:
            return self.hessian_of_lanes(rows)
        blocks = nested(rows, self.inputs.structure.rebuild, self.count)
        return blocks if self.single else tuple(zip(*blocks))

    def hessian_of_lanes(self, rows: Sequence[Any]) -> Any:
        blocks: list[Any] = []
        columns = [np.split(stack(each), self.ends()) for each in zip(*rows)]
        for j, structure in enumerate(self.structures):
            row = [
                self.matrix((j, k), structure.rebuild, k, parts[j])
                for k, parts in enumerate(columns)
            ]
            blocks.append(row[0] if self.single else tuple(row))
        return blocks[0] if self.single else tuple(blocks)

    def ends(self) -> Any:
        """Where each argument but the last ends, if their numbers stand side by side."""
        return np.cumsum([form.size for form in self.forms])[:-1]

    def matrix(self, key: Any, outer: Callable[[Any], Any], k: int, block: Any) -> Any:
        """For each lane a structure of structures like argument k, of (outer, inner, lanes)."""
        inner = self.structures[k].rebuild
        return self.stacked(key, lambda rows: outer([inner(row) for row in rows]), block)

    # ------------------------------------------------------------------ lanes

    def stacked(self, key: Any, build: Callable[[Any], Any], numbers: Any) -> Any:
        """Build each lane's tree: of arrays an array, with lanes in front, unless it is ragged.

        Args:
            key: names the trees of this kind, whose shape is found once.
            numbers: of all trees; the last axis is that of the lanes.
        """
        lanes_first = numbers.T if numbers.ndim == 2 else numbers.transpose(2, 0, 1)
        columns = lanes_first.copy()
        if not self.stacks_arrays:
            if key == "value" and self.result_form.kind is float:
                return columns.ravel().tolist()
            return [build(column) for column in columns.tolist()]
        if key not in self.shapes:
            self.shapes[key] = _shape_of(build(columns[0].tolist()))
        shape = self.shapes[key]
        if shape is not None:
            return columns.reshape(len(columns), *shape)
        trees = [build(column) for column in columns.tolist()]
        with suppress(ValueError):  # ragged
            return np.array(trees)
        return trees


def _shape_of(tree: Any) -> tuple[int, ...] | None:
    """The shape of an even tree of lists; None of any other tree."""
    with suppress(ValueError):  # ragged
        array = np.array(tree)
        if array.dtype == float:
            return array.shape
    return None


def stack(rows: Sequence[Any]) -> Any:
    """Arrays in one, as `np.stack` has them, but without a copy of a single one."""
    return rows[0][None] if len(rows) == 1 else np.stack(rows)


def all_columns(rows: Any, lanes: int) -> Any:
    """Rows with a column for each lane, where one may stand for all."""
    return rows if rows.shape[1] == lanes else np.broadcast_to(rows, (len(rows), lanes))


def like_lanes(tree: Any, sample: Any, axis: int, rows: Any) -> Any:
    """A row of numbers for each sample, in the shape of the argument with all samples."""
    if isinstance(tree, dict):
        ends = np.cumsum([part.size for part in sample.parts])[:-1]
        each = zip(tree, sample.parts, np.split(rows, ends, 1))
        return {key: like_lanes(tree[key], part, axis, some) for key, part, some in each}
    array = as_rows(tree)
    if not isinstance(array, np.ndarray):
        form = Form(sample)
        return type(tree)([form.tree(row) for row in np.ascontiguousarray(rows)])
    sides = np.moveaxis(array, axis, 0).shape
    whole = np.moveaxis(np.array(rows, order="C").reshape(sides), 0, axis)
    return labelled(tree, whole) if hasattr(tree, "iloc") else whole


def parting() -> ValueError:
    """The error where samples do not give the same kind of result."""
    return ValueError("the samples give results that are built in different ways")
