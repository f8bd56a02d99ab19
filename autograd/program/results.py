# cython: language_level=3, infer_types=True, boundscheck=False, wraparound=False
# cython: initializedcheck=False, auto_pickle=False
"""Results: the numbers of sweeps become trees like f's result and like its arguments.

There is one such assembly. It serves values, gradients, Jacobians and Hessians, of one sample
and of lanes, whether a plan has computed them at once or lanes went by several traces.

An *output* is a number of f's result. The Jacobian has a *row* for each output, which is a
gradient, and the Hessian a row for each input. A *block* is the part of a Jacobian or Hessian
that belongs to one argument, or to two. Ordinary Python, which Cython also compiles.
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

__all__ = ["Layout", "Numbers", "unequal_lanes"]

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

    # outputs, uniform: where the numbers of `out` and of `d_u` begin, for C.

    def __init__(self, out: Any, d_u: Any, d_x: Any, lanes: int, runner: Any = None) -> None:
        self.out, self.d_u, self.d_x, self.lanes, self.runner = out, d_u, d_x, lanes, runner
        self.outputs, self.uniform = _doubles(out.reshape(-1)), _doubles(d_u)

    def total(self, output: cython.Py_ssize_t) -> float:
        """Return the sum of an output over the lanes."""
        numbers = self.out[output]
        if output == 0 and self.runner is not None:
            total: float = self.runner.total
        else:
            total = folded(numbers)
        if math.isnan(total) and not np.isnan(numbers).any():  # partial sums were ∞ and -∞
            return primal(fsum(numbers.tolist()))
        return total


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

    # For each argument to differentiate in:
    #   structures, forms: how it is built; places, in_axes: which it is, and its axis of lanes;
    #   starts: where its numbers begin in u, or in x.
    # order: these arguments as their gradients per lane follow each other.
    # inputs: the form of the gradient; count: of how many arguments it is a tuple, or None.
    # size: how many outputs there are.
    # stacks_arrays: whether the trees of lanes are stacked in an array; shapes: of such trees.

    def __init__(
        self,
        given: Any,
        places: Sequence[int],
        single: bool,
        form: Any,
        reduce: str | None,
        per_lane: bool,
    ) -> None:
        self.places = [*places]
        self.structures = [given.structures[i] for i in places]
        self.in_axes = [given.in_axes[i] for i in places]
        self.forms = [Form(structure) for structure in self.structures]
        self.starts = [given.rows[given.names[i]].start for i in places]
        self.order = sorted(range(len(places)), key=self.rank)
        self.single, self.count = single, None if single else len(places)
        every = Structure(tuple, (), tuple, self.structures)
        self.inputs = Form(self.structures[0] if single and places else every)
        self.form, self.result_form, self.size = form, Form(form), form.size
        self.has_lanes, self.reduce, self.per_lane = given.lanes > 0, reduce, per_lane
        self.stacks_arrays = self.has_lanes and reduce is None and given.has_arrays
        self.stacks_numbers = self.stacks_arrays and form is NUMBER
        self.shapes: dict[Any, Any] = {}

    def rank(self, k: int) -> Any:
        """Return the rank of an argument among a program's inputs: uniform ones come first."""
        return self.in_axes[k] is not None, self.places[k]

    def result(self, method: str, numbers: Numbers, args: Any) -> Any:
        """Return the result of a method that takes one sweep."""
        if method == "value":
            return self.value(numbers)
        if method == "value_and_grad":
            return self.value(numbers), self.gradient(numbers, args)
        if method == "hvp":
            return self.gradient(numbers, args)
        return self.value(numbers), self.value(numbers, self.size)

    # ------------------------------------------------------------------ outputs and gradients

    def value(self, numbers: Numbers, first: cython.Py_ssize_t = 0) -> Any:
        """Return the outputs as f's result: of the sample, of each lane, or their mean or sum.

        Args:
            first: where they begin; their derivatives along a direction follow them.
        """
        if not self.has_lanes:
            return self.result_form.build(numbers.outputs, first)
        if self.reduce is not None:
            return self.reduced(numbers, first)
        if self.stacks_numbers and len(numbers.out[first]) == numbers.lanes:
            return numbers.out[first].copy()
        rows = all_columns(numbers.out[first : first + self.size], numbers.lanes)
        return self.stacked("value", self.form.rebuild, rows)

    def reduced(self, numbers: Numbers, first: int) -> Any:
        """Return the mean or the sum of each output over the lanes, as f's result."""
        count = numbers.lanes if self.reduce == "mean" else 1
        return self.form.rebuild([numbers.total(first + k) / count for k in range(self.size)])

    def gradient(self, numbers: Numbers, args: Any) -> Any:
        """Return the gradient in the shapes of the arguments."""
        k: cython.Py_ssize_t
        start: cython.Py_ssize_t
        form: Form
        gradients: list[Any] = []
        for k in range(len(self.forms)):
            form, start, axis = self.forms[k], self.starts[k], self.in_axes[k]
            if axis is None:
                gradients.append(form.build(numbers.uniform, start))
            else:
                rows = numbers.d_x[start : start + form.size]
                arg = args[self.places[k]]
                gradients.append(like_lanes(arg, form.structure, axis, rows.T))
        return gradients[0] if self.single else tuple(gradients)

    # ------------------------------------------------------------------ matrices

    def row(self, numbers: Numbers, outputs: cython.Py_ssize_t, args: Any) -> Any:
        """Return a sweep's row of a matrix: the gradient; per lane, an array for each argument.

        Args:
            outputs: how many rows of outputs come before the gradients of lanes.
        """
        if self.per_lane:
            return self.gradients_of_lanes(numbers, outputs)
        return self.gradient(numbers, args)

    def gradients_of_lanes(self, numbers: Numbers, first: int) -> list[Any]:
        """Return the gradients of lanes, an array for each argument.

        Args:
            first: where they begin. There they are in the order of a program's inputs.
        """
        gradients: list[Any] = [None] * len(self.forms)
        for k in self.order:
            stop = first + self.forms[k].size
            gradients[k] = all_columns(numbers.out[first:stop], numbers.lanes)
            first = stop
        return gradients

    def jacobian_by_rows(self, rows: Sequence[Any]) -> Any:
        """Return the Jacobian.

        Args:
            rows: one for each output. If f has no output there is one, which is left out.
        """
        if not self.per_lane:
            return nested(rows[: self.size], self.form.rebuild, self.count)
        blocks = [stack(parts)[: self.size] for parts in zip(*rows)]
        return self.jacobian_of_lanes(blocks)

    def jacobian_by_columns(self, columns: Sequence[Any]) -> Any:
        """Return the Jacobian.

        Args:
            columns: for each input the derivatives along it, of shape (outputs, lanes).
        """
        block = np.stack(columns, 1)
        if self.per_lane:
            return self.jacobian_of_lanes(np.split(block, self.ends(), 1))
        if self.reduce is not None:
            weight = 1.0 / block.shape[2] if self.reduce == "mean" else 1.0
            block = weight * added_up(block)
        matrix = np.ascontiguousarray(block[:, :, 0])
        return nested([self.inputs.tree(row) for row in matrix], self.form.rebuild, self.count)

    def jacobian_of_lanes(self, blocks: Sequence[Any]) -> Any:
        """Return the Jacobian of each lane, of blocks of shape (outputs, inputs, lanes)."""
        jacobians = [
            self.stacked_matrices((k,), self.form.rebuild, k, block)
            for k, block in enumerate(blocks)
        ]
        return jacobians[0] if self.single else tuple(jacobians)

    def hessian(self, rows: Sequence[Any]) -> Any:
        """Return the Hessian.

        Args:
            rows: for each input the gradient's derivatives along it.
        """
        if self.per_lane:
            return self.hessian_of_lanes(rows)
        blocks = nested(rows, self.inputs.structure.rebuild, self.count)
        if self.single:
            return blocks
        return tuple(zip(*blocks))  # from [k][j] to [j][k]: argument j is that of the rows

    def hessian_of_lanes(self, rows: Sequence[Any]) -> Any:
        """Return the Hessian of each lane: for argument j and argument k a block."""
        columns = [np.split(stack(parts), self.ends()) for parts in zip(*rows)]
        hessian: list[Any] = []
        for j, structure in enumerate(self.structures):
            blocks = [
                self.stacked_matrices((j, k), structure.rebuild, k, column[j])
                for k, column in enumerate(columns)
            ]
            hessian.append(blocks[0] if self.single else tuple(blocks))
        return hessian[0] if self.single else tuple(hessian)

    def ends(self) -> Any:
        """Return where each argument but the last ends, if their numbers stand side by side."""
        return np.cumsum([form.size for form in self.forms])[:-1]

    def stacked_matrices(
        self, key: Any, outer: Callable[[Any], Any], k: int, block: Any
    ) -> Any:
        """Return for each lane a tree of trees like argument k.

        Args:
            key: as of `stacked`.
            outer: makes the outer tree of the inner ones.
            block: the numbers, of shape (outer, inner, lanes).
        """
        inner = self.structures[k].rebuild
        return self.stacked(key, lambda rows: outer([inner(row) for row in rows]), block)

    # ------------------------------------------------------------------ lanes

    def stacked(self, key: Any, build: Callable[[Any], Any], numbers: Any) -> Any:
        """Build each lane's tree; where arrays are stacked, all in one array, lanes in front.

        Trees that are ragged make no array, and stay a list.

        Args:
            key: names the trees of this kind, whose shape is found once.
            build: makes a tree of its numbers.
            numbers: of all trees; the last axis is that of the lanes.
        """
        lanes_first = numbers.T if numbers.ndim == 2 else numbers.transpose(2, 0, 1)
        by_lane = lanes_first.copy()
        if not self.stacks_arrays:
            if key == "value" and self.result_form.kind is float:
                return by_lane.ravel().tolist()
            return [build(lane) for lane in by_lane.tolist()]
        if key not in self.shapes:
            self.shapes[key] = _shape_of(build(by_lane[0].tolist()))
        shape = self.shapes[key]
        if shape is not None:
            return by_lane.reshape(len(by_lane), *shape)
        trees = [build(lane) for lane in by_lane.tolist()]
        with suppress(ValueError):  # ragged
            return np.array(trees)
        return trees


