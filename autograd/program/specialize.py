"""Traces of a function: each with its guards, its program, and the lanes that follow it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from threading import get_ident
from typing import Any

from autograd.core.value import Value
from autograd.program.arguments import parameter_names
from autograd.program.ir.arrays import Array, np
from autograd.program.plan import Plan
from autograd.program.program import Program, Request
from autograd.program.targets.runner import ANOTHER, NEAR, NOT_FINITE, OTHER_TRACE, THIS
from autograd.program.trace.captured import Captured
from autograd.program.trace.observe import warn
from autograd.program.trace.record import Recording, called, plain_results, record
from autograd.trees import flatten, structure

__all__ = ["Trace", "TraceCache"]

MOST_TRACES = 64


class Trace:
    """One way that a function goes.

    Attributes:
        program: goes it.
        closed: the Values from outside the function, whose data is read at each call.
        guards: what the function asked on its way.
        form: the structure of the function's result.
        rebuild: puts outputs into its shape.
        arguments: puts numbers into the shape of the arguments.
        inputs: the numbers that it was recorded with, by their names.
        plans: for each request one that nobody uses now.
        axes: of each argument, as those of a call.
        forms: the structure of each argument, or of a sample of it.
        reduce: as `compile` was asked.
    """

    def __init__(
        self, cache: TraceCache, recording: Recording, arguments: Any, lane: int
    ) -> None:
        sample = arguments.sample(lane)
        numbers, self.arguments = flatten(sample, "")
        self.f, self.reduce, self.axes = cache.f, cache.reduce, arguments.axes
        self.tape, self.closed, self.guards = recording.tape, recording.closed, recording.guards
        self.form, self.rebuild = recording.form, recording.form.rebuild
        self.forms = [structure(arg, "") for arg in sample]
        counts, names = [form.size for form in self.forms], arguments.names
        raw = parameter_names(arguments.parameters, len(names))
        places = [(n, k, size) for n, size in zip(raw, counts) for k in range(size)]
        labels = [name if size == 1 else f"{name}{k}" for name, k, size in places]
        self.inputs, sizes = [*zip(labels, numbers)], [*zip(names, counts)]
        first = len(cache.first)
        self.plans: dict[Request, Plan] = {}
        every = [
            *[(*each, False) for each, axis in zip(sizes, self.axes) if axis is None],
            ("params", first, False),
            ("captured", len(self.closed) - first, False),
            *[(*each, True) for each, axis in zip(sizes, self.axes) if axis == 0],
        ]
        data = range(len(arguments.rows[names[0]]) if arguments.args else 0, len(arguments.u))
        blocks, answers = [each for each in every if each[1]], [g.answer for g in self.guards]
        self.program = Program(self.tape, blocks, answers, data, cache.without, self)

    def run(self, call: Any, lanes: Array) -> tuple[int, Array, dict[str, Array]]:
        """Run a plan of a call on some lanes; see `Plan.run`."""
        given, along = call.arguments, call.along
        plan, x = self.plans.pop(call.request, None), given.x
        try:
            plan = plan or Plan(self.program, call.request, self.closed, call.threads)
        except NotImplementedError:  # a rule that is not generic: eager knows
            return NOT_FINITE, np.full(len(lanes), THIS), {}
        if len(lanes) < x.shape[1]:
            x, along = x[:, lanes], along and (along[0], along[1][:, lanes])
        results = plan.run(given.u, x, call.weights(plan.outputs), along)
        self.plans[call.request] = plan
        return results

    def graph(self, **options: Any) -> Any:
        """The function's graph, at the numbers that it was recorded with."""
        from autograd.show.graph import Graph

        leaves = [Value(x, label=name) for name, x in self.inputs]
        outputs = plain_results(self.f, leaves, self.arguments(leaves))
        return Graph(*[y if type(y) is Value else Value(y) for y in outputs], **options)


_recording: dict[TraceCache, int] = {}  # by which threads


