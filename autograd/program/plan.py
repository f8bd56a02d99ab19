# cython: language_level=3, infer_types=True, boundscheck=False, wraparound=False
# cython: initializedcheck=False, auto_pickle=False
"""Plans: a call like an earlier one, from arguments to results, at the cost of its program.

A plan holds what does not change from a call to one like it: where each number goes, what runs,
and how the result is built. Numbers go from trees into buffers and back by their structures
(`autograd.trees`). Ordinary Python, which Cython also compiles, as the core.
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
from autograd.program.ir.arrays import np
from autograd.program.trace.captured import KEYS, LENGTH, equal
from autograd.trees import NUMBER

__all__ = ["MOST", "Plan", "built", "fill", "planned"]

if not cython.compiled:  # else in buffers.pxd and plan.pxd

    def _doubles(numbers: Any) -> Any:
        return numbers

    def _copied(x: Any, to: Any, at: int, count: int) -> bool:
        return False

    _put = _copied


FLOAT = np.dtype(float)
ARRAY: Any = np.ndarray
NUMPY: Any = np.generic
MOST = 7  # arrays of samples that a runner reads


def planned(plans: dict[Any, list[Plan]], what: Any, args: tuple[Any, ...]) -> Any:
    """The result of the first plan that fits the call; None if none does."""
    plan: Plan
    those = plans.get(what)
    if those is not None:
        for plan in those:
            result = plan.called(args)
            if result is not None:
                return result
    return None


# ---------------------------------------------------------------- trees and buffers


def fill(form: Any, x: Any, numbers: Any, at: cython.Py_ssize_t = 0) -> int:
    """Put the numbers of a tree into an array of doubles; -1 if it is built otherwise."""
    return take(form, x, _doubles(numbers), at)


def built(form: Any, numbers: Any, at: cython.Py_ssize_t = 0) -> Any:
    """Build a tree of an array of doubles."""
    return build(form, _doubles(numbers), at)


def take(form: Any, x: Any, to: cython.p_double, at: cython.Py_ssize_t) -> int:
    """Put the numbers of a tree there; where they end, or -1 if it is built otherwise."""
    i: cython.Py_ssize_t
    kind, parts = form.kind, form.parts
    if kind is list and type(x) is list:
        given: list[Any] = x
    elif kind is float:
        given = [x]
    elif kind is ARRAY and type(x) is ARRAY and x.dtype.kind in "fiub":
        return take_array(form, x, to, at)
    elif kind is tuple and type(x) is tuple:
        given = [*x]
    elif kind is dict and type(x) is dict and (*x,) == form.key[3]:
        given = [*x.values()]
    else:
        given, parts = form.leaves(x), []
        if given is None:
            return -1
    nested = len(parts) > 0
    size: cython.Py_ssize_t = len(parts) if nested else form.size
    for i in range(size):
        if len(given) != size:  # even now
            return -1
        y = given[i]
        if nested:
            at = take(parts[i], y, to, at)
            if at < 0:
                return -1
            continue
        if type(y) is not float:
            plain = type(y) is int or isinstance(y, NUMPY)
            y = real(y) if plain else (NUMBER.leaves(y) or [y])[0]
            if type(y) is not float:
                return -1
        to[at] = y
        at += 1
    return at if len(given) == size else -1


def take_array(form: Any, x: Any, to: cython.p_double, at: cython.Py_ssize_t) -> int:
    size: cython.Py_ssize_t = form.size
    if x.shape != form.shape:
        return -1
    if not cython.compiled:
        to[at : at + size] = x.ravel()
    elif not _copied(x, to, at, size):
        _copied(np.ascontiguousarray(x, float), to, at, size)
    return at + size


def build(form: Any, numbers: cython.p_double, at: cython.Py_ssize_t) -> Any:
    """Build a tree of the numbers from there on."""
    i: cython.Py_ssize_t
    kind, parts = form.kind, form.parts
    if kind is float:
        return float(numbers[at])
    if kind is ARRAY and not parts:
        array = np.empty(form.shape)
        if cython.compiled:
            _put(array, numbers, at, form.size)
        else:
            array.reshape(-1)[:] = numbers[at : at + form.size]
        return array
    size: cython.Py_ssize_t = len(parts) or form.size
    each: list[Any] = [None] * size
    if len(parts) == 0:
        for i in range(size):
            each[i] = float(numbers[at + i])
    for i in range(len(parts)):
        part = parts[i]
        each[i] = build(part, numbers, at)
        at += part.size
    return each if kind is list else form.make(each)


# ---------------------------------------------------------------- plans


class Plan:
    """The way from arguments built like these to results, on one trace.

    Its buffers belong to one call at a time; a second thread goes the long way.

    Attributes:
        used: whether a call has gone by it since this was last set to False.

    Args:
        trace: the way of the function that it goes.
        call: a sweep of such a call.
        method: of a compiled function, what is asked for.
        single: whether derivatives are those of one argument, not a tuple of several.
        captured: what the function captures.
        tangent: of jvp and hvp the tangents, in their places among the arguments.

    Raises:
        NotImplementedError: such calls always go the long way.
    """

    def __init__(
        self,
        trace: Any,
        call: Any,
        method: str,
        single: bool,
        captured: Any,
        tangent: Any = None,
    ) -> None:
        given, program = call.arguments, trace.program
        names = [trace.names[i] for i in call.places if trace.names[i]]
        self.trace, self.captured, self.closed = trace, captured, trace.closed
        self.looks: Any = None
        along = None if tangent is None else names
        wrt, self.each = None if method in ("value", "jvp") else names, call.per_lane
        self.sweep = program.sweep(wrt, along, self.each)
        self.varies = [axis is not None for axis in given.axes]
        self.samples = given.lanes > 0
        arrays = [type(x) is ARRAY for x, v in zip(given.args, self.varies) if v]
        parted = self.sweep.has_lanes != self.samples or (self.samples and not trace.single)
        long = self.samples and not self.each and method not in ("value", "value_and_grad")
        if any(given.given) or parted or long or not all(arrays) or len(arrays) > MOST:
            raise NotImplementedError
        self.is_value, self.is_jvp = method == "value", method == "jvp"
        self.is_hvp, self.is_jacobian = method == "hvp", method == "jacobian"
        self.threads, self.single = call.threads, single
        self.forms, self.starts = [*given.structures], [r.start for r in given.rows]
        self.slopes_at = [*self.starts]
        self.places, self.is_number = [*call.places], trace.single
        self.rebuild, self.reduce = trace.rebuild, trace.reduce
        self.after = len(given.u) + len(self.closed)
        if tangent is not None:  # these follow the inputs
            self.forms += [tangent.structures[i] for i in call.places]
            self.starts += [self.after + given.rows[i].start for i in call.places]
            self.varies += [False] * len(self.places)
        self.plain = [form.kind is float for form in self.forms]
        if self.each:  # gradients are outputs: those in uniform arguments, and then the others
            at = trace.tape.outputs
            order = sorted(self.places)
            varying = [i for i in order if self.varies[i]]
            for i in [*[i for i in order if not self.varies[i]], *varying]:
                form, self.slopes_at[i] = self.forms[i], at
                at += form.size
                if form.parts or form.size != math.prod(form.shape):
                    raise NotImplementedError
        self.count, self.free, self.used = len(self.varies), [True], False
        self.resize(given.lanes or self.sweep.lanes or 1)

    def resize(self, lanes: int) -> None:
        """Make buffers for so many lanes.

        They change together in the end: an interrupt or a lack of memory may come before.
        """
        sweep: Any = self.sweep
        weight = 1.0 / lanes if self.samples and self.reduce == "mean" else 1.0
        u, out, d_u, d_x = sweep.memory(lanes)
        weights = np.zeros((sweep.outputs, lanes if self.samples else 1))
        weights[sweep.outputs // 2 if self.is_hvp else 0 :][:1] = weight
        self.seed: Any = sweep.spread(weights) if sweep.has_slopes else None
        if self.each:
            self.seed = np.ones((1, 1))
        sizes = [form.size for form, varies in zip(self.forms, self.varies) if varies]
        parts = tuple([np.zeros((size, lanes)) for size in sizes])
        buffers = out, d_u if sweep.has_slopes else None, d_x, sweep.answers
        runner = sweep.runner(lanes, u, parts, self.seed, *buffers, self.threads)
        self.u, self.d_u, self.out = _doubles(u), _doubles(d_u), _doubles(out.reshape(-1))
        self.outside = u[self.after - len(self.closed) : self.after]
        self.weight, self.results, self.parts = weight, out[: sweep.outputs], parts
        self.runner, self.d_x, self.lanes = runner, out if self.each else d_x, lanes
        self.owners = u, d_u, out

    def called(self, args: tuple[Any, ...]) -> Any:
        """The function's result, or its value and gradient; None if anything has changed."""
        try:
            self.free.pop()
        except IndexError:
            return None
        try:
            if self.fits(args) and self.same():
                self.used = True
                if self.closed:
                    read_data(self.closed, self.outside)
                if self.is_jacobian:
                    return self.rows()
                if self.runner.run(self.parts) == 0:
                    return self.result()
            return None
        finally:
            self.free.append(True)

    # ------------------------------------------------------------------ arguments

    def fits(self, args: tuple[Any, ...]) -> bool:
        """Put the arguments' numbers into the buffers; false if they are built otherwise."""
        i: cython.Py_ssize_t
        at: cython.Py_ssize_t
        if len(args) != self.count:
            return False
        if self.samples and not self.take_samples(args):
            return False
        for i in range(self.count):
            if self.samples and self.varies[i]:
                continue
            x, at = args[i], self.starts[i]
            if type(x) is float and self.plain[i]:
                self.u[at] = x
            elif take(self.forms[i], x, self.u, at) < 0:
                return False
        return True

    def take_samples(self, args: tuple[Any, ...]) -> bool:
        """Let samples be read where they lie, if they are floats of 64 bits."""
        lanes, parts = 0, []
        for each, varies, x in zip(self.forms, self.varies, args):
            if varies:
                if type(x) is not ARRAY or x.dtype.kind not in "fiu" or not x.flags.aligned:
                    return False
                if x.shape[1:] != each.shape or len(x) != (lanes or len(x)):
                    return False
                lanes = len(x)
                x = x if x.dtype is FLOAT else x.astype(FLOAT)
                parts.append(x.reshape(lanes, -1).T if lanes else x)
        if lanes == 0:
            return False
        if lanes != self.lanes:
            self.resize(lanes)
        self.parts = tuple(parts)
        return True

    def same(self) -> bool:
        """Whether what is captured is what it was: nearly always, the very same objects."""
        i: cython.Py_ssize_t
        at: cython.Py_ssize_t
        looks = self.captured.looks
        if looks is not self.looks:
            self.looks = looks
            self.spaces, self.names, self.known = looks
        now: Any
        for i in range(len(self.spaces)):
            space = self.spaces[i]
            if self.names[i] is LENGTH:
                now = len(space)
            elif self.names[i] is KEYS:
                now = (*space,)
                if equal(now, self.known[i]):
                    continue
            elif type(space) is list:
                at = self.names[i]
                entries: list[Any] = space
                now = entries[at] if at < len(entries) else None
            elif type(space) is dict:
                variables: dict[str, Any] = space
                now = variables.get(self.names[i])
            elif type(space) is FunctionType:
                now = getattr(space, self.names[i])
            elif type(space) is CellType:
                try:
                    now = space.cell_contents
                except ValueError:
                    now = None
            else:
                return bool(self.captured.same())
            if now is not self.known[i]:
                return bool(self.captured.same())
        return True

    # ------------------------------------------------------------------ results

    def result(self) -> Any:
        if self.is_hvp:
            return self.slopes()
        if self.samples and not self.reduce:
            value = self.results[0].copy()
        elif self.samples:
            total: float = self.runner.total
            if math.isnan(total):
                return None
            value = self.weight * total
            if self.is_value and self.reduce == "mean":
                value = total / self.lanes
        elif self.is_number:
            value = float(self.out[0])
        elif self.is_jvp:
            value = self.rebuild(self.results[: len(self.results) // 2, 0].tolist())
        else:
            value = self.rebuild(self.results[:, 0].tolist())
        if self.is_value:
            return value
        if not self.is_jvp:
            return value, self.slopes()
        tangents = self.results[len(self.results) // 2 :, 0].tolist()
        return value, tangents[0] if self.is_number else self.rebuild(tangents)

    def slopes(self) -> Any:
        """The gradient in the arguments, in their shapes."""
        i: cython.Py_ssize_t
        start: cython.Py_ssize_t
        gradient = []
        for i in self.places:
            form, start = self.forms[i], self.slopes_at[i]
            if self.each or self.varies[i]:
                d = self.d_x[start : start + form.size].T.copy()
                gradient.append(d.reshape(self.lanes, *form.shape))
            else:
                gradient.append(build(form, self.d_u, start))
        return gradient[0] if self.single else tuple(gradient)

    def rows(self) -> Any:
        """The Jacobian, by a reverse sweep for each output."""
        rows = []
        for k in range(len(self.seed)):
            self.seed[:] = 0.0
            self.seed[k] = 1.0
            if self.runner.run(self.parts):
                return None
            rows.append(self.slopes())
        if self.single:
            return self.rebuild(rows)
        return tuple([self.rebuild([*column]) for column in zip(*rows)])
