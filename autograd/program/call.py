"""Calls: what a method of a compiled function computes where no plan fits.

The arguments are taken apart, and a method asks for sweeps. In each sweep the lanes are parted
by trace; f itself computes those that go by no program. The results are laid out as a plan
lays them out.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from copy import copy
from math import isnan
from typing import TYPE_CHECKING, Any

from autograd import transforms
from autograd.core.blocks import recording
from autograd.core.operand import primal
from autograd.core.value import Value
from autograd.program.arguments import Arguments
from autograd.program.check import compare
from autograd.program.fallback import by_function
from autograd.program.ir.arrays import Array, np
from autograd.program.program import VALUES, Request
from autograd.program.results import Layout, Numbers, parting
from autograd.program.spot_check import moving
from autograd.program.targets.runner import added_up
from autograd.program.trace.record import called
from autograd.trees import NUMBER, Structure, flatten, flatten_like, structure, without_axes

if TYPE_CHECKING:
    from autograd.program.compile import Compiled

__all__ = ["Call", "LaneSweep"]

MATRICES = ("jacobian", "hessian")
OF_A_NUMBER = ("value_and_grad", "hvp", "hessian")  # f gives a single number
ONE_RESULT = ("value_and_grad", "hvp")  # lanes have to be reduced


class Call:
    """One call of a method of a compiled function.

    Attributes:
        request: that of its sweeps, by which calls like this one may go by a plan.
        layout: of its results, once f's result is known.
        has_recorded: whether it has recorded something.
        checked: the sweep that a check compares.
    """

    layout: Layout
    checked: LaneSweep | None = None

    def __init__(
        self,
        compiled: Compiled,
        method: str,
        args: Sequence[Any],
        argnums: Any = 0,
        tangents: Sequence[Any] = (),
    ) -> None:
        self.compiled, self.method, self.argnums = compiled, method, argnums
        self.tangents, self.reduce, self.threads = tangents, compiled.reduce, compiled.threads
        self.given = given = Arguments(args, compiled.in_axes, compiled.parameters)
        differentiates = method != "value" and len(args) > 0
        self.places = transforms.places_of(argnums, len(args)) if differentiates else ()
        self.single = transforms.is_single(argnums)
        self.is_matrix = method in MATRICES
        self.per_lane = given.lanes > 0 and self.reduce is None
        self.weight = 1.0 / (given.lanes or 1) if self.reduce == "mean" else 1.0
        self.names = tuple([given.names[i] for i in self.places])
        self.request, self.has_recorded, self.sweeps = VALUES, False, 0
        self.along = self.direction() if tangents else None

    def direction(self) -> tuple[Array, Array]:
        """The tangents as numbers, u and x in the shape of the arguments'."""
        args, moved = self.given.args, [*self.given.args]
        for k, i in enumerate(self.places):
            numbers = flatten_like(self.tangents[k], args[i], f"the tangents[{k}]")
            moved[i] = flatten(args[i], "")[1](numbers)  # entries in the argument's order
        tangents = Arguments(moved, self.compiled.in_axes, self.compiled.parameters)
        return tangents.u, tangents.x

    def result(self) -> Any:
        """The method's result.

        Raises:
            TypeError: the method is for a single number, and f gives several, or lanes do.
        """
        if self.per_lane and self.method in ONE_RESULT:
            name = "the gradient" if self.method == "value_and_grad" else self.method
            raise TypeError(
                f'{name}: there is a value for each sample; compile with reduce="mean" '
                'or "sum", or use jacobian'
            )
        if self.method == "jacobian":
            return self.jacobian()
        if self.method == "hessian":
            return self.hessian()
        differentiates = self.method in OF_A_NUMBER
        self.request = Request(
            self.names if differentiates else None,
            None if self.along is None else self.names,
        )
        sweep = self.sweep(0 if differentiates else None, self.along)
        return self.layout.result(self.method, sweep.numbers, self.given.args)

    # ------------------------------------------------------------------ sweeps

    def sweep(
        self, output: int | None = None, along: tuple[Array, Array] | None = None
    ) -> LaneSweep:
        """Make a sweep over all lanes.

        Args:
            output: of which the gradient is taken.
            along: a direction.
        """
        sweep = LaneSweep(self, output, along)
        self.has_recorded |= self.compiled._fill(sweep)
        self.sweeps += 1
        if self.sweeps == 1:
            self.layout = self.layout_of(sweep.form)
        if self.method in OF_A_NUMBER and sweep.form is not NUMBER:
            raise TypeError("the gradient: f returns a single number; use jacobian for several")
        if (self.compiled._schedule.turn + 1) % self.sweeps == 0 or self.sweeps == 1:
            self.checked = sweep  # each sweep has its turn
        return sweep

    def layout_of(self, form: Structure) -> Layout:
        per_lane = self.per_lane and self.is_matrix
        return Layout(self.given, self.places, self.single, form, self.reduce, per_lane)

    def jacobian(self) -> Any:
        """The Jacobian, by as few sweeps as there are outputs or inputs."""
        if self.prefers_forward():
            self.request = Request(None, self.names)
            sweeps = [self.sweep(None, along) for along in self.directions()]
            size = self.layout.size
            columns = [sweep.numbers.out[size : 2 * size] for sweep in sweeps]
            return self.layout.jacobian_by_columns(columns)
        self.request = Request(self.names, None, self.per_lane)
        sweeps = [self.sweep(0)]
        sweeps += [self.sweep(k) for k in range(1, self.layout.size)]
        return self.layout.jacobian_by_rows([sweep.row(self.layout) for sweep in sweeps])

    def prefers_forward(self) -> bool:
        """Whether there are fewer inputs than outputs, and none of lanes."""
        inputs = sum([self.given.structures[i].size for i in self.places])
        if not inputs or any(self.given.axes[i] is not None for i in self.places):
            return False
        self.request = VALUES
        return self.sweep().form.size > inputs

    def hessian(self) -> Any:
        """The Hessian, by a sweep forward and back for each input."""
        if self.reduce is not None and any(self.given.axes[i] is not None for i in self.places):
            raise TypeError(
                "the Hessian: with reduce, an argument that has samples would give one for "
                "each two of them; compile without reduce for the Hessian of each sample"
            )
        if not any(self.given.structures[i].size for i in self.places):
            return by_function(self.compiled, "hessian", self.given.args, self.argnums, ())
        self.request = Request(self.names, self.names, self.per_lane)
        sweeps = [self.sweep(0, along) for along in self.directions()]
        return self.layout.hessian([sweep.row(self.layout) for sweep in sweeps])

    def directions(self) -> Iterator[tuple[Array, Array]]:
        """A direction along each number of the arguments to differentiate in."""
        given = self.given
        for i in self.places:
            for row in given.rows[given.names[i]]:
                t_u, t_x = np.zeros(len(given.u)), np.zeros(given.x.shape)
                side = t_u if given.axes[i] is None else t_x
                side[row] = 1.0
                yield t_u, t_x

    # ------------------------------------------------------------------ spot checks

    def check(self, turn: int) -> None:
        """Compare a sample of each trace, and one that moves, with f itself.

        Raises:
            ValueError: f gives something else.
        """
        sweep, compiled, given = self.checked, self.compiled, self.given
        if sweep is None:  # another compiled function has checked it
            return
        recordings = compiled._recordings
        lanes = [int(part[turn % len(part)]) for part in sweep.parts.values()]
        for lane in dict.fromkeys([*lanes, moving(turn, given.lanes or 1)]):
            single = sweep
            if given.lanes > 1:
                single = sweep.of_lane(lane)
                compiled._fill(single)
            why = None if single.asked_function else single.difference()
            if why and compiled._recordings is recordings and recordings.captured.same():
                compiled._forget("a spot check found something else")
                where = f" in sample {lane}" if given.lanes else ""
                raise ValueError(
                    f"compile: compiled {called(compiled.f)} gives{where} {why}. It depends on "
                    "something besides its arguments that changes: make that an argument, or a "
                    "Value (verify=False turns this check off)"
                )


