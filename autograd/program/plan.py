# cython: language_level=3, infer_types=True, boundscheck=False, wraparound=False
# cython: initializedcheck=False, auto_pickle=False
"""Plans: the way from arguments to results along one trace, at the cost of its program.

A `Workspace` has the buffers of one sweep of a program, which belong to one call at a time. A
`Plan` serves calls of a method whose arguments are built like an earlier call's: it knows where
each number goes and how the result is laid out. NumPy's einsum_path and FFTW call this a plan.

The *seed* of a reverse sweep is a weight for each output: the sweep gives the derivatives of
the weighted sum. Ordinary Python, which Cython also compiles.
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
from autograd.program.targets.runner import ANOTHER, NEAR, OTHER_TRACE, THIS
from autograd.program.trace.captured import KEYS, LENGTH, equal

__all__ = ["MAX_ARRAYS", "Plan", "Workspace", "dispatch", "seed_one"]

if not cython.compiled:  # else in buffers.pxd

    def _doubles(numbers: Any) -> Any:
        return numbers


FLOAT = np.dtype(float)
ARRAY: Any = np.ndarray
MAX_ARRAYS = 7  # that a runner of the kernel reads


def dispatch(plans: dict[Any, list[Plan]], key: Any, args: tuple[Any, ...]) -> Any:
    """Return the result of the first plan that fits the call; None if none does.

    Args:
        key: that of the method's plans, see `recordings.key_of`.
        args: the arguments, and after them the tangents.
    """
    plan: Plan
    candidates = plans.get(key)
    if candidates is not None:
        for plan in candidates:
            result = plan.call(args)
            if result is not None:
                return result
    return None


def seed_one(outputs: int, output: int, weight: float) -> Any:
    """Return the seed that has this weight for one output; without outputs, an empty one."""
    seed = np.zeros(outputs)
    if outputs:
        seed[output] = weight
    return seed


class Workspace:
    """The buffers of one sweep of a program.

    Attributes:
        lanes: how many a call has that the buffers are for; 0 before there are any.
        uniform: the numbers that all lanes share, beginning with the inputs; `u` is the same.
        outside: those of them that are the data of Values from outside f.
        seed: a row for each output, if derivatives are asked for; `seeds` is the same, flat,
            and `seed_width` the length of a row.
        numbers: the results.
        outputs: how many there are, with derivatives along a direction.
        after: where the tangents of the uniform inputs begin.
        reverse, forward, per_lane: which sweep it is.

    Args:
        program, request: which sweep.
        closed: Values from outside f, whose data are its last uniform inputs, but for tangents.
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
        """Make buffers for a call with so many lanes."""
        self.lanes = 0  # until all of them are made: an interrupt may come
        sweep: Any = self.sweep
        columns = sweep.lanes or lanes  # a re-rolled program has lanes of its own
        u, out, d_u, d_x = sweep.memory(columns)
        x = np.zeros((sweep.lane_inputs, columns))
        seed: Any = None
        self.seed_width = columns if sweep.seed_varies else 1
        if self.reverse:
            seed = np.zeros((self.outputs, self.seed_width))
        runner = sweep.runner(
            columns,
            u,
            (x,) if sweep.lane_inputs else (),
            seed,
            out,
            d_u if sweep.has_slopes else None,
            d_x,
            sweep.answers,
            self.threads,
        )
        self.u, self.uniform, self.seed, self.runner = _doubles(u), u, seed, runner
        self.seeds = _doubles(None if seed is None else seed.reshape(-1))
        self.outside = u[self.after - len(self.closed) : self.after]
        self.numbers = Numbers(out, d_u, d_x, columns, runner)
        self.lanes = lanes

    def read_closed(self) -> None:
        """Read the data of Values from outside f."""
        if self.closed:
            read_data(self.closed, self.outside)

    def set_seed(self, weights: Any, lanes: int) -> None:
        """Set the weight of each output in each of so many lanes."""
        is_shared = not self.per_lane and not self.sweep.seed_varies
        # An output that all lanes share has one seed, which stands for those of all lanes.
        self.seed[:] = np.reshape(weights, (-1, 1)) * (lanes if is_shared else 1)

    def run(self, u: Any, x: Any, weights: Any = None, along: Any = None) -> tuple[int, Any]:
        """Run the sweep; return its status (see `runner`), and how each lane goes.

        A lane goes ANOTHER way, THIS one, or so NEAR an edge that rounding could decide it.

        Args:
            u, x: the inputs; those of the lanes have a row each.
            weights: the seed, if derivatives are asked for.
            along: tangents of u and x, if derivatives along a direction are asked for.
        """
        lanes = x.shape[1]
        if self.lanes != lanes:
            self.resize(lanes)
        self.uniform[: len(u)] = u
        if along is not None:
            t_u, t_x = along
            self.uniform[self.after : self.after + len(u)] = t_u
            x = np.concatenate([x, t_x])
        self.read_closed()
        if weights is not None:
            self.set_seed(weights, lanes)
        guards = self.numbers.out[self.sweep.outputs :]
        guards[:] = self.sweep.answers  # for a runner that stops before it computes them
        status = self.runner.run((x,) if self.sweep.lane_inputs else ())
        taken = self.ways(guards, lanes) if status & OTHER_TRACE else np.full(lanes, THIS)
        return status, taken

    def ways(self, guards: Any, lanes: int) -> Any:
        """Return how each lane goes: ANOTHER way if a guard has another answer, NEAR if a tie.

        Ties are the guards after the recorded ones; see `near_ties`.
        """
        as_recorded = guards == self.sweep.answers
        goes_this_way = as_recorded[: self.sweep.guards].all(0)
        is_near = ~as_recorded[self.sweep.guards :].all(0)
        taken = np.full(lanes, THIS)
        taken[:] = np.where(is_near, NEAR, THIS)
        taken[~np.broadcast_to(goes_this_way, lanes)] = ANOTHER
        return taken


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

    # For each argument, and then for each tangent:
    #   forms, starts: how it is built, and where its numbers go among the uniform inputs;
    #   varies, is_float: whether it is an array of lanes, and whether it is one float.
    # tangent_rows: where the directions of the sweeps of a matrix are 1, in turn.
    # columns: the arrays of lanes of the present call.
    # seeded: the output whose seed is not 0.
    # tokens: has one entry unless a call is going on.

    def __init__(self, trace: Any, call: Any, captured: Any) -> None:
        given = call.given
        self.space = Workspace(trace.program, call.request, trace.closed, call.threads)
        _check_arrays(given, self.space, call)
        self.trace, self.captured, self.looks = trace, captured, None
        self.method, self.reduce, self.layout = call.method, call.reduce, call.layout
        self.is_matrix, self.by_columns = call.is_matrix, not self.space.reverse
        self.has_lanes = given.lanes > 0
        self.forms = [Form(structure) for structure in given.structures]
        self.starts = [given.rows[name].start for name in given.names]
        self.varies = [axis is not None for axis in given.axes]
        self.tangent_rows: list[int] = []
        if call.direction is not None:
            self.expect_tangents(call.places)
        elif self.space.forward:
            self.tangent_rows = self.rows_of_tangents(given, call.names)
        self.is_float = [form.kind is float for form in self.forms]
        self.count, self.columns = len(self.forms), ()
        self.tokens, self.used = [True], False
        self.prepare(given.lanes or 1)

    def expect_tangents(self, places: Any) -> None:
        """Let the tangents of these arguments follow all arguments."""
        after: Any = self.space.after
        for i in places:
            self.forms.append(self.forms[i])
            self.starts.append(after + self.starts[i])
            self.varies.append(False)

    def rows_of_tangents(self, given: Any, names: Any) -> list[int]:
        """Return where the tangents of these arguments are among the uniform inputs."""
        after: Any = self.space.after
        return [after + row for name in names for row in given.rows[name]]

    def prepare(self, lanes: int) -> None:
        """Make buffers for so many lanes, with the seed that all calls begin with.

        The first output has all weight. With a direction this is its derivative: the second
        half of the outputs are the derivatives of the first.
        """
        space = self.space
        space.resize(lanes)
        if not space.reverse:
            return
        self.seeded = space.outputs // 2 if space.forward else 0
        weight = 1.0 / lanes if self.reduce == "mean" else 1.0
        space.set_seed(seed_one(space.outputs, self.seeded, weight), lanes)

    def call(self, args: tuple[Any, ...]) -> Any:
        """Return the method's result; None if the call is built otherwise or goes another way.

        None also if another call goes on, whose buffers these are.
        """
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
        """Do what `call` says, while no other call uses the buffers."""
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

    # ------------------------------------------------------------------ matrices

    def matrix(self, args: tuple[Any, ...]) -> Any:
        """Return the Jacobian or the Hessian; None if the call goes another way.

        By columns and in a Hessian there is a sweep along each input, else of each output.
        """
        space, layout, rows = self.space, self.layout, list[Any]()
        is_along_inputs = len(self.tangent_rows) > 0
        size: cython.Py_ssize_t
        size = len(self.tangent_rows) if is_along_inputs else max(1, layout.size)
        for k in range(size):
            if is_along_inputs:
                self.point_along(k)
            elif size > 1:  # a single output is seeded for good
                self.seed_output(k)
            if space.runner.run(self.columns):
                return None
            rows.append(self.matrix_row(args, size > 1))
        if self.method == "hessian":
            return layout.hessian(rows)
        if self.by_columns:
            return layout.jacobian_by_columns(rows)
        return layout.jacobian_by_rows(rows)

    def matrix_row(self, args: tuple[Any, ...], more_follow: bool) -> Any:
        """Return what one sweep gives of a matrix; a copy where the next would overwrite it."""
        layout, numbers = self.layout, self.space.numbers
        if self.by_columns:
            return numbers.out[layout.size : 2 * layout.size].copy()
        row = layout.row(numbers, self.space.outputs, args)
        if layout.per_lane and more_follow:
            return [part.copy() for part in row]
        return row

    def point_along(self, k: cython.Py_ssize_t) -> None:
        """Let the direction of the next sweep be along the k-th input."""
        i: cython.Py_ssize_t
        row: cython.Py_ssize_t
        for i in range(len(self.tangent_rows)):
            row = self.tangent_rows[i]
            self.space.u[row] = 1.0 if i == k else 0.0

    def seed_output(self, k: cython.Py_ssize_t) -> None:
        """Let the next sweep differentiate the k-th output."""
        lane: cython.Py_ssize_t
        space = self.space
        width: cython.Py_ssize_t = space.seed_width
        for lane in range(width):
            space.seeds[self.seeded * width + lane] = 0.0
            space.seeds[k * width + lane] = 1.0
        self.seeded = k

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
        """Let lanes be read where they lie in arrays of numbers; false if they don't."""
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
            if x.dtype is not FLOAT:
                x = x.astype(FLOAT)
            columns.append(x.reshape(lanes, -1).T)
        if lanes != self.space.lanes:
            self.prepare(lanes)
        self.columns = tuple(columns)
        return True

    def is_current(self) -> bool:
        """Whether each look-up of what f captures finds what it did when this was recorded."""
        i: cython.Py_ssize_t
        looks = self.captured.looks
        if looks is not self.looks:
            self.looks = looks
            self.spaces, self.names, self.objects = looks
        for i in range(len(self.spaces)):
            if not self.is_same(self.spaces[i], self.names[i], self.objects[i]):
                return bool(self.captured.same())  # it may be an equal object
        return True

    def is_same(self, space: Any, name: Any, expected: Any) -> bool:
        """Whether a captured variable is the very same object; false if that isn't sure.

        Args:
            space: a namespace, a closure's cell or a container.
            name: of the variable there, or its place.
        """
        at: cython.Py_ssize_t
        if name is LENGTH:
            return bool(len(space) == expected)
        if name is KEYS:
            return bool(equal((*space,), expected))
        if type(space) is list:
            entries: list[Any] = space
            at = name
            return (entries[at] if at < len(entries) else None) is expected
        if type(space) is dict:
            variables: dict[str, Any] = space
            return variables.get(name) is expected
        if type(space) is FunctionType:
            return getattr(space, name) is expected
        if type(space) is not CellType:
            return False
        try:
            return space.cell_contents is expected
        except ValueError:  # it is empty
            return expected is None


def _check_arrays(given: Any, space: Workspace, call: Any) -> None:
    """Check that the kernel can read lanes where they lie, and gives what is asked for.

    Raises:
        NotImplementedError: it can't.
    """
    arrays = [x for x, axis in zip(given.args, given.in_axes) if axis is not None]
    if space.sweep.has_lanes != (given.lanes > 0):
        raise NotImplementedError("all lanes have the same outputs")
    if any(type(x) is not ARRAY for x in arrays):
        raise NotImplementedError("samples lie in lists")
    if any(axis not in (None, 0) for axis in given.in_axes):
        raise NotImplementedError("samples lie along another axis")
    if len(arrays) > MAX_ARRAYS:
        raise NotImplementedError("a runner takes fewer arrays")
    if arrays and space.forward:
        raise NotImplementedError("tangents differ from lane to lane")
    if arrays and call.is_matrix and not space.per_lane:
        raise NotImplementedError("seeds differ from lane to lane")
