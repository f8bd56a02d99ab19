# cython: language_level=3, infer_types=True, boundscheck=False, wraparound=False
# cython: initializedcheck=False, auto_pickle=False
"""A call like an earlier one. Ordinary Python, which Cython also compiles, as the core.

For a small program, what a `Call` has to find out costs more than the program. So `Dispatch`
makes ready once what does not change from a call to one like it: where each number goes, what
runs, and how the result is built.
"""

from __future__ import annotations

import math
import sys
from types import CellType, FunctionType
from typing import Any

if sys.platform == "cython":
    import cython
else:
    from autograd.core import cython

from autograd.core.float_sweeps import read_data
from autograd.core.operand import real
from autograd.program.arguments import WINDOW, windows
from autograd.program.ir.arrays import np
from autograd.program.trace.captured import ABSENT, unchanged

__all__ = ["Dispatch", "dispatched"]

if not cython.compiled:  # else in buffers.pxd

    def _doubles(numbers: Any) -> Any:
        return numbers


FLOAT = np.dtype(float)
ARRAY: Any = np.ndarray
MOST = 7  # arrays of samples that a runner reads


def dispatched(table: dict[Any, list[Dispatch]], what: Any, args: tuple[Any, ...]) -> Any:
    """What the first that can make the call gives, of those for it; None if none can."""
    each: Dispatch
    those = table.get(what)
    if those is not None:
        for each in those:
            found = each.called(args)
            if found is not None:
                return found
    return None