class LaneSweep:
    """One sweep over all lanes of a call, each along its trace or by f itself.

    Args:
        call: asks for it.
        output: of which the gradient is taken; along a direction, that of its derivative.
        along: u and x of the direction.

    Attributes:
        request: what it asks of a program.
        numbers: the results, once a lane has some.
        form: the structure of f's result.
        closed: the Values from outside f that its traces read.
        parts: of each trace, the lanes that go along it.
        asked_function: whether f itself has computed a lane.
    """

    form: Structure
    numbers: Numbers

    def __init__(
        self, call: Call, output: int | None, along: tuple[Array, Array] | None
    ) -> None:
        self.output, self.along = output, along  # but not the call: that would be a cycle
        self.f, self.arguments, self.places = call.compiled.f, call.given, call.places
        self.request, self.threads, self.weight = call.request, call.threads, call.weight
        self.closed: set[Value] = set()
        self.parts: dict[Any, Array] = {}
        self.asked_function = self.is_filled = False

    def of_lane(self, lane: int) -> LaneSweep:
        """The same of one lane, without its results."""
        along = self.along and (self.along[0], self.along[1][:, lane : lane + 1])
        single = copy(self)
        single.arguments, single.along, single.threads = self.arguments.of_lane(lane), along, 1
        single.closed, single.parts = set(), {}
        single.asked_function = single.is_filled = False
        return single

    def weights(self, count: int) -> Array | None:
        """The weight of each of so many outputs; along a direction, of their tangents."""
        if self.output is None:
            return None
        weights = np.zeros(count)
        first = 0 if self.along is None else count // 2
        weights[first + self.output :][:1] = self.weight
        return weights

    # ------------------------------------------------------------------ results of lanes

    def add(self, trace: Any, lanes: Array, numbers: Numbers, columns: Any) -> None:
        """Take in what a trace gives for lanes.

        Args:
            columns: where these are among those of the numbers; all of them if None.
        """
        self.closed.update(trace.closed)
        before = self.parts.get(trace)
        self.parts[trace] = lanes if before is None else np.concatenate([before, lanes])
        out = numbers.out[: self.height(trace.form)]
        d_x = numbers.d_x
        if columns is not None:
            out = out if out.shape[1] == 1 else out[:, columns]
            d_x = None if d_x is None else d_x[:, columns]
        self.put(lanes, out, numbers.d_u, d_x, trace.form)

    def outputs(self, form: Structure) -> int:
        """How many outputs there are, with their derivatives along a direction."""
        return form.size if self.along is None else 2 * form.size

    def height(self, form: Structure) -> int:
        """How many rows there are, with the gradients of lanes."""
        if not self.request.per_lane:
            return self.outputs(form)
        sizes = [self.arguments.structures[i].size for i in self.places]
        return self.outputs(form) + sum(sizes)

    def row(self, layout: Layout) -> Any:
        """The row of a matrix that this sweep gives."""
        return layout.row(self.numbers, self.outputs(self.form), self.arguments.args)

    def put(self, lanes: Any, out: Array, d_u: Array, d_x: Any, form: Structure) -> None:
        """Put the numbers of lanes in their columns, and add up what is summed."""
        if not self.is_filled:
            self.allocate(form)
        if form.key != self.form.key:
            raise parting()
        numbers, uniform = self.numbers, len(self.arguments.u)
        numbers.out[:, lanes] = out
        if self.output is None or self.request.per_lane:
            return
        numbers.d_u[:] = added_up(np.stack([numbers.d_u, d_u[:uniform]], 1))[:, 0]
        if d_x is not None:
            numbers.d_x[:, lanes] = d_x[: len(numbers.d_x)]

    def allocate(self, form: Structure) -> None:
        """Make room for the results of all lanes."""
        given, self.form, self.is_filled = self.arguments, form, True
        lanes = given.lanes or 1
        out, d_u = np.zeros((self.height(form), lanes)), np.zeros(len(given.u))
        self.numbers = Numbers(out, d_u, np.zeros((len(given.x), lanes)), lanes)

    # ------------------------------------------------------------------ by f itself

    def by_function(self, lanes: Sequence[int]) -> None:
        """Compute lanes by f itself."""
        self.asked_function = True
        if self.request == VALUES:
            self.evaluate([int(lane) for lane in lanes])
            return
        for lane in lanes:
            self.differentiate(int(lane))

    def evaluate(self, lanes: Sequence[int]) -> None:
        """Compute the values of lanes: on floats as far as that is sure, and then on Values."""
        values = self.values_on_floats(lanes)
        none, done = np.zeros(0), len(values)
        if values:
            self.put(lanes[:done], np.array([values]), none, None, NUMBER)
        for lane in lanes[done:]:
            with self.arguments.naming(lane), recording():
                numbers, rebuild = flatten(self.arguments.sample(lane), "the arguments")
                result = without_axes(self.f(*rebuild([Value(x) for x in numbers])))
                form = structure(result, "the result of f")
                out = [primal(y) for y in flatten(result, "")[0]]
            self.put([lane], np.array(out).reshape(-1, 1), none, None, form)

    def values_on_floats(self, lanes: Sequence[int]) -> list[float]:
        """The values of the first lanes, as far as f gives floats for floats.

        Values give the same, and take ten times as long. What floats can't do, or what is an
        error, is left to Values.
        """
        values: list[float] = []
        with suppress(Exception), np.errstate(all="raise", under="ignore"):
            for lane in lanes:
                sample = self.arguments.sample(lane)
                if not all(type(x) is float for x in sample):
                    break
                y = self.f(*sample)
                if type(y) is not float or isnan(y):
                    break
                values.append(y)
        return values

    def differentiate(self, lane: int) -> None:
        """Compute one lane, and its derivatives, by eager's sweeps."""
        given = self.arguments
        with given.naming(lane):
            options = transforms.Options((*self.places,))
            run = transforms.Run(self.f, given.sample(lane), {}, options, every=True)
            out = [primal(y) for y in run.outputs]
            form = structure(run.returned, "the result of f")
            gradient: list[Any] = []
            if self.along is not None and self.output is None:
                out += map(primal, run.push(self.direction(lane)))
            elif self.along is not None:
                gradient = run.curve(run.outputs[self.output or 0], self.direction(lane))
                gradient = [self.weight * primal(d) for d in gradient]
                out += [0.0] * len(out)
            elif self.output is not None and run.outputs:
                pulled = run.pull([(run.outputs[self.output], self.weight)])
                gradient = [*map(primal, pulled)]
        self.put_gradient(lane, out, gradient, form)

    def put_gradient(
        self, lane: int, out: list[float], gradient: list[float], form: Structure
    ) -> None:
        """Put the outputs of a lane and its gradient, argument after argument, in place."""
        given, ends = self.arguments, np.cumsum([len(rows) for rows in self.rows()])
        parts = np.split(np.array(gradient), ends[:-1]) if gradient else []
        d_u, d_x = np.zeros(len(given.u)), np.zeros((len(given.x), 1))
        for i, rows, part in zip(self.places, self.rows(), parts):
            side = d_u if given.axes[i] is None else d_x[:, 0]
            side[rows] = part
        if self.request.per_lane:
            by_program = sorted(zip(self.places, parts), key=lambda each: self.rank(each[0]))
            out = [*out, *[x for _, part in by_program for x in part.tolist()]]
        column = np.array(out).reshape(-1, 1)
        self.put([lane], column, d_u, d_x, form)

    def rows(self) -> list[range]:
        """Where the numbers of the arguments to differentiate in are, in u or in x."""
        given = self.arguments
        return [given.rows[given.names[i]] for i in self.places]

    def rank(self, place: int) -> tuple[bool, int]:
        """The rank of an argument among a program's inputs: uniform ones come first."""
        return self.arguments.axes[place] is not None, place

    # ------------------------------------------------------------------ spot checks

    def direction(self, lane: int) -> list[float]:
        """One lane of the direction: the numbers of the arguments to differentiate in."""
        assert self.along is not None
        t_u, t_x = self.along
        numbers: list[float] = []
        for i, rows in zip(self.places, self.rows()):
            side = t_u if self.arguments.axes[i] is None else t_x[:, lane]
            numbers += side[rows].tolist()
        return numbers

    def difference(self) -> str | None:
        """How the results of one lane differ from those of f, by more than rounding."""
        along = None if self.along is None else self.direction(0)
        count = self.outputs(self.form)
        out = self.numbers.out[:count].ravel().tolist()
        slopes = []
        weights = self.weights(count)
        if weights is not None:
            slopes = [(weights.tolist(), self.gradient())]
        return compare(self.f, self.arguments.sample(0), out, slopes, self.places, along)

    def gradient(self) -> list[float]:
        """The gradient of one lane: the numbers of each argument in turn."""
        if self.request.per_lane:
            return self.gradient_of_lane()
        gradient: list[float] = []
        for i, rows in zip(self.places, self.rows()):
            uniform = self.arguments.axes[i] is None
            side = self.numbers.d_u if uniform else self.numbers.d_x[:, 0]
            gradient += side[rows].tolist()
        return gradient

    def gradient_of_lane(self) -> list[float]:
        """The gradient per lane: the rows after the outputs, which have a program's order."""
        rows = self.numbers.out[self.outputs(self.form) :, 0].tolist()
        parts: dict[int, list[float]] = {}
        for place in sorted(self.places, key=self.rank):
            size = self.arguments.structures[place].size
            parts[place], rows = rows[:size], rows[size:]
        return [x for place in self.places for x in parts[place]]
