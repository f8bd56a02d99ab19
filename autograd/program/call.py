"""Calls: what each method of a compiled function computes, by sweeps of its programs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from autograd import transforms
from autograd.program.arguments import Arguments
from autograd.program.ir.arrays import Array, np
from autograd.program.program import Request
from autograd.program.results import Results
from autograd.program.spot_check import moving
from autograd.program.targets.runner import added_up
from autograd.program.trace.record import called
from autograd.trees import NUMBER, Rebuild, flatten, flatten_like

if TYPE_CHECKING:
    from autograd.program.compiled import Compiled

__all__ = ["Call"]


class Call:
    """One call of a method, which is that of the same name here.

    Attributes:
        anew: whether it has recorded something.
        along: for tangents, u and x in the shape of the arguments'.
        request: that of the last sweep, by which calls like this one may go by a plan.
    """

    request: Request | None = None

    def __init__(
        self, it: Compiled, args: Sequence[Any], argnums: Any = 0, tangents: Sequence[Any] = ()
    ) -> None:
        self.it, self.argnums, self.reduce = it, argnums, it.reduce
        self.given = given = Arguments(args, it.in_axes, it.parameters)
        self.places = transforms.places_of(argnums, len(args)) if args else ()
        self.each = bool(given.lanes) and self.reduce is None  # a result for each sample
        self.weight = 1.0 / (given.lanes or 1) if self.reduce == "mean" else 1.0  # of a lane
        self.single = transforms.is_single(argnums)
        self.varies = any(given.axes[i] is not None for i in self.places)
        self.rows = [given.rows[given.names[i]] for i in self.places]
        self.ends, self.inputs = np.cumsum([*map(len, self.rows)]), sum(map(len, self.rows))
        self.anew, self.sweeps = False, 0
        self.last: Results | None = None
        self.along: tuple[Array, Array] | None = None
        if tangents:
            moved = [*args]
            for k, i in enumerate(self.places):
                numbers = flatten_like(tangents[k], args[i], f"the tangents[{k}]")
                moved[i] = flatten(args[i], "")[1](numbers)  # entries in the argument's order
            t = Arguments(moved, it.in_axes, it.parameters)
            self.along = t.u, t.x

    # ------------------------------------------------------------------ sweeps

    def sweep(self, places: Sequence[int] = (), **what: Any) -> Results:
        """The results of a request, which a check may compare."""
        call = Results(self.it.f, self.given, places, **what, threads=self.it.threads)
        self.anew |= self.it._fill(call)
        self.request = call.request
        self.sweeps += 1
        if (self.it._schedule.turn + 1) % self.sweeps == 0 or self.sweeps == 1:
            self.last = call  # each sweep has its turn
        return call

    def one(self, name: str) -> None:
        """TypeError where there is a value for each sample."""
        if self.each:
            raise TypeError(
                f'{name}: there is a value for each sample; compile with reduce="mean" '
                'or "sum", or use jacobian'
            )

    def picked(self, each: Sequence[Any]) -> Any:
        """A result for each argument that `argnums` names, as it names them: one or a tuple."""
        return each[0] if self.single else tuple(each)

    def like(self, parts: Sequence[Array]) -> Any:
        """A gradient in the shapes of the arguments."""
        return self.picked([*map(self.given.like, self.places, parts)])

    # ------------------------------------------------------------------ methods

    def value(self) -> Any:
        call = self.sweep()
        return call.shaped(call.out, self.reduce)

    def value_and_grad(self) -> tuple[Any, Any]:
        self.one("the gradient")
        call = self.sweep(self.places, output=0, weight=self.weight)
        _check_single(call)
        return self.weight * call.total(call.out[0]), self.like(call.slopes)

    def jvp(self) -> tuple[Any, Any]:
        call = self.sweep(self.places, along=self.along)
        value, tangent = np.split(call.out, 2)
        return call.shaped(value, self.reduce), call.shaped(tangent, self.reduce)

    def hvp(self) -> Any:
        self.one("hvp")
        call = self.sweep(self.places, along=self.along, output=0, weight=self.weight)
        _check_single(call)
        return self.like(call.slopes)

    def jacobian(self) -> Any:
        if self.varies or not self.inputs or len(self.sweep().out) <= self.inputs:
            calls = self.back()
            blocks = [block[: len(calls[0].out)] for block in _stacked(calls)]  # or none
        else:
            calls = self.forward()
            columns = np.stack([np.split(call.out, 2)[1] for call in calls], 1)
            columns = columns if self.reduce is None else self.weight * added_up(columns)
            blocks = np.split(columns, self.ends, 1)
        return self.picked(self.nested(calls[0], calls[0].form.rebuild, blocks))

    def back(self) -> list[Results]:
        """A reverse sweep for each output; unless there is a result for each sample, it adds up
        the derivatives of all samples in what is uniform."""
        what = {"weight": self.weight, "per_lane": self.each}
        calls = [self.sweep(self.places, output=0, **what)]
        for k in range(1, len(calls[0].out)):
            calls.append(self.sweep(self.places, output=k, **what))
        return calls

    def forward(self, **what: Any) -> list[Results]:
        """A forward sweep for each number of the arguments."""
        calls = []
        for i, rows in zip(self.places, self.rows):
            for row in rows:
                t_u, t_x = np.zeros(len(self.given.u)), np.zeros(self.given.x.shape)
                (t_u if self.given.axes[i] is None else t_x)[row] = 1.0
                calls.append(self.sweep(self.places, along=(t_u, t_x), **what))
        return calls

    def hessian(self) -> Any:
        if self.reduce is not None and self.varies:
            raise TypeError(
                "the Hessian: with reduce, an argument that has samples would give one for "
                "each two of them; compile without reduce for the Hessian of each sample"
            )
        if not self.inputs:
            return self.it._by_f("hessian", self.given.args, self.argnums, ())
        _check_single(self.sweep())
        calls = self.forward(output=0, weight=self.weight, per_lane=self.each)
        blocks = zip(*[np.split(block, self.ends) for block in _stacked(calls)])
        builds = [self.given.structures[i].rebuild for i in self.places]
        return self.picked(
            [self.picked(self.nested(calls[0], *each)) for each in zip(builds, blocks)]
        )

    def nested(self, call: Results, outer: Rebuild, blocks: Sequence[Array]) -> list[Any]:
        """Structures of arguments, of numbers of shape (outer, inner, lanes) for each."""

        def built(i: int, block: Array) -> Any:
            if not self.each:
                return outer([self.given.like(i, row) for row in block])
            inner = self.given.structures[i].rebuild
            return call.of_lanes(lambda rows: outer([*map(inner, rows)]), block)

        return [*map(built, self.places, blocks)]

    # ------------------------------------------------------------------ spot checks

    def check(self, turn: int) -> None:
        """Compare a sample of each way, and one that moves, with f itself.

        Raises:
            ValueError: f gives something else.
        """
        if (call := self.last) is None:  # another compiled function has checked it
            return
        given, recorded = call.arguments, self.it._recorded
        lanes = [int(mine[turn % len(mine)]) for mine in call.parted.values()]
        for lane in dict.fromkeys([*lanes, moving(turn, given.lanes or 1)]):
            got = call
            if given.lanes > 1:
                got = call.of_lane(lane)
                self.it._fill(got)
            if got.by_itself:
                continue
            why = got.differs()
            if why and self.it._recorded is recorded and recorded.captured.same():
                self.it._forget("a spot check found something else")
                at = f" in sample {lane}" if given.lanes else ""
                raise ValueError(
                    f"compile: compiled {called(self.it.f)} gives{at} {why}. It depends on "
                    "something besides its arguments that changes: make that an argument, or a "
                    "Value (verify=False turns this check off)"
                )


def _stacked(calls: Sequence[Results]) -> list[Array]:
    """For each argument the gradients of all calls, row by row."""
    return [np.stack(rows) for rows in zip(*[call.slopes for call in calls])]


def _check_single(call: Results) -> None:
    if call.form is not NUMBER:
        raise TypeError("the gradient: f returns a single number; use jacobian for several")