class Dispatch:
    """What calls with arguments built like these, on one trace, need.

    Its buffers belong to one call at a time; a second thread goes the long way.

    Args:
        trace: the way of the function that it goes.
        call: such a call, for values or for a gradient.
        single: whether the gradient is that of one argument, not a tuple of several.
        captured: what the function captures.

    Raises:
        NotImplementedError: such calls always go the long way.
    """

    def __init__(self, trace: Any, call: Any, single: bool, captured: Any) -> None:
        given, places, program = call.arguments, call.places, trace.program
        self.trace, self.captured, self.closed, self.looks = trace, captured, trace.closed, None
        self.sweep = program.sweep(call.rows[None], call.rows[0]) if places else program.sweep()
        varies = [axis is not None for axis in given.axes]
        samples = given.lanes > 0
        moved = any(given.in_axes if isinstance(given.in_axes, tuple) else (given.in_axes,))
        parted = self.sweep.has_lanes != samples or (samples and not trace.single)
        if moved or parted or sum(varies) > MOST:
            raise NotImplementedError
        self.examples = [*map(_example, given.args, varies)]
        self.varies, self.threads, self.single = tuple(varies), call.threads, single
        self.places = [(i, given.rows[i]) for i in places]
        self.is_number, self.rebuild, self.reduce = trace.single, trace.rebuild, trace.reduce
        self.count, self.samples, self.free = len(varies), samples, [True]
        self.total = given.lanes or self.sweep.lanes or 1
        self.resize(self.total)

    def resize(self, lanes: int) -> None:
        """Make buffers for so many lanes of all that there are.

        They change together in the end: an interrupt or a lack of memory may come before.
        """
        sweep: Any = self.sweep
        weight = 1.0 / self.total if self.samples and self.reduce == "mean" else 1.0
        u, out, d_u, d_x = sweep.memory(lanes)
        weights = np.full((1, lanes if self.samples else 1), weight)
        seed = sweep.spread(weights) if self.places else None
        start = sweep.inputs - len(self.closed)
        outside, results = u[start : sweep.inputs], out[: sweep.outputs]
        placed, at = [], 0
        for example, varies in zip(self.examples, self.varies):
            each, at = (example, at) if varies else _placed(example, u, at)
            placed.append(each)
        like, gradients = tuple(placed), []
        for i, rows in self.places:
            slopes = self.examples[i]
            if not self.varies[i]:
                slopes = _placed(slopes, d_u, rows.start)[0]
            gradients.append((slopes, self.varies[i], rows))
        sizes = [x.size for x, varies in zip(self.examples, self.varies) if varies]
        parts = tuple([np.zeros((size, lanes)) for size in sizes])
        buffers = out, d_u if self.places else None, d_x, sweep.answers
        runner = sweep.runner(lanes, u, parts, seed, *buffers, self.threads)
        owners = u, d_u, out
        self.u, self.d_u, self.out = _doubles(u), _doubles(d_u), _doubles(out.reshape(-1))
        self.weight, self.outside, self.results, self.like = weight, outside, results, like
        self.gradients, self.parts, self.runner, self.d_x = gradients, parts, runner, d_x
        self.numbers, self.owners, self.lanes = u, owners, lanes

    def called(self, args: tuple[Any, ...]) -> Any:
        """The function's result, or its value and gradient; None if anything has changed."""
        try:
            self.free.pop()
        except IndexError:
            return None
        try:
            if not self._fits(args):
                return None
            if self.total > self.lanes:
                return self._in_windows()
            return self._result() if self._succeeds() else None
        finally:
            self.free.append(True)

    # ------------------------------------------------------------------ arguments

    def _fits(self, args: tuple[Any, ...]) -> bool:
        """Put the arguments' numbers into the buffers; false if they are built otherwise."""
        i: cython.Py_ssize_t
        self.at = 0
        if len(args) != self.count:
            return False
        if self.samples:
            return self._fit_samples(args)
        for i in range(self.count):  # noqa: SIM110  (faster)
            if not self._take(self.like[i], args[i]):
                return False
        return True

    def _fit_samples(self, args: tuple[Any, ...]) -> bool:
        lanes, given = 0, []
        for like, varies, x in zip(self.like, self.varies, args):
            if not varies:
                if not self._take(like, x):
                    return False
                continue
            if type(x) is not ARRAY or not _is_real(x.dtype) or x.shape[1:] != like.shape:
                return False
            if len(x) == 0 or (lanes and len(x) != lanes) or not x.flags.aligned:
                return False
            lanes = len(x)
            given.append(x)
        if lanes != self.total:
            self.lanes, self.total = 0, lanes
        self.given = given
        if lanes == self.lanes or lanes <= WINDOW:
            self._read(given, lanes)
        return True

    def _read(self, given: list[Any], lanes: cython.Py_ssize_t) -> None:
        """Let samples be read where they lie, if they are floats of 64 bits."""
        if lanes != self.lanes:
            before = self.numbers
            self.resize(lanes)
            self.numbers[:] = before
        doubles = [x if x.dtype is FLOAT else x.astype(FLOAT) for x in given]
        self.parts = tuple([x.reshape(lanes, -1).T for x in doubles])

    def _take(self, like: Any, x: Any) -> bool:
        """Put the numbers of x where they go; false if it is built otherwise."""
        i: cython.Py_ssize_t
        if type(like) is float:
            if not (isinstance(x, float) or (type(x) is int and -(2**53) <= x <= 2**53)):
                return False
            self.u[self.at] = x
            self.at += 1
            return True
        if type(x) is not type(like):
            return False
        if type(like) is ARRAY:
            if not _is_real(x.dtype) or x.shape != like.shape:
                return False
            like[...] = x
            self.at += like.size
            return True
        if type(like) is dict:
            if len(x) != len(like) or [*like] != [*x]:
                return False
            like, x = [*like.values()], [*x.values()]
        elif type(like) is tuple:
            like, x = [*like], [*x]
        examples: list[Any] = like
        given: list[Any] = x
        if len(given) != len(examples):
            return False
        for i in range(len(examples)):
            if type(examples[i]) is float and type(given[i]) is float:
                self.u[self.at] = given[i]
                self.at += 1
            elif not self._take(examples[i], given[i]) or len(given) != len(examples):
                return False
        return True

    # ------------------------------------------------------------------ running

    def _succeeds(self) -> bool:
        """Whether all is captured as it was, and the program gave what it should."""
        if not self._same():
            return False
        if self.closed:
            read_data(self.closed, self.outside)
        return bool(self.runner.run(self.parts) == 0)

    def _same(self) -> bool:
        """Whether what is captured is what it was: nearly always, the very same objects."""
        i: cython.Py_ssize_t
        k: cython.Py_ssize_t
        looks = self.captured.looks
        if looks is not self.looks:
            self.looks = looks
            self.spaces, self.names, self.found, self.containers, self.contents = looks
        for i in range(len(self.spaces)):
            space = self.spaces[i]
            if type(space) is dict:
                variables: dict[str, Any] = space
                now = variables.get(self.names[i], ABSENT)
            elif type(space) is FunctionType:
                now = getattr(space, self.names[i])
            elif type(space) is CellType:
                try:
                    now = space.cell_contents
                except ValueError:
                    now = ABSENT
            else:
                now = space(self.names[i])
            if now is not self.found[i]:
                return bool(unchanged(looks))
        for i in range(len(self.containers)):
            if type(self.containers[i]) is not list:
                return bool(unchanged(looks))
            now_content: list[Any] = self.containers[i]
            content: list[Any] = self.contents[i]
            if len(now_content) != len(content):
                return False
            for k in range(len(content)):
                if now_content[k] is not content[k]:
                    return bool(unchanged(looks))
        return True

    # ------------------------------------------------------------------ results

    def _in_windows(self) -> Any:
        """The result of many samples, a window of them at a time; None as `called`."""
        each = np.empty(0 if self.reduce else self.total)
        total, d_u = -0.0, np.zeros(self.sweep.inputs)
        slopes: list[Any] = [
            np.empty((self.total, len(rows))) if varies else None
            for _, varies, rows in self.gradients
        ]
        for lanes in windows(self.total):
            self._read([x[lanes] for x in self.given], lanes.stop - lanes.start)
            if not self._succeeds():
                return None
            if not self.reduce:
                each[lanes] = self.results[0]
                continue
            total += self.runner.total
            d_u += self.owners[1]
            for slope, (_, varies, rows) in zip(slopes, self.gradients):
                if varies:
                    slope[lanes] = self.d_x[rows.start : rows.stop].T
        if not self.reduce:
            return each
        if not (math.isfinite(total) and np.isfinite(d_u).all()):
            return None
        self.owners[1][:] = d_u
        return self._result(total, slopes)

    def _result(self, total: float = 0.0, of_lanes: list[Any] | None = None) -> Any:
        """The result of a run, or of many samples with these sums and gradients."""
        i: cython.Py_ssize_t
        if self.samples and not self.reduce:
            value = self.results[0].copy()
        elif self.samples:
            if of_lanes is None:
                total = self.runner.total
                if math.isnan(total):
                    return None
            mean = total / self.total if self.reduce == "mean" else total
            value = self.weight * total if self.gradients else mean
        elif self.is_number:
            value = float(self.out[0])
        else:
            value = self.rebuild(self.results[:, 0].tolist())
        if not self.gradients:
            return value
        slopes = []
        for i in range(len(self.gradients)):
            like, varies, rows = self.gradients[i]
            self.at = rows.start
            if not varies:
                slopes.append(self._give(like))
                continue
            d = of_lanes[i] if of_lanes else self.d_x[rows.start : rows.stop].T.copy()
            slopes.append(d.reshape(self.total, *like.shape))
        return value, slopes[0] if self.single else tuple(slopes)

    def _give(self, like: Any) -> Any:
        """The gradient's next numbers, built alike."""
        if type(like) is float:
            self.at += 1
            return float(self.d_u[self.at - 1])
        if type(like) is ARRAY:
            self.at += like.size
            return like.copy()
        if type(like) is dict:
            return dict(zip(like, self._each([*like.values()])))
        if type(like) is tuple:
            return tuple(self._each([*like]))
        return self._each(like)

    def _each(self, examples: list[Any]) -> list[Any]:
        i: cython.Py_ssize_t
        found: list[Any] = examples.copy()
        for i in range(len(examples)):
            if type(examples[i]) is float:
                found[i] = float(self.d_u[self.at])
                self.at += 1
            else:
                found[i] = self._give(examples[i])
        return found


