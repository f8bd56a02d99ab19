"""Sweeps over lanes: each lane goes along its trace, or by f itself, into one set of numbers.

A `Call` makes them, and a `TraceCache` fills them.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from copy import copy
from math import isnan
from typing import TYPE_CHECKING, Any

from autograd import transforms
from autograd.core.blocks import recording
from autograd.core.operand import primal
from autograd.core.value import Value
from autograd.program.arguments import Direction
from autograd.program.ir.arrays import Array, np
from autograd.program.plan import seed_one
from autograd.program.program import VALUES
from autograd.program.results import Layout, Numbers, unequal_lanes
from autograd.program.targets.runner import added_up
from autograd.program.trace.verify import compare
from autograd.trees import NUMBER, Structure, flatten, structure, without_axes

if TYPE_CHECKING:
    from autograd.program.call import Call

__all__ = ["LaneSweep"]


class LaneSweep:
    """One sweep over all lanes of a call, each along its trace or by f itself.

    Args:
        call: asks for it.
        output: of which the gradient is taken; along a direction, that of its derivative.
        along: the direction of derivatives, if any are asked for.

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

    def __init__(self, call: Call, output: int | None, along: Direction | None) -> None:
        self.output, self.along = output, along  # but not the call: that would be a cycle
        self.f, self.arguments, self.places = call.compiled.f, call.given, call.places
        self.request, self.threads, self.weight = call.request, call.threads, call.weight
        self.closed: set[Value] = set()
        self.parts: dict[Any, Array] = {}
        self.asked_function = self.is_filled = False

    def of_lane(self, lane: int) -> LaneSweep:
        """Return the same sweep over one lane alone, not computed yet."""
        along = self.along and self.along.of_lanes(slice(lane, lane + 1))
        single = copy(self)
        single.arguments, single.along, single.threads = self.arguments.of_lane(lane), along, 1
        single.closed, single.parts = set(), {}
        single.asked_function = single.is_filled = False
        return single

    def weights(self, count: int) -> Array | None:
        """Return the seed of so many outputs; None if no gradient is asked for.

        Along a direction the second half of the outputs are the derivatives of the first, and
        the gradient is that of a derivative.
        """
        if self.output is None:
            return None
        first = 0 if self.along is None else count // 2
        return seed_one(count, first + self.output, self.weight)

    # ------------------------------------------------------------------ results of lanes

    def add(self, trace: Any, lanes: Array, numbers: Numbers, columns: Any) -> None:
        """Take in what a trace gives for lanes.

        Args:
            columns: where these are among those of the numbers; all of them if None.
        """
        self.closed.update(trace.closed)
        earlier_lanes = self.parts.get(trace, lanes[:0])
        self.parts[trace] = np.concatenate([earlier_lanes, lanes])
        out = numbers.out[: self.result_rows(trace.form)]
        d_x = numbers.d_x
        if columns is not None and out.shape[1] > 1:  # a single column is that of all lanes
            out = out[:, columns]
        if columns is not None and d_x is not None:
            d_x = d_x[:, columns]
        self.put(lanes, out, numbers.d_u, d_x, trace.form)

    def outputs(self, form: Structure) -> int:
        """How many outputs there are, with their derivatives along a direction."""
        return form.size if self.along is None else 2 * form.size

    def result_rows(self, form: Structure) -> int:
        """How many rows of results there are: outputs, and if asked for gradients per lane."""
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
            raise unequal_lanes()
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
        out, d_u = np.zeros((self.result_rows(form), lanes)), np.zeros(len(given.u))
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
        done = len(values)
        if values:
            self.put(lanes[:done], np.array([values]), np.zeros(0), None, NUMBER)
        for lane in lanes[done:]:
            self.evaluate_on_values(lane)

    def evaluate_on_values(self, lane: int) -> None:
        with self.arguments.naming(lane), recording():
            numbers, rebuild = flatten(self.arguments.sample(lane), "the arguments")
            result = without_axes(self.f(*rebuild([Value(x) for x in numbers])))
            form = structure(result, "the result of f")
            out = [primal(y) for y in flatten(result, "")[0]]
        self.put([lane], np.array(out).reshape(-1, 1), np.zeros(0), None, form)

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
        with self.arguments.naming(lane):
            options = transforms.Options((*self.places,))
            run = transforms.Run(self.f, self.arguments.sample(lane), {}, options, every=True)
            out = [primal(y) for y in run.outputs]
            form = structure(run.returned, "the result of f")
            gradient: list[Any] = []
            if self.output is not None:
                gradient = self.gradient_by_function(run, self.output, lane)
            if self.along is not None and self.output is None:
                out += map(primal, run.push(self.along_in_lane(lane)))
            elif self.along is not None:
                out += [0.0] * len(out)  # nobody asks for these rows beside a gradient
        self.put_gradient(lane, out, gradient, form)

    def gradient_by_function(self, run: transforms.Run, output: int, lane: int) -> list[float]:
        """Return the weighted gradient of an output; along a direction, of its derivative."""
        if not run.outputs:
            return []
        y = run.outputs[output]
        if self.along is None:
            return [*map(primal, run.pull([(y, self.weight)]))]
        return [self.weight * primal(d) for d in run.curve(y, self.along_in_lane(lane))]

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
            part_of = dict(zip(self.places, parts))
            for i in sorted(part_of, key=self.rank):
                out = [*out, *part_of[i].tolist()]
        self.put([lane], np.array(out).reshape(-1, 1), d_u, d_x, form)

    def rows(self) -> list[range]:
        """Where the numbers of the arguments to differentiate in are, in u or in x."""
        given = self.arguments
        return [given.rows[given.names[i]] for i in self.places]

    def rank(self, place: int) -> tuple[bool, int]:
        """The rank of an argument among a program's inputs: uniform ones come first."""
        return self.arguments.axes[place] is not None, place

    # ------------------------------------------------------------------ spot checks

    def along_in_lane(self, lane: int) -> list[float]:
        """The direction in one lane: the tangents of the arguments to differentiate in."""
        assert self.along is not None
        numbers: list[float] = []
        for i, rows in zip(self.places, self.rows()):
            uniform = self.arguments.axes[i] is None
            side = self.along.u if uniform else self.along.x[:, lane]
            numbers += side[rows].tolist()
        return numbers

    def difference(self) -> str | None:
        """How the results of one lane differ from those of f, by more than rounding."""
        along = None if self.along is None else self.along_in_lane(0)
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
