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
from autograd.trees import as_rows, labelled

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
        self.forms = [Form(structure) for structure in self.structures]
        self.rows = [given.rows[given.names[i]].start for i in places]
        self.shapes: dict[Any, Any] = {}

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
        if self.reduce is None:
            rows = numbers.out[first : first + self.size]
            columns = np.broadcast_to(rows, (self.size, numbers.lanes))
            return self.stacked("value", self.form.rebuild, columns)
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
            form, start = self.forms[k], self.rows[k]
            i, axis = self.axes[k]
            if axis is None:
                gradients.append(form.build(numbers.shared, start))
            else:
                rows = numbers.d_x[start : start + form.size]
                gradients.append(like_lanes(args[i], form.structure, axis, rows.T))
        return gradients[0] if self.single else tuple(gradients)

    # ------------------------------------------------------------------ matrices

    def slopes(self, numbers: Numbers, outputs: int) -> list[Any]:
        """The gradient in each argument: a row a number, a column a lane, or one for all.

        Args:
            outputs: how many rows of outputs come before the gradients of lanes.
        """
        if self.per_lane:
            return self.slopes_per_lane(numbers, outputs)
        slopes: list[Any] = []
        for form, start, (_, axis) in zip(self.forms, self.rows, self.axes):
            stop = start + form.size
            uniform = axis is None
            rows = numbers.d_u[start:stop, None] if uniform else numbers.d_x[start:stop]
            slopes.append(rows.copy())
        return slopes

    def slopes_per_lane(self, numbers: Numbers, first: int) -> list[Any]:
        """The gradients of lanes, which are rows of the outputs: uniform arguments come first."""
        slopes: list[Any] = [None] * len(self.forms)
        for k in sorted(range(len(slopes)), key=self.order_of):
            stop = first + self.forms[k].size
            rows = numbers.out[first:stop]
            slopes[k] = np.broadcast_to(rows, (len(rows), numbers.lanes)).copy()
            first = stop
        return slopes

    def order_of(self, k: int) -> tuple[bool, int]:
        """The rank of an argument among a program's inputs."""
        i, axis = self.axes[k]
        return axis is not None, i

    def jacobian_by_rows(self, gradients: Sequence[list[Any]], args: Any) -> Any:
        """The Jacobian, of the gradient of each output; with no output there is one of zeros."""
        blocks = [np.stack(rows)[: self.size] for rows in zip(*gradients)]
        return self.jacobian(blocks, args)

    def jacobian_by_columns(self, columns: Sequence[Any], args: Any) -> Any:
        """The Jacobian, of the derivatives of the outputs along each input."""
        block = np.stack(columns, 1)
        if self.reduce is not None:
            weight = 1.0 / block.shape[-1] if self.reduce == "mean" else 1.0
            block = weight * added_up(block)
        return self.jacobian(np.split(block, self.ends(), 1), args)

    def jacobian(self, blocks: Sequence[Any], args: Any) -> Any:
        """The Jacobian, of blocks of shape (outputs, inputs of an argument, lanes)."""
        every = [
            self.matrix((k,), self.form.rebuild, k, block, args)
            for k, block in enumerate(blocks)
        ]
        return every[0] if self.single else tuple(every)

    def hessian(self, gradients: Sequence[list[Any]], args: Any) -> Any:
        """The Hessian, of the gradient's derivatives along each input."""
        rows: list[Any] = []
        blocks = [np.split(np.stack(each), self.ends()) for each in zip(*gradients)]
        for j, structure in enumerate(self.structures):
            row = [
                self.matrix((j, k), structure.rebuild, k, parts[j], args)
                for k, parts in enumerate(blocks)
            ]
            rows.append(row[0] if self.single else tuple(row))
        return rows[0] if self.single else tuple(rows)

    def ends(self) -> list[int]:
        """Where each argument but the last ends, if their numbers stand side by side."""
        return np.cumsum([form.size for form in self.forms])[:-1].tolist()  # type: ignore[no-any-return]

    def matrix(
        self, key: Any, outer: Callable[[Any], Any], k: int, block: Any, args: Any
    ) -> Any:
        """A structure of the arguments' structures, of numbers (outer, inner, lanes)."""
        form, (i, axis) = self.forms[k], self.axes[k]
        if self.per_lane:
            inner = self.structures[k].rebuild
            return self.stacked(key, lambda rows: outer([inner(row) for row in rows]), block)
        if axis is None:
            rows = np.ascontiguousarray(block[..., 0])
            return outer([form.tree(row) for row in rows])
        return outer([like_lanes(args[i], form.structure, axis, rows.T) for rows in block])

    # ------------------------------------------------------------------ lanes

    def stacked(self, key: Any, build: Callable[[Any], Any], numbers: Any) -> Any:
        """Build each lane's tree: of arrays an array, with lanes in front, unless it is ragged.

        Args:
            key: names the trees of this kind, whose shape is found once.
            numbers: of all trees; the last axis is that of the lanes.
        """
        columns = np.array(np.moveaxis(numbers, -1, 0), order="C")
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
            return array.shape  # type: ignore[no-any-return]
    return None


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