def _example(tree: Any, varies: bool = False) -> Any:
    """A tree that is built alike, of 0.0 and of arrays; of one sample, if it varies."""
    if type(tree) is ARRAY and _is_real(tree.dtype) and (tree.size or not varies):
        return np.zeros(tree.shape[1:] if varies else tree.shape)
    if varies or type(tree) is ARRAY:
        raise NotImplementedError
    if type(tree) is dict:
        return {key: _example(each) for key, each in tree.items()}
    if type(tree) in (list, tuple):
        return type(tree)([_example(each) for each in tree])
    real(tree)  # a number
    return 0.0


def _is_real(dtype: Any) -> bool:
    return dtype is FLOAT or dtype.kind in "fiu"


def _placed(tree: Any, numbers: Any, at: int) -> tuple[Any, int]:
    """An example whose arrays are parts of an array of numbers from `at` on; where it ends."""
    if type(tree) is float:
        return tree, at + 1
    if type(tree) is ARRAY:
        end = at + tree.size
        return numbers[at:end].reshape(tree.shape), end
    placed = []
    for each in tree.values() if type(tree) is dict else tree:
        each, at = _placed(each, numbers, at)
        placed.append(each)
    return dict(zip(tree, placed)) if type(tree) is dict else type(tree)(placed), at
