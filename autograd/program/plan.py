# cython: language_level=3, infer_types=True, boundscheck=False, wraparound=False
# cython: initializedcheck=False, auto_pickle=False
"""Plans: the way from arguments to results, along one trace.

A plan runs one sweep on buffers of its own: on some of the lanes of a call (`run`); or for a
call like an earlier one, at the cost of its program (`called`). Then it holds what does not
change: where each number goes, and how the result is built. Numbers go from trees into buffers
and back by their forms. Ordinary Python, which Cython also compiles, as the core.
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
from autograd.program.program import VALUES
from autograd.program.targets.runner import NEAR, OTHER_TRACE, THIS
from autograd.program.trace.captured import KEYS, LENGTH, equal
from autograd.transforms import nested
from autograd.trees import NUMBER, Structure

__all__ = ["MOST", "Form", "Plan", "planned"]

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


class Form:
    """How a tree is built: its `Structure` in fields of C.

    Args:
        structure: of `autograd.trees`.
    """

    def __init__(self, structure: Any) -> None:
        self.structure, self.kind, self.shape = structure, structure.kind, structure.shape
        self.parts = [Form(part) for part in structure.parts]
        self.size, self.nested = structure.size, len(self.parts) > 0
        self.names = structure.key[3] if self.kind is dict else None

    def fill(self, x: Any, numbers: Any, at: cython.Py_ssize_t = 0) -> int:
        """Put the numbers of a tree into an array of doubles; -1 if it is built otherwise."""
        return self.take(x, _doubles(numbers), at)

    def built(self, numbers: Any, at: cython.Py_ssize_t = 0) -> Any:
        """Build a tree of an array of doubles."""
        return self.build(_doubles(numbers), at)

    def take(self, x: Any, to: cython.p_double, at: cython.Py_ssize_t) -> int:
        """Put the numbers of a tree there; where they end, or -1 if it is built otherwise."""
        i: cython.Py_ssize_t
        part: Form
        kind, nested = self.kind, self.nested
        if kind is list and type(x) is list:
            given: list[Any] = x
        elif kind is float:
            given = [x]
        elif kind is ARRAY and type(x) is ARRAY and x.dtype.kind in "fiub":
            return self.take_array(x, to, at)
        elif kind is tuple and type(x) is tuple:
            given = [*x]
        elif kind is dict and type(x) is dict and (*x,) == self.names:
            given = [*x.values()]
        else:
            given, nested = self.structure.leaves(x), False
            if given is None:
                return -1
        size: cython.Py_ssize_t = len(self.parts) if nested else self.size
        for i in range(size):
            if len(given) != size:  # even now
                return -1
            y = given[i]
            if nested:
                part = self.parts[i]
                at = part.take(y, to, at)
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

    def take_array(self, x: Any, to: cython.p_double, at: cython.Py_ssize_t) -> int:
        size: cython.Py_ssize_t = self.size
        if x.shape != self.shape:
            return -1
        if not cython.compiled:
            to[at : at + size] = x.ravel()
        elif not _copied(x, to, at, size):
            _copied(np.ascontiguousarray(x, float), to, at, size)
        return at + size

    def build(self, numbers: cython.p_double, at: cython.Py_ssize_t) -> Any:
        """Build a tree of the numbers from there on."""
        i: cython.Py_ssize_t
        part: Form
        kind = self.kind
        if kind is float:
            return float(numbers[at])
        if kind is ARRAY and not self.nested:
            array = np.empty(self.shape)
            if cython.compiled:
                _put(array, numbers, at, self.size)
            else:
                array.reshape(-1)[:] = numbers[at : at + self.size]
            return array
        size: cython.Py_ssize_t = len(self.parts) if self.nested else self.size
        each: list[Any] = [None] * size
        for i in range(size):
            if self.nested:
                part = self.parts[i]
                each[i] = part.build(numbers, at)
                at += part.size
            else:
                each[i] = float(numbers[at + i])
        return each if kind is list else self.structure.make(each)


# ---------------------------------------------------------------- plans


class Plan:
    """A sweep of a program on buffers of its own, which belong to one call at a time.

    Attributes:
        lanes: how many the buffers are for; 0 before there are any.
        uniform: the numbers that all lanes share, beginning with the inputs.
        outside: those of them that are the data of Values from outside.
        seed: the weight of each output, if derivatives are asked for.
        results: the outputs, a row each.
        slopes: derivatives in the uniform inputs.
        used: whether a call has gone by it since this was last set to False.

    Args:
        program, request: which sweep.
        closed: Values whose data are its last uniform inputs, but for tangents.
        threads: how many share the lanes.

    Raises:
        NotImplementedError: an operation's rule is not generic.
    """

    def __init__(
        self, program: Any, request: Any = VALUES, closed: Any = (), threads: int = 1
    ) -> None:
        self.sweep = sweep = program.sweep(request)
        self.closed, self.threads, self.lanes = [*closed], threads, 0
        self.wrt, self.each = request.wrt, request.wrt is not None and request.per_lane
        self.along = request.along is not None
        self.after = sweep.inputs // 2 if self.along else sweep.inputs
        self.outputs = program.tape.outputs * (2 if self.along else 1)
        end, self.at = self.outputs, dict[str, Any]()  # those of each lane follow the outputs
        for name, varies, rows in sweep.places:
            if name in (self.wrt or ()):
                self.at[name] = varies, end if self.each else rows.start, len(rows)
                end += len(rows)
        self.free, self.used = [True], False

    def resize(self, lanes: int) -> None:
        """Make buffers for so many lanes; whoever has set what they begin with sets `lanes`.

        An interrupt or a lack of memory may come before.
        """
        sweep: Any = self.sweep
        u, out, d_u, d_x = sweep.memory(lanes)
        x = np.zeros((sweep.lane_inputs, lanes))
        seed: Any = None
        if self.wrt is not None:
            seed = np.zeros((self.outputs, lanes if sweep.seed_varies else 1))
        slopes = d_u if sweep.has_slopes else None
        parts = (x,) if sweep.lane_inputs else ()
        buffers = seed, out, slopes, d_x, sweep.answers
        runner = sweep.runner(lanes, u, parts, *buffers, self.threads)
        self.lanes = 0
        self.u, self.d_u, self.out = _doubles(u), _doubles(d_u), _doubles(out.reshape(-1))
        self.uniform, self.slopes, self.every = u, d_u, out
        self.outside = u[self.after - len(self.closed) : self.after]
        self.seed, self.results, self.parts = seed, out[: sweep.outputs], parts
        self.runner, self.d_x = runner, d_x

    def run(
        self, u: Any, x: Any, weights: Any = None, along: Any = None
    ) -> tuple[int, Any, dict[str, Any]]:
        """The status (see `runner`); how each lane goes; outputs and derivatives by names.

        A lane goes ANOTHER way, THIS one, or so NEAR an edge that rounding could decide it.

        Args:
            u, x: the inputs; those of the lanes have a row each.
            weights: of each output, of whose sum derivatives are taken.
            along: tangents of u and x.
        """
        sweep: Any = self.sweep
        lanes, count = x.shape[1], len(u)
        if self.lanes != lanes:
            self.resize(sweep.lanes or lanes)
            self.lanes = lanes
        self.uniform[:count] = u
        if along is not None:
            self.uniform[self.after : self.after + count] = along[0]
            x = np.concatenate([x, along[1]])
        if self.closed:
            read_data(self.closed, self.outside)
        if weights is not None:
            self.weigh(weights, lanes)
        out = self.every
        out[sweep.outputs :] = sweep.answers  # where nothing is computed
        status = self.runner.run((x,) if sweep.lane_inputs else ())
        taken = np.full(lanes, THIS)
        if status & OTHER_TRACE:
            as_recorded = out[sweep.outputs :] == sweep.answers
            sure = as_recorded[sweep.guards :].all(0)
            taken[:] = np.where(sure, THIS, NEAR) * as_recorded[: sweep.guards].all(0)
        blocks = {"out": out[: self.outputs].copy()}
        for name in self.wrt or ():
            blocks[name] = self.derivative(name).copy()
        return status, taken, blocks

    def weigh(self, weights: Any, lanes: int) -> None:
        """Set the weight of each output; the derivatives are those of the weighted sum."""
        shared = not self.each and not self.sweep.seed_varies
        self.seed[:] = np.reshape(weights, (-1, 1)) * (lanes if shared else 1)

    def derivative(self, name: str) -> Any:
        """The derivatives in an input, a row for each number of it."""
        varies, start, size = self.at.get(name, (False, 0, 0))
        if self.each:
            return self.every[start : start + size]
        if varies:
            return self.d_x[start : start + size]
        return self.slopes[start : start + size, None]

    # ------------------------------------------------------------------ calls like an earlier

    def serve(self, trace: Any, call: Any, method: str, captured: Any) -> None:
        """Let calls of a method that are built like this one go this way.

        Raises:
            NotImplementedError: such calls always go the long way.
        """
        sweep: Any = self.sweep
        given = call.given
        self.trace, self.captured, self.looks = trace, captured, None
        self.varies = [axis is not None for axis in given.axes]
        self.samples = given.lanes > 0
        arrays = [type(x) is ARRAY for x, v in zip(given.args, self.varies) if v]
        self.is_number = trace.form is NUMBER
        parted = sweep.has_lanes != self.samples
        several = not self.is_number or method not in ("value", "value_and_grad")
        long = self.samples and (self.along or (several and not self.each))
        if any(given.given) or parted or long or not all(arrays) or len(arrays) > MOST:
            raise NotImplementedError
        self.is_value, self.is_jvp = method == "value", method == "jvp"
        self.is_hvp, self.is_hessian = method == "hvp", method == "hessian"
        self.by_rows = method in ("jacobian", "hessian")
        self.single = call.single
        self.forms = [Form(structure) for structure in given.structures]
        self.starts = [given.rows[name].start for name in given.names]
        self.rebuild, self.reduce = trace.rebuild, trace.reduce
        self.places, self.inputs = [*call.places], given.names
        chosen = [given.structures[i] for i in self.places]
        whole = chosen[0] if self.single and chosen else Structure(tuple, (), tuple, chosen)
        self.chosen, self.units = Form(whole), []
        self.outer = whole.rebuild if self.is_hessian else trace.rebuild
        if call.along:  # these follow the inputs
            self.forms += [self.forms[i] for i in self.places]
            self.starts += [self.after + self.starts[i] for i in self.places]
            self.varies += [False] * len(self.places)
        elif self.is_hessian or (self.by_rows and self.wrt is None):
            rows = [row for i in self.places for row in given.rows[given.names[i]]]
            self.units = [self.after + row for row in rows]
        self.slopes_at = [self.at.get(name, (False, 0, 0))[1] for name in self.inputs]
        if self.each:
            for structure in (*given.structures, trace.form):
                if structure.parts or structure.size != math.prod(structure.shape):
                    raise NotImplementedError
            self.shape = trace.form.shape
            self.outer = trace.rebuild if self.is_number else self.stacked
        self.plain, self.count = [form.kind is float for form in self.forms], len(self.varies)
        self.prepare(given.lanes or sweep.lanes or 1)

    def prepare(self, lanes: int) -> None:
        """Make buffers for so many lanes, with the weights of all calls."""
        self.resize(lanes)
        self.weight = 1.0 / lanes if self.samples and self.reduce == "mean" else 1.0
        if self.wrt is not None:
            weights = np.zeros(self.outputs)
            weights[self.outputs // 2 if self.along else 0 :][:1] = self.weight
            self.weigh(weights, lanes if self.samples else 1)
        self.lanes = lanes

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
                if self.by_rows:
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
        form: Form
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
                continue
            form = self.forms[i]
            if form.take(x, self.u, at) < 0:
                return False
        return True

    def take_samples(self, args: tuple[Any, ...]) -> bool:
        """Let samples be read where they lie, if they are floats of 64 bits."""
        lanes, parts = 0, []
        form: Form
        for form, varies, x in zip(self.forms, self.varies, args):
            if varies:
                if type(x) is not ARRAY or x.dtype.kind not in "fiu" or not x.flags.aligned:
                    return False
                if x.shape[1:] != form.shape or len(x) != (lanes or len(x)):
                    return False
                lanes = len(x)
                x = x if x.dtype is FLOAT else x.astype(FLOAT)
                parts.append(x.reshape(lanes, -1).T if lanes else x)
        if lanes == 0:
            return False
        if lanes != self.lanes:
            self.prepare(lanes)
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
            return self.gradient()
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
        else:
            value = self.rebuild(self.numbers())
        if self.is_value:
            return value
        if not self.is_jvp:
            return value, self.gradient()
        moves = self.numbers(self.outputs // 2)
        return value, moves[0] if self.is_number else self.rebuild(moves)

    def numbers(self, first: cython.Py_ssize_t = 0) -> Any:
        """The outputs, or from the first of them on their derivatives along the tangents."""
        count: cython.Py_ssize_t = self.outputs // 2 if self.along else self.outputs
        return [float(self.out[i]) for i in range(first, first + count)]

    def gradient(self) -> Any:
        """The gradient in the arguments, in their shapes."""
        i: cython.Py_ssize_t
        start: cython.Py_ssize_t
        form: Form
        gradient = []
        for i in self.places:
            form, start = self.forms[i], self.slopes_at[i]
            if self.each or self.varies[i]:
                d = self.derivative(self.inputs[i]).T.copy()
                gradient.append(d.reshape(self.lanes, *form.shape))
            else:
                gradient.append(form.build(self.d_u, start))
        return gradient[0] if self.single else tuple(gradient)

    def rows(self) -> Any:
        """The Jacobian by a sweep for each output or input, or the Hessian for each input."""
        i: cython.Py_ssize_t
        rows: list[Any] = []
        for k in range(len(self.units) or self.outputs):
            for j, i in enumerate(self.units):
                self.u[i] = 1.0 if j == k else 0.0
            if not self.units:
                self.seed[:] = 0.0
                self.seed[k] = 1.0
            if self.runner.run(self.parts):
                return None
            rows.append(
                self.gradient() if self.wrt is not None else self.numbers(self.outputs // 2)
            )
        if self.wrt is None:  # a column for each input
            rows = [self.chosen.built(row) for row in np.array(rows).T.copy()]
        blocks = nested(rows, self.outer, None if self.single else len(self.places))
        return tuple(zip(*blocks)) if self.is_hessian and not self.single else blocks

    def stacked(self, rows: Any) -> Any:
        """The rows of each lane, as an array."""
        array = np.stack(rows, 1)
        return array.reshape(self.lanes, *self.shape, *array.shape[2:])