def _shape_of(tree: Any) -> tuple[int, ...] | None:
    """Return the shape of an even tree of lists; None of any other tree."""
    with suppress(ValueError):  # ragged
        array = np.array(tree)
        if array.dtype == float:
            return array.shape
    return None


def stack(rows: Sequence[Any]) -> Any:
    """Stack arrays as `np.stack` does, but a single one without a copy."""
    return rows[0][None] if len(rows) == 1 else np.stack(rows)


def all_columns(rows: Any, lanes: int) -> Any:
    """Return rows with a column for each lane; one column may stand for all."""
    return rows if rows.shape[1] == lanes else np.broadcast_to(rows, (len(rows), lanes))


def like_lanes(arg: Any, sample: Any, axis: int, rows: Any) -> Any:
    """Put a row of numbers for each sample in the shape of an argument with all its samples.

    Args:
        sample: the structure of one.
        axis: along which the samples are in an array.
    """
    if isinstance(arg, dict):
        ends = np.cumsum([part.size for part in sample.parts])[:-1]
        entries = zip(arg.items(), sample.parts, np.split(rows, ends, 1))
        return {key: like_lanes(tree, part, axis, some) for (key, tree), part, some in entries}
    array = as_rows(arg)
    if not isinstance(array, np.ndarray):
        form = Form(sample)
        return type(arg)([form.tree(row) for row in np.ascontiguousarray(rows)])
    samples_first = np.moveaxis(array, axis, 0).shape
    gradient = np.moveaxis(np.array(rows, order="C").reshape(samples_first), 0, axis)
    return labelled(arg, gradient) if hasattr(arg, "iloc") else gradient


def unequal_lanes() -> ValueError:
    """Make the error of lanes whose results are not built alike."""
    return ValueError("the samples give results that are built in different ways")
