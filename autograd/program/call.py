"""Calls: what a method of a compiled function computes where no plan serves it.

The arguments are taken apart, and a method asks for sweeps. In each sweep the lanes are parted
by trace; f itself computes those that go by no program. The results are laid out as a plan
lays them out.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from autograd import transforms
from autograd.program.arguments import Arguments, Direction
from autograd.program.fallback import by_function
from autograd.program.ir.arrays import np
from autograd.program.lanes import LaneSweep
from autograd.program.program import VALUES, Request
from autograd.program.results import Layout
from autograd.program.trace.record import called
from autograd.program.trace.schedule import moving
from autograd.trees import NUMBER, Structure, flatten, flatten_like

if TYPE_CHECKING:
    from autograd.program.compile import Compiled

__all__ = ["Call", "Invocation"]

MATRICES = ("jacobian", "hessian")
OF_A_NUMBER = ("value_and_grad", "hvp", "hessian")  # f has to return a single number
ONE_GRADIENT = ("value_and_grad", "hvp")  # of f, so lanes have to be reduced


class Invocation(NamedTuple):
    """A method of a compiled function with its arguments, as the caller wrote it.

    Attributes:
        argnums: the arguments to differentiate in, as of `autograd.grad`.
        tangents: of a directional derivative, one for each of those arguments.
    """

    method: str
    args: Sequence[Any]
    argnums: Any = 0
    tangents: Sequence[Any] = ()


class Call:
    """One call of a method of a compiled function, computed by sweeps of programs.

    Attributes:
        given: the arguments, taken apart.
        places: the arguments to differentiate in; `names` are theirs.
        direction: the tangents, taken apart.
        single: whether `argnums` names one argument, not a tuple of them.
        per_lane: whether each lane has a result of its own; else they are reduced.
        weight: of each lane in the reduced result.
        request: of the last sweep, by which calls like this one may go by a plan.
        sweeps: all that were made.
        layout: of the results, once f's result is known.
        has_recorded: whether a trace was recorded for it.
        result: what the method returns, once it is computed.
    """

    layout: Layout
    result: Any

    def __init__(self, compiled: Compiled, invocation: Invocation) -> None:
        method, args, argnums, tangents = invocation
        self.compiled, self.invocation, self.method = compiled, invocation, method
        self.reduce, self.threads = compiled.reduce, compiled.threads
        self.given = given = Arguments(args, compiled.in_axes, compiled.parameters)
        differentiates = method != "value" and len(args) > 0
        self.places = transforms.places_of(argnums, len(args)) if differentiates else ()
        self.names = tuple([given.names[i] for i in self.places])
        self.single = transforms.is_single(argnums)
        self.is_matrix = method in MATRICES
        self.per_lane = given.lanes > 0 and self.reduce is None
        self.weight = 1.0 / (given.lanes or 1) if self.reduce == "mean" else 1.0
        self.request, self.has_recorded = VALUES, False
        self.sweeps: list[LaneSweep] = []
        self.direction = self.direction_of(tangents) if tangents else None

    def direction_of(self, tangents: Sequence[Any]) -> Direction:
        """Take the tangents apart, as if they stood in the place of their arguments."""
        in_place = [*self.given.args]
        for k, (i, tangent) in enumerate(zip(self.places, tangents)):
            arg = self.given.args[i]
            numbers = flatten_like(tangent, arg, f"the tangents[{k}]")
            _, rebuild = flatten(arg, "")
            in_place[i] = rebuild(numbers)  # entries of dicts are in the argument's order
        apart = Arguments(in_place, self.compiled.in_axes, self.compiled.parameters)
        return Direction(apart.u, apart.x)

    def compute(self) -> None:
        """Compute the method's result.

        Raises:
            TypeError: the method is for a single number, and f returns several, or lanes do.
        """
        if self.method == "jacobian":
            self.result = self.jacobian()
        elif self.method == "hessian":
            self.result = self.hessian()
        else:
            self.result = self.one_sweep()

    # ------------------------------------------------------------------ sweeps

    def sweep(
        self, request: Request, output: int | None = None, direction: Direction | None = None
    ) -> LaneSweep:
        """Make a sweep over all lanes.

        Args:
            output: the one of which the gradient is taken, if one is asked for.
            direction: along which derivatives are taken, if any are asked for.
        """
        self.request = request
        sweep = LaneSweep(self, output, direction)
        self.has_recorded |= self.compiled._fill(sweep)
        if not self.sweeps:
            self.layout = self.layout_of(sweep.form)
        self.sweeps.append(sweep)
        if self.method in OF_A_NUMBER and sweep.form is not NUMBER:
            raise TypeError("the gradient: f returns a single number; use jacobian for several")
        return sweep

    def layout_of(self, form: Structure) -> Layout:
        per_lane = self.per_lane and self.is_matrix
        return Layout(self.given, self.places, self.single, form, self.reduce, per_lane)

    def one_sweep(self) -> Any:
        """Return the value, with the gradient or the derivative along the direction."""
        if self.per_lane and self.method in ONE_GRADIENT:
            name = "the gradient" if self.method == "value_and_grad" else self.method
            raise TypeError(
                f'{name}: there is a value for each sample; compile with reduce="mean" '
                'or "sum", or use jacobian'
            )
        wants_gradient = self.method in OF_A_NUMBER
        request = Request(
            wrt=self.names if wants_gradient else None,
            along=None if self.direction is None else self.names,
        )
        sweep = self.sweep(request, 0 if wants_gradient else None, self.direction)
        return self.layout.result(self.method, sweep.numbers, self.given.args)

    def jacobian(self) -> Any:
        """Return the Jacobian, by a sweep along each input or from each output: the fewer.

        Along inputs only if all lanes share them: else a direction would be one of all lanes.
        """
        inputs = self.count_inputs()
        if inputs and not self.differentiates_in_lanes():
            outputs = self.sweep(VALUES).form.size
            if inputs < outputs:
                return self.jacobian_forward()
        return self.jacobian_reverse()

    def jacobian_forward(self) -> Any:
        request, size = Request(along=self.names), self.layout.size
        sweeps = [self.sweep(request, None, direction) for direction in self.directions()]
        columns = [sweep.numbers.out[size : 2 * size] for sweep in sweeps]
        return self.layout.jacobian_by_columns(columns)

    def jacobian_reverse(self) -> Any:
        request = Request(wrt=self.names, per_lane=self.per_lane)
        sweeps = [self.sweep(request, 0)]  # which tells how many outputs there are
        sweeps += [self.sweep(request, k) for k in range(1, self.layout.size)]
        return self.layout.jacobian_by_rows([sweep.row(self.layout) for sweep in sweeps])

    def hessian(self) -> Any:
        """Return the Hessian, by a sweep forward and back for each input."""
        if self.reduce is not None and self.differentiates_in_lanes():
            raise TypeError(
                "the Hessian: with reduce, an argument that has samples would give one for "
                "each two of them; compile without reduce for the Hessian of each sample"
            )
        if not self.count_inputs():  # no sweep would tell how f's result is built
            return by_function(self.compiled, self.invocation)
        request = Request(wrt=self.names, along=self.names, per_lane=self.per_lane)
        sweeps = [self.sweep(request, 0, direction) for direction in self.directions()]
        return self.layout.hessian([sweep.row(self.layout) for sweep in sweeps])

    def count_inputs(self) -> int:
        """Count the numbers to differentiate in, of one lane."""
        return sum([self.given.structures[i].size for i in self.places])

    def differentiates_in_lanes(self) -> bool:
        """Whether an argument to differentiate in has samples."""
        return any(self.given.axes[i] is not None for i in self.places)

    def directions(self) -> Iterator[Direction]:
        """Yield the direction along each number to differentiate in."""
        given = self.given
        for i in self.places:
            for row in given.rows[given.names[i]]:
                direction = Direction(np.zeros(len(given.u)), np.zeros(given.x.shape))
                if given.axes[i] is None:
                    direction.u[row] = 1.0
                else:
                    direction.x[row] = 1.0
                yield direction

    # ------------------------------------------------------------------ spot checks

    def check(self, turn: int) -> None:
        """Compare one of the sweeps with f itself, in a lane of each trace and in one more.

        Args:
            turn: how many checks there were before. It says which sweep and lanes are looked
                at, so that all have their turn.

        Raises:
            ValueError: f gives something else.
        """
        if not self.sweeps:  # f itself has computed the result
            return
        sweep = self.sweeps[turn % len(self.sweeps)]
        chosen = [int(lanes[turn % len(lanes)]) for lanes in sweep.parts.values()]
        chosen.append(moving(turn, self.given.lanes or 1))
        for lane in dict.fromkeys(chosen):
            self.check_lane(sweep, lane)

    def check_lane(self, sweep: LaneSweep, lane: int) -> None:
        """Compare one lane of a sweep with f itself.

        Raises:
            ValueError: f gives something else.
        """
        compiled, recordings = self.compiled, self.compiled._recordings
        if self.given.lanes > 1:
            sweep = sweep.of_lane(lane)
            compiled._fill(sweep)
        difference = None if sweep.asked_function else sweep.difference()
        recordings.captured.note_run()
        if difference is None:
            return
        if compiled._recordings is not recordings or not recordings.captured.same():
            return  # what f captures has changed meanwhile, which a guard has seen, or will
        compiled._start_over("a spot check found something else")
        where = f" in sample {lane}" if self.given.lanes else ""
        raise ValueError(
            f"compile: compiled {called(compiled.f)} gives{where} {difference}. It depends on "
            "something besides its arguments that changes: make that an argument, or a "
            "Value (verify=False turns this check off)"
        )
