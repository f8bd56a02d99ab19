"""Calls: what each method of a compiled function computes, by sweeps of its programs."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from autograd import transforms
from autograd.program.arguments import Arguments
from autograd.program.ir.arrays import Array, np
from autograd.program.results import Computed, Request, Results, in_windows, several, unit
from autograd.program.spot_check import moving
from autograd.program.targets.runner import added_up
from autograd.program.trace.record import called
from autograd.trees import Rebuild, flatten, flatten_like

if TYPE_CHECKING:
    from autograd.program.compiled import Compiled

__all__ = ["Call", "picked"]


class Call:
    """One call of a method, which is that of the same name here.

    Attributes:
        anew: whether it has recorded something.
    """

    def __init__(
        self, it: Compiled, args: Sequence[Any], argnums: Any = 0, tangents: Sequence[Any] = ()
    ) -> None:
        self.it, self.argnums, self.reduce = it, argnums, it.reduce
        self.given = given = Arguments(args, it.in_axes)
        self.places = transforms._places(argnums, len(args)) if args else ()
        self.each = bool(given.lanes) and self.reduce is None  # a result for each sample
        self.mean = self.reduce == "mean" and given.total > 0
        self.weight = 1.0 / given.total if self.mean else 1.0  # of a lane's value
        self.anew, self.sweeps = False, 0
        self.last: Results | None = None
        if tangents:
            chosen = tuple([args[i] for i in self.places])
            flatten_like(tuple(tangents), chosen, "the tangents", _checked)
            moved = [*args]
            for i, t in zip(self.places, tangents):
                moved[i] = t
            self.tangent = Arguments(moved, it.in_axes)

    # ------------------------------------------------------------------ sweeps

    def sweep(self, part: Arguments, places: Sequence[int] = (), **what: Any) -> Results:
        """The results of a request on some of the lanes, which a check may compare."""
        call = Results(self.it.f, part, Request(tuple(places), **what), self.it.threads)
        anew = self.it._fill(call)
        self.anew |= anew
        self.sweeps += 1
        if (self.it._schedule.turn + 1) % self.sweeps == 0 or self.sweeps == 1:
            self.last = call  # each sweep has its turn
        return call

    def plan(self, key: Any, method: str, call: Results, tangent: Any = None) -> None:
        """Let calls like this one go by a plan."""
        single = transforms._single(self.argnums)
        self.it._recorded.plan(key, method, call, single, tangent)

    def along(self, part: Arguments) -> tuple[Array, Array]:
        """The tangents of some of the lanes, which are 0 for other arguments."""
        t, lanes = self.tangent, slice(part.first, part.first + part.lanes)
        t = t.window(lanes) if part.lanes < t.lanes else t
        for i in set(range(len(t.args))) - set(self.places):
            side = t.u if t.axes[i] is None else t.x
            side[t.rows[i].start : t.rows[i].stop] = 0.0
        return t.u, t.x

    def one(self, name: str) -> None:
        """TypeError where there is a value for each sample."""
        if self.each:
            raise TypeError(
                f'{name}: there is a value for each sample; compile with reduce="mean" '
                'or "sum", or use jacobian'
            )

    # ------------------------------------------------------------------ methods

    def value(self) -> Any:
        def compute(part: Arguments) -> Computed:
            call = self.sweep(part)
            self.it._recorded.plan(None, "value", call, True)
            return call, [call.reduced(call.out, self.reduce)]

        call, [out] = in_windows(self.given, compute)
        return call.shaped(out, self.reduce)

    def value_and_grad(self) -> tuple[Any, Any]:
        self.one("the gradient")

        def compute(part: Arguments) -> Computed:
            call = self.sweep(part, self.places, output=0, weight=self.weight)
            if not call.single:
                raise several()
            self.plan(self.argnums, "value_and_grad", call)
            return call, [call.reduced(call.out, "sum"), *call.parts()]

        _, [out, *parts] = in_windows(self.given, compute)
        return self.weight * float(out[0, 0]), self.like(parts)

    def like(self, parts: Sequence[Array]) -> Any:
        """A gradient in the shapes of the arguments."""
        gradient = [self.given.like(i, part) for i, part in zip(self.places, parts)]
        return picked(gradient, self.argnums)

    def jvp(self) -> tuple[Any, Any]:
        def compute(part: Arguments) -> Computed:
            call = self.sweep(part, self.places, direction=self.along(part))
            self.plan(("jvp", self.argnums), "jvp", call, self.tangent)
            return call, [call.reduced(each, self.reduce) for each in np.split(call.out, 2)]

        call, [out, tangents] = in_windows(self.given, compute)
        return call.shaped(out, self.reduce), call.shaped(tangents, self.reduce)

    def hvp(self) -> Any:
        self.one("hvp")

        def compute(part: Arguments) -> Computed:
            along, weight = self.along(part), self.weight
            call = self.sweep(part, self.places, direction=along, output=0, weight=weight)
            self.plan(("hvp", self.argnums), "hvp", call, self.tangent)
            return call, call.parts()

        return self.like(in_windows(self.given, compute)[1])

    def jacobian(self) -> Any:
        given, places = self.given, self.places

        def compute(part: Arguments) -> Computed:
            varies = any(part.axes[i] is not None for i in places)  # no forward sweeps
            inputs = sum([len(part.rows[i]) for i in places])
            if self.each and (varies or self.outputs(part) <= inputs):
                return self.in_lanes(part)
            call = self.sweep(part)
            return call, self.blocks(part, len(call.out))

        call, blocks = in_windows(given, compute)
        if not self.each:
            rows = [[given.like(i, row) for row in block] for i, block in zip(places, blocks)]
            return picked([*map(call.rebuild, rows)], self.argnums)
        jacobians = []
        for build, block in zip(given.builds(places), blocks):
            rebuild = partial(_nested, call.rebuild, build)
            jacobians.append(call.of_lanes(rebuild, block.transpose(2, 0, 1)))
        return picked(jacobians, self.argnums)

    def outputs(self, part: Arguments) -> int:
        """The number of outputs, for which a first call sweeps."""
        traces = self.it._look().kinds.get(part.key)
        known = traces.known if traces is not None else []
        return known[0].tape.outputs if known else len(self.sweep(part).out)

    def in_lanes(self, part: Arguments) -> Computed:
        """A call, and as `blocks` where each lane has derivatives of its own in all arguments:
        by a reverse sweep for each output."""
        call = self.sweep(part, self.places, output=0, per_lane=True)
        calls = [call]
        for k in range(1, len(call.out)):
            calls.append(self.sweep(part, self.places, output=k, per_lane=True))
        if len(calls) == 1:
            return call, [part[None] for part in call.parts()]
        return call, [np.stack(rows) for rows in zip(*[each.parts() for each in calls])]

    def repeated(self, method: str) -> Any:
        """The same, computed with a copy of these arguments for each sample."""
        axes, args = self.given.repeated(self.places)
        return getattr(self.it._of_axes(axes), method)(*args, argnums=self.argnums)

    def blocks(self, part: Arguments, count: int) -> list[Array]:
        """d(output)/d(input) for each argument, of shape (outputs, inputs, lanes).

        By a forward sweep for each number of a uniform argument that has fewer than there are
        outputs; else by a reverse sweep for each output, for all arguments together, which adds
        up the derivatives of all lanes in what is uniform.
        """
        blocks: dict[int, Array] = {}
        for i in self.places:
            rows = part.rows[i]
            if part.axes[i] is None and len(rows) < count:
                calls = [self.sweep(part, (i,), direction=unit(part, i, row)) for row in rows]
                block = np.stack([call.out[count:] for call in calls], 1)
                blocks[i] = block if self.reduce is None else self.weight * added_up(block)
        back = [i for i in self.places if i not in blocks]
        numbers = range(count if back else 0)
        calls = [self.sweep(part, back, output=row, weight=self.weight) for row in numbers]
        if calls and len(back) == len(self.places):
            self.plan(("jacobian", self.argnums), "jacobian", calls[0])
        for k, i in enumerate(back):
            blocks[i] = np.stack([call.parts()[k] for call in calls])
        return [blocks[i] for i in self.places]

    def hessian(self) -> Any:
        given, places = self.given, self.places
        varying = [given.axes[i] is not None for i in places]
        if self.reduce is not None and any(varying):
            raise TypeError(
                "the Hessian: with reduce, an argument that has samples would give one for "
                "each two of them; compile without reduce for the Hessian of each sample"
            )
        if self.each and not all(varying):
            return self.repeated("hessian")

        def compute(part: Arguments) -> Computed:
            first, lanes = self.sweep(part), part.lanes if self.each else 1
            if not first.single:
                raise several()
            sizes = [len(part.rows[i]) for i in places]
            blocks = [[np.zeros((m, n, lanes)) for n in sizes] for m in sizes]
            for j, place in enumerate(places):
                for k, row in enumerate(part.rows[place]):
                    what = {"direction": unit(part, place, row), "weight": self.weight}
                    call = self.sweep(part, places, output=0, **what)
                    for mine, part in zip(blocks, call.parts()):
                        mine[j][:, k] = part
            return first, [block for row in blocks for block in row]

        def matrix(outer: Any, inner: Any, block: Array) -> Any:
            build = partial(_nested, outer, inner)
            if self.each:
                return call.of_lanes(build, block.transpose(2, 0, 1))
            return build(block[:, :, 0].tolist())

        builds = given.builds(places)
        call, blocks = in_windows(given, compute)
        rest = iter(blocks)
        matrices = [[matrix(a, b, next(rest)) for b in builds] for a in builds]
        return picked([picked(row, self.argnums) for row in matrices], self.argnums)

    # ------------------------------------------------------------------ spot checks

    def check(self, turn: int) -> None:
        """Compare a sample of each way, and one that moves, with f itself.

        Raises:
            ValueError: f gives something else.
        """
        if (call := self.last) is None:  # another compiled function has checked it
            return
        given, recorded = call.arguments, self.it._recorded
        captured = recorded.captured
        lanes = [int(mine[turn % len(mine)]) for mine in call.parted.values()]
        for lane in dict.fromkeys([*lanes, moving(turn, given.lanes or 1)]):
            got = call
            if given.lanes > 1:
                got = call.of_lane(lane)
                self.it._fill(got)
            if got.by_itself:
                continue
            why = got.differs()
            if why and self.it._recorded is recorded and captured.untouched():
                self.it._forget("a spot check found something else")
                at = f" in sample {given.first + lane}" if given.lanes else ""
                raise ValueError(
                    f"compile: compiled {called(self.it.f)} gives{at} {why}. It depends on "
                    "something besides its arguments that changes: make that an argument, or a "
                    "Value (verify=False turns this check off)"
                )


def picked(each: Sequence[Any], argnums: Any) -> Any:
    """A result for each argument that `argnums` names, as it names them: one or a tuple."""
    return each[0] if transforms._single(argnums) else tuple(each)


def _nested(outer: Rebuild, inner: Rebuild, rows: Sequence[Any]) -> Any:
    """A structure of structures."""
    return outer([*map(inner, rows)])


def _checked(tree: Any, what: str) -> tuple[list[Any], Any]:
    """Flatten a tree; not an array of numbers, in which nothing can be wrong."""
    if isinstance(tree, np.ndarray) and tree.dtype.kind in "fiub":
        return [], None
    return flatten(tree, what)
