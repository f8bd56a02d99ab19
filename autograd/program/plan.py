# cython: language_level=3, infer_types=True, boundscheck=False, wraparound=False
# cython: initializedcheck=False, auto_pickle=False
"""Plans: the way from arguments to results along one trace, at the cost of its program.

A `Workspace` has the buffers of one sweep of a program, which belong to one call at a time. A
`Plan` serves calls of a method whose arguments are built like an earlier call's: it knows where
each number goes and how the result is laid out. NumPy's einsum_path and FFTW call this a plan.
Ordinary Python, which Cython also compiles.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from types import CellType, FunctionType
from typing import Any

if sys.platform == "cython":
    import cython
else:
    from autograd.core import cython

from autograd.core.float_sweeps import read_data
from autograd.program.form import Form
from autograd.program.ir.arrays import np
from autograd.program.program import VALUES
from autograd.program.results import Numbers
from autograd.program.targets.runner import NEAR, OTHER_TRACE, THIS
from autograd.program.trace.captured import KEYS, LENGTH, equal

__all__ = ["MAX_ARRAYS", "Plan", "Workspace", "dispatch"]

if not cython.compiled:  # else in buffers.pxd

    def _doubles(numbers: Any) -> Any:
        return numbers


FLOAT = np.dtype(float)
ARRAY: Any = np.ndarray
MAX_ARRAYS = 7  # that a runner of the kernel reads


def dispatch(plans: dict[Any, list[Plan]], key: Any, args: tuple[Any, ...]) -> Any:
    """The result of the first plan that fits the call; None if none does.

    Args:
        key: of the method and what it differentiates in.
    """
    plan: Plan
    candidates = plans.get(key)
    if candidates is not None:
        for plan in candidates:
            result = plan.call(args)
            if result is not None:
                return result
    return None


class Workspace:
    """The buffers of one sweep of a program.

    Attributes:
        lanes: how many the buffers are for; 0 before there are any.
        uniform: the numbers that all lanes share, beginning with the inputs.
        outside: those of them that are the data of Values from outside.
        seed: the weight of each output, if derivatives are asked for.
        numbers: the results.
        outputs: how many there are, with derivatives along a direction.
        after: where the tangents of the uniform inputs begin.
        reverse, forward, per_lane: which sweep it is.

    Args:
        program, request: which sweep.
        closed: Values whose data are its last uniform inputs, but for tangents.
        threads: how many share the lanes.

    Raises:
        NotImplementedError: an operation's rule is not generic.
    """

    def __init__(
        self,
        program: Any,
        request: Any = VALUES,
        closed: Sequence[Any] = (),
        threads: int = 1,
    ) -> None:
        self.sweep = sweep = program.sweep(request)
        self.closed, self.threads, self.lanes = [*closed], threads, 0
        self.reverse, self.forward = request.wrt is not None, request.along is not None
        self.per_lane = request.wrt is not None and request.per_lane
        self.after = sweep.inputs // 2 if self.forward else sweep.inputs
        self.outputs = len(program.tape.outputs) * (2 if self.forward else 1)

    def resize(self, lanes: int) -> None:
        """Make buffers for so many lanes."""
        sweep: Any = self.sweep
        u, out, d_u, d_x = sweep.memory(lanes)
        x = np.zeros((sweep.lane_inputs, lanes))
        seed: Any = None
        if self.reverse:
            seed = np.zeros((self.outputs, lanes if sweep.seed_varies else 1))
        runner = sweep.runner(
            lanes,
            u,
            (x,) if sweep.lane_inputs else (),
            seed,
            out,
            d_u if sweep.has_slopes else None,
            d_x,
            sweep.answers,
            self.threads,
        )
        self.lanes = 0  # until all of it is made: an interrupt may come
        self.u, self.uniform, self.seed, self.runner = _doubles(u), u, seed, runner
        self.outside = u[self.after - len(self.closed) : self.after]
        self.numbers = Numbers(out, d_u, d_x, lanes, runner)
        self.lanes = lanes

    def read_closed(self) -> None:
        """Read the data of Values from outside."""
        if self.closed:
            read_data(self.closed, self.outside)

    def weigh(self, weights: Any, lanes: int) -> None:
        """Set the weight of each output; the derivatives are those of the weighted sum."""
        shares_seed = not self.per_lane and not self.sweep.seed_varies
        self.seed[:] = np.reshape(weights, (-1, 1)) * (lanes if shares_seed else 1)

    def run(self, u: Any, x: Any, weights: Any = None, along: Any = None) -> tuple[int, Any]:
        """Run the sweep; its status (see `runner`), and how each lane goes.

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
        self.read_closed()
        if weights is not None:
            self.weigh(weights, lanes)
        guards = self.numbers.out[sweep.outputs :]
        guards[:] = sweep.answers  # where nothing is computed
        status = self.runner.run((x,) if sweep.lane_inputs else ())
        taken = np.full(lanes, THIS)
        if status & OTHER_TRACE:
            as_recorded = guards == sweep.answers
            is_sure = as_recorded[sweep.guards :].all(0)
            taken[:] = np.where(is_sure, THIS, NEAR) * as_recorded[: sweep.guards].all(0)
        return status, taken