class TraceCache:
    """The ways that f has gone so far with arguments of one kind.

    Args:
        f: the function.
        without: passes to leave out.
        first: Values from outside f that come first among the closed ones, in this order.
        reduce: what becomes of the results of all lanes, for targets that do it themselves.
        captured: what f captures, as it was before all this was recorded.

    Attributes:
        known: the traces, in the order of recording.
    """

    sees_draws = True

    def __init__(
        self,
        f: Callable[..., Any],
        without: Collection[str],
        first: Sequence[Value] = (),
        reduce: str | None = None,
        captured: Captured | None = None,
    ) -> None:
        self.captured = captured
        self.f, self.without, self.first, self.reduce = f, without, first, reduce
        self.known: list[Trace] = []
        self.told = False

    @property
    def nodes(self) -> int:
        """How many nodes were recorded."""
        return sum([len(trace.tape) for trace in self.known])

    def do(self, call: Any, arguments: Any) -> None:
        """Make a call on all lanes, each along its trace; record those that are new.

        Where a program gives what isn't finite, or meets what eager would refuse, the lane is
        done without one, so that it gives or raises what eager does. So it is while another
        thread records.
        """
        left, known = np.arange(arguments.lanes or 1), 0
        while len(left):
            if known < len(self.known):
                left = np.sort(self.along(self.known[known], call, left))
                known += 1
                continue
            first = int(left[0])
            mine = _recording.setdefault(self, get_ident()) == get_ident()
            try:
                trace = None
                if len(self.known) >= MOST_TRACES:
                    self.tell()
                elif mine:
                    trace = self.record(arguments, first)
                if trace is not None:
                    self.known.append(trace)
                    known += 1
                    left = np.sort(self.along(trace, call, left))
                if trace is None or first in left:  # or rounding decides at an edge of it
                    call.eager(first)
                    left = left[left != first]
            finally:
                if mine:
                    _recording.pop(self, None)

    def along(self, trace: Trace, call: Any, lanes: Array) -> Array:
        """Make the call for those of the lanes that go this way; the others are returned.

        Where rounding could decide, f itself computes the lane.
        """
        status, taken, blocks = trace.run(call, lanes)
        goes = taken == THIS
        mine, others = lanes[goes], lanes[taken == ANOTHER]
        for lane in lanes[taken == NEAR]:
            call.eager(int(lane))
        if not len(mine):
            return others
        if len(mine) < len(lanes):
            summed = any(block.shape[1] < len(lanes) for block in blocks.values())
            if summed or status != OTHER_TRACE:
                return np.concatenate([others, self.along(trace, call, mine)])
            status, blocks = 0, {name: block[:, goes] for name, block in blocks.items()}
        if not status:
            call.add(trace, mine, blocks)
        elif len(mine) == 1:
            call.eager(int(mine[0]))
        else:
            middle = len(mine) // 2
            for half in (mine[:middle], mine[middle:]):
                others = np.concatenate([others, self.along(trace, call, half)])
        return others

    def record(self, arguments: Any, lane: int) -> Trace | None:
        """The trace of one lane; None if it is known or can't be checked."""
        sample = arguments.sample(lane)
        sizes = [structure(arg, "").size for arg in sample]
        varying = [axis is not None for n, axis in zip(sizes, arguments.axes) for _ in range(n)]
        with arguments.naming(lane):
            known = [trace.guards for trace in self.known]
            numbers, rebuild = flatten(sample, "")
            more = self.captured, self.sees_draws
            recording = record(self.f, numbers, rebuild, varying, self.first, known, *more)
        return Trace(self, recording, arguments, lane) if recording.sure else None

    def tell(self) -> None:
        """Warn, once, that f goes too many ways."""
        if not self.told:
            self.told = True
            warn(
                f"compile: {called(self.f)} {self.parting()}. What goes another way is "
                "computed by the function itself, which is slower"
            )

    def parting(self) -> str:
        """Say which question parts the ways, and what to write instead."""
        guard, count = self.known[-1].guards[-1], len(self.known)
        if guard.what == "float":
            return (
                f"reads a number out of a Value in {guard.place}, and what it does then holds "
                f"for this number only; it was recorded for {count} numbers. Compute "
                "with Values"
            )
        return (
            f"goes more than {count} ways. The last that parts them is the comparison "
            f"{guard.what!r} in {guard.place}; use autograd.where(condition, a, b), maximum or "
            "minimum, which do not branch"
        )
