"""Calls: what a method of a compiled function computes where no plan fits.

The arguments are taken apart, and a method asks for sweeps. In each sweep the lanes are parted
by trace; f itself computes those that go by no program. The results are laid out as a plan
lays them out.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from autograd import transforms
from autograd.program.arguments import Arguments
from autograd.program.fallback import by_function
from autograd.program.ir.arrays import Array, np
from autograd.program.lanes import LaneSweep
from autograd.program.program import VALUES, Request
from autograd.program.results import Layout
from autograd.program.trace.record import called
from autograd.program.trace.schedule import moving
from autograd.trees import NUMBER, Structure, flatten, flatten_like

if TYPE_CHECKING:
    from autograd.program.compile import Compiled

__all__ = ["Call"]

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
            recordings.captured.note_run()
            if why and compiled._recordings is recordings and recordings.captured.same():
                compiled._forget("a spot check found something else")
                where = f" in sample {lane}" if given.lanes else ""
                raise ValueError(
                    f"compile: compiled {called(compiled.f)} gives{where} {why}. It depends on "
                    "something besides its arguments that changes: make that an argument, or a "
                    "Value (verify=False turns this check off)"
                )