class Plan:
    """Serves calls of a method that are built like an earlier one, if they go by one trace.

    It keeps no array of its caller.

    Attributes:
        used: whether a call has gone by it since this was last set to False.

    Args:
        trace: the `Trace` that they go by.
        call: the earlier `Call`.
        captured: what f captures, which has to be as it was.

    Raises:
        NotImplementedError: such calls have to be computed by a `Call`.
    """

    def __init__(self, trace: Any, call: Any, captured: Any) -> None:
        given, request = call.given, call.request
        self.space = Workspace(trace.program, request, trace.closed, call.threads)
        self.trace, self.captured, self.looks = trace, captured, None
        self.varies = [axis is not None for axis in given.axes]
        self.has_lanes = given.lanes > 0
        _check_arrays(given, self.space, call)
        self.method, self.reduce, self.layout = call.method, call.reduce, call.layout
        self.is_matrix, self.by_columns = call.is_matrix, not self.space.reverse
        self.forms = [Form(structure) for structure in given.structures]
        self.starts = [given.rows[name].start for name in given.names]
        self.tangent_rows: list[int] = []
        places, after = call.places, self.space.after
        if call.tangents:  # which follow the arguments
            self.forms += [self.forms[i] for i in places]
            self.starts += [after + self.starts[i] for i in places]
            self.varies += [False] * len(places)
        elif self.space.forward:
            rows = [given.rows[given.names[i]] for i in places]
            self.tangent_rows = [after + row for part in rows for row in part]
        self.is_float = [form.kind is float for form in self.forms]
        self.count, self.columns = len(self.varies), ()
        self.tokens, self.used = [True], False
        self.prepare(given.lanes or self.space.sweep.lanes or 1)

    def prepare(self, lanes: int) -> None:
        """Make buffers for so many lanes, with the weights of all calls."""
        space = self.space
        space.resize(lanes)
        if space.reverse:
            weights = np.zeros(space.outputs)
            first = space.outputs // 2 if space.forward else 0
            weights[first:][:1] = 1.0 / lanes if self.averages() else 1.0
            space.weigh(weights, lanes if self.has_lanes else 1)

    def averages(self) -> bool:
        return bool(self.has_lanes and self.reduce == "mean")

    def call(self, args: tuple[Any, ...]) -> Any:
        """The method's result; None if the call is built otherwise or goes another way."""
        try:
            self.tokens.pop()  # two threads can't pop the same one
        except IndexError:
            return None
        try:
            return self.compute(args)
        finally:
            self.columns = ()
            self.tokens.append(True)

    def compute(self, args: tuple[Any, ...]) -> Any:
        space = self.space
        if not (self.fits(args) and self.is_current()):
            return None
        self.used = True
        space.read_closed()
        if self.is_matrix:
            return self.matrix(args)
        if space.runner.run(self.columns):
            return None
        return self.layout.result(self.method, space.numbers, args)

    def matrix(self, args: tuple[Any, ...]) -> Any:
        """The Jacobian by a sweep for each output or input, or the Hessian for each input."""
        space, layout, rows = self.space, self.layout, list[Any]()
        size: cython.Py_ssize_t = len(self.tangent_rows) or max(1, layout.size)
        for k in range(size):
            if size > 1 or self.tangent_rows:  # else it is chosen for good
                self.choose(k)
            if space.runner.run(self.columns):
                return None
            if self.by_columns:
                row = space.numbers.out[layout.size : 2 * layout.size].copy()
            else:
                row = layout.row(space.numbers, space.outputs, args)
                if layout.per_lane and size > 1:  # the next sweep writes where this one did
                    row = [part.copy() for part in row]
            rows.append(row)
        if self.method == "hessian":
            return layout.hessian(rows)
        if self.by_columns:
            return layout.jacobian_by_columns(rows)
        return layout.jacobian_by_rows(rows)

    def choose(self, k: cython.Py_ssize_t) -> None:
        """Let a sweep be along input k, or that of output k."""
        i: cython.Py_ssize_t
        row: cython.Py_ssize_t
        space = self.space
        if not self.tangent_rows:
            space.seed[:] = 0.0
            space.seed[k : k + 1] = 1.0
            return
        for i in range(len(self.tangent_rows)):
            row = self.tangent_rows[i]
            space.u[row] = 1.0 if i == k else 0.0

    # ------------------------------------------------------------------ does it fit?

    def fits(self, args: tuple[Any, ...]) -> bool:
        """Put the arguments' numbers into the buffers; false if they are built otherwise."""
        i: cython.Py_ssize_t
        start: cython.Py_ssize_t
        form: Form
        if len(args) != self.count:
            return False
        if self.has_lanes and not self.bind_lanes(args):
            return False
        space = self.space
        for i in range(self.count):
            if self.varies[i]:
                continue
            x, start = args[i], self.starts[i]
            if type(x) is float and self.is_float[i]:
                space.u[start] = x
                continue
            form = self.forms[i]
            if form.take(x, space.u, start) < 0:
                return False
        return True

    def bind_lanes(self, args: tuple[Any, ...]) -> bool:
        """Let lanes be read where they lie in arrays of floats; false if they don't."""
        lanes, columns = 0, []
        form: Form
        for form, varies, x in zip(self.forms, self.varies, args):
            if not varies:
                continue
            if type(x) is not ARRAY or x.dtype.kind not in "fiu" or not x.flags.aligned:
                return False
            if x.shape[1:] != form.shape or len(x) != (lanes or len(x)):
                return False
            lanes = len(x)
            if lanes == 0:
                return False
            x = x if x.dtype is FLOAT else x.astype(FLOAT)
            columns.append(x.reshape(lanes, -1).T)
        if lanes != self.space.lanes:
            self.prepare(lanes)
        self.columns = tuple(columns)
        return True

    def is_current(self) -> bool:
        """Whether what f captures is what it was: nearly always, the very same objects."""
        i: cython.Py_ssize_t
        looks = self.captured.looks
        if looks is not self.looks:
            self.looks = looks
            self.spaces, self.names, self.known = looks
        for i in range(len(self.spaces)):
            if not self.is_same(self.spaces[i], self.names[i], self.known[i]):
                return bool(self.captured.same())
        return True

    def is_same(self, space: Any, name: Any, known: Any) -> bool:
        """Whether a captured variable is the very same object; false if that isn't sure.

        Args:
            space: a namespace, a closure's cell or a container.
            name: of the variable there, or its place.
        """
        at: cython.Py_ssize_t
        if name is LENGTH:
            return bool(len(space) == known)
        if name is KEYS:
            return bool(equal((*space,), known))
        if type(space) is list:
            entries: list[Any] = space
            at = name
            return (entries[at] if at < len(entries) else None) is known
        if type(space) is dict:
            variables: dict[str, Any] = space
            return variables.get(name) is known
        if type(space) is FunctionType:
            return getattr(space, name) is known
        if type(space) is not CellType:
            return False
        try:
            return space.cell_contents is known
        except ValueError:  # it is empty
            return known is None


def _check_arrays(given: Any, space: Workspace, call: Any) -> None:
    """Check that the kernel can read lanes where they lie, and gives what is asked for.

    Raises:
        NotImplementedError: it can't.
    """
    lanes = [x for x, axis in zip(given.args, given.given) if axis is not None]
    if space.sweep.has_lanes != (given.lanes > 0):
        raise NotImplementedError("all lanes have the same outputs")
    if any(type(x) is not ARRAY for x in lanes) or any(given.given):
        raise NotImplementedError("samples lie in lists, or along another axis")
    if len(lanes) > MAX_ARRAYS:
        raise NotImplementedError("a runner takes fewer arrays")
    if lanes and (space.forward or (call.is_matrix and not space.per_lane)):
        raise NotImplementedError("tangents and seeds differ from lane to lane")
