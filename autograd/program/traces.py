"""Traces of a function: each with its guards, its program, and the lanes that follow it.

A `Trace` is one way that f goes. A `TraceCache` has those of arguments that are built alike,
and parts the lanes of a call by them. Dynamo calls these a compiled frame and its cache.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from threading import get_ident
from typing import Any, NamedTuple

from autograd.core.value import Value
from autograd.program.arguments import parameter_names
from autograd.program.ir.arrays import Array, np
from autograd.program.plan import Workspace
from autograd.program.program import Program, Request
from autograd.program.targets.runner import FP_ERROR, NEAR, OTHER_TRACE, THIS
from autograd.program.trace.captured import Captured
from autograd.program.trace.record import (
    Recording,
    Unrecordable,
    called,
    plain_results,
    record,
)
from autograd.program.trace.watch import Guard, warn
from autograd.trees import flatten, structure

__all__ = ["Trace", "TraceCache"]

MAX_TRACES = 64
TRACES_AT_ONCE = 16  # that are recorded as soon as a lane goes another way
LANES_BEFORE_A_TRACE = 2000  # computed by f, which take about as long as a recording


class Trace:
    """One way that a function goes.

    Attributes:
        program: goes it.
        closed: the Values from outside the function, whose data is read at each call.
        guards: the comparisons of the function on its way.
        form: the structure of the function's result.
        rebuild: puts outputs into its shape.
        arguments: puts numbers into the shape of the arguments.
        inputs: the numbers that it was recorded with, by their names.
        workspaces: for each request one that nobody uses now.
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
        self.workspaces: dict[Request, Workspace] = {}
        names = arguments.names
        self.inputs = [*zip(self.labels(arguments.parameters, len(names)), numbers)]
        data = range(len(arguments.rows[names[0]]) if arguments.args else 0, len(arguments.u))
        answers = [guard.answer for guard in self.guards]
        blocks = self.blocks(names, len(cache.first))
        self.program = Program(self.tape, blocks, answers, data, cache.without, self)

    def labels(self, parameters: Sequence[str], count: int) -> list[str]:
        """A name for each number of the arguments."""
        labels: list[str] = []
        for name, form in zip(parameter_names(parameters, count), self.forms):
            every = [f"{name}{k}" for k in range(form.size)]
            labels += [name] if form.size == 1 else every
        return labels

    def blocks(self, names: Sequence[str], params: int) -> list[tuple[str, int, bool]]:
        """The program's inputs: name, rows, and whether they vary; the uniform ones first.

        Args:
            params: how many of the closed Values are parameters.
        """
        sizes = [(name, form.size, axis) for name, form, axis in self.named_axes(names)]
        blocks = [(name, size, False) for name, size, axis in sizes if axis is None]
        blocks.append(("params", params, False))
        blocks.append(("captured", len(self.closed) - params, False))
        blocks += [(name, size, True) for name, size, axis in sizes if axis is not None]
        return [block for block in blocks if block[1]]

    def named_axes(self, names: Sequence[str]) -> Iterable[tuple[str, Any, int | None]]:
        return zip(names, self.forms, self.axes)

    @contextmanager
    def workspace(self, sweep: Any) -> Iterator[Workspace]:
        """A workspace for a sweep, which nobody else uses meanwhile.

        Raises:
            NotImplementedError: a rule is not generic, so that only eager knows it.
        """
        space = self.workspaces.pop(sweep.request, None)
        if space is None:
            space = Workspace(self.program, sweep.request, self.closed, sweep.threads)
        yield space
        self.workspaces[sweep.request] = space

    def graph(self, **options: Any) -> Any:
        """The function's graph, at the numbers that it was recorded with."""
        from autograd.show.graph import Graph

        leaves = [Value(x, label=name) for name, x in self.inputs]
        outputs = plain_results(self.f, leaves, self.arguments(leaves))
        return Graph(*[y if type(y) is Value else Value(y) for y in outputs], **options)


class Outcome(NamedTuple):
    """How lanes fared along a trace; each is a mask of them.

    Attributes:
        here: they go this way.
        near: rounding could decide whether they do.
        done: of those that go here, they have their results.
        finite: all their numbers are finite.
    """

    here: Array
    near: Array
    done: Array
    finite: Array


_recording: dict[TraceCache, int] = {}  # by which threads


class TraceCache:
    """The ways that f has gone so far with arguments of one kind.

    Where a program meets what eager would refuse, or where rounding could decide, f itself
    computes the lane, so that it gives or raises what eager does. So it is while another thread
    records, and where lanes go more ways than are worth a recording.

    Args:
        f: the function.
        without: passes to leave out.
        first: Values from outside f that come first among the closed ones, in this order.
        reduce: what becomes of the results of all lanes, for targets that do it themselves.
        captured: what f captures, as it was before all this was recorded.
        told: the kinds of warnings that were given, which other caches of f share.

    Attributes:
        known: the traces, in the order of recording.
        refused: whether f can't be recorded.
        lanes_by_f: how many lanes f has computed since it was last recorded.
        pause: how many of them there have to be before it is recorded again.
    """

    is_checked = True  # a run of f is compared with each program that is new
    traces_at_once = TRACES_AT_ONCE

    def __init__(
        self,
        f: Callable[..., Any],
        without: Collection[str],
        first: Sequence[Value] = (),
        reduce: str | None = None,
        captured: Captured | None = None,
        told: set[str] | None = None,
    ) -> None:
        self.told = set[str]() if told is None else told
        self.captured = captured or Captured(f)
        self.f, self.without, self.first, self.reduce = f, without, first, reduce
        self.known: list[Trace] = []
        self.refused = False
        self.lanes_by_f = self.pause = 0

    @property
    def nodes(self) -> int:
        """How many nodes were recorded."""
        return sum([len(trace.tape) for trace in self.known])

    def do(self, sweep: Any, arguments: Any) -> None:
        """Make a sweep over all lanes, by each known trace in turn, and then by new ones."""
        lanes = np.arange(arguments.lanes or 1)
        has_nan = np.broadcast_to(
            np.isnan(arguments.x).any(0) | np.isnan(arguments.u).any(), len(lanes)
        )
        tried = 0
        while len(lanes):
            if tried < len(self.known):
                lanes = np.sort(self.follow(self.known[tried], sweep, lanes, has_nan))
                tried += 1
                continue
            first = lanes[has_nan[lanes].argmin()]  # without a NaN, if there is one
            trace = self.new_trace(arguments, int(first))
            if trace is None:
                count = self.lanes_to_wait()
                self.ask_function(sweep, lanes[:count])
                lanes = lanes[count:]
                continue
            lanes = np.sort(self.follow(trace, sweep, lanes, has_nan))
            tried += 1
            if first in lanes:  # rounding decides at an edge of its own trace
                self.ask_function(sweep, lanes[lanes == first])
                lanes = lanes[lanes != first]

    def ask_function(self, sweep: Any, lanes: Array) -> None:
        """Let f itself compute lanes."""
        if len(lanes):
            self.lanes_by_f += len(lanes)
            sweep.by_function(lanes)

    # ------------------------------------------------------------------ along a trace

    def follow(self, trace: Trace, sweep: Any, lanes: Array, has_nan: Array) -> Array:
        """Make the sweep for those of the lanes that go this way; the others are returned.

        Where rounding could decide, f itself computes the lane. Where an operation was invalid
        or a result is not finite, f itself is asked, too: it raises where it has to.

        Args:
            has_nan: for each lane of all whether there is a NaN among its inputs.
        """
        if not len(lanes):
            return lanes
        try:
            outcome = self.attempt(trace, sweep, lanes, has_nan[lanes])
        except NotImplementedError:
            self.ask_function(sweep, lanes)
            return lanes[:0]
        self.ask_function(sweep, lanes[outcome.near])
        others = lanes[~outcome.here & ~outcome.near]
        is_open = outcome.here & ~outcome.done
        if not is_open.any():
            return others
        if not is_open.all():  # without the others, these may be in order
            rest = self.follow(trace, sweep, lanes[is_open], has_nan)
            return np.concatenate([others, rest])
        parts = self.parts_to_follow(sweep, lanes, has_nan, outcome)
        return np.concatenate([self.follow(trace, sweep, part, has_nan) for part in parts])

    def parts_to_follow(
        self, sweep: Any, lanes: Array, has_nan: Array, outcome: Outcome
    ) -> list[Array]:
        """Part lanes of which none may stand; f itself computes those that are to blame."""
        given_nan = has_nan[lanes]
        if given_nan.any() and not given_nan.all():  # operations on a NaN may be flagged
            return [lanes[given_nan], lanes[~given_nan]]
        if len(lanes) == 1:
            self.ask_function(sweep, lanes)
            return [lanes[:0]]
        if not outcome.finite.all():
            self.ask_function(sweep, lanes[~outcome.finite])
            return [lanes[outcome.finite]]
        middle = len(lanes) // 2
        return [lanes[:middle], lanes[middle:]]

    def attempt(self, trace: Trace, sweep: Any, lanes: Array, given_nan: Array) -> Outcome:
        """Run lanes along a trace, and hand over the results that may stand.

        If an operation was invalid, its lane isn't known, and none may stand; nor if
        derivatives were summed over lanes that go elsewhere. But a lane that was given a NaN
        is done, unless it is infinite: operations on a NaN may be flagged.
        """
        given, along = sweep.arguments, sweep.along
        u, x = given.u, given.x
        if len(lanes) < x.shape[1]:
            x = x[:, lanes]
            along = along and (along[0], along[1][:, lanes])
        sums_lanes = sweep.request.wrt is not None and not sweep.request.per_lane
        with trace.workspace(sweep) as space:
            status, taken = space.run(u, x, sweep.weights(space.outputs), along)
            done = finite = here = taken == THIS
            if status & ~OTHER_TRACE:
                finite = finite_lanes(space)
                done = here & given_nan & nan_lanes(space, trace.form.size)
                # In a sum it is not known of which lane a number is that is not finite.
                if not sums_lanes and not status & FP_ERROR:
                    done |= here & finite
                elif not sums_lanes:
                    done |= here & finite & given_nan
            if sums_lanes and not done.all():
                done = np.zeros(len(lanes), bool)
            if done.any():
                columns = None if done.all() else np.flatnonzero(done)
                sweep.add(trace, lanes[done], space.numbers, columns)
        return Outcome(here, taken == NEAR, done, finite)

    # ------------------------------------------------------------------ new traces

    def new_trace(self, arguments: Any, lane: int) -> Trace | None:
        """Record a lane; None if f is to compute it, or another thread records."""
        if self.refused or not self.is_worth_recording():
            return None
        if _recording.setdefault(self, get_ident()) != get_ident():
            return None
        try:
            trace = self.record(arguments, lane)
        except Unrecordable as error:
            self.give_up(error)
            return None
        finally:
            _recording.pop(self, None)
        self.lanes_by_f = 0
        if trace is None:  # it is known; the next try has to wait twice as long
            self.pause = 2 * self.pause + 1
            return None
        self.known.append(trace)
        is_enough = len(self.known) >= self.traces_at_once
        self.pause = LANES_BEFORE_A_TRACE if is_enough else 0
        return trace

    def is_worth_recording(self) -> bool:
        """Whether a recording costs less than what f computes without one.

        Beyond some traces, f has to have computed as many lanes as take about as long.
        """
        has_many = len(self.known) >= self.traces_at_once
        if self.lanes_by_f < self.pause:
            return False
        if has_many:  # and f has computed many lanes since the last recording
            self.tell()
        return len(self.known) < MAX_TRACES

    def lanes_to_wait(self) -> int:
        """How many lanes f computes before there may be another trace."""
        if self.refused or len(self.known) >= MAX_TRACES:
            return sys.maxsize
        return max(1, self.pause - self.lanes_by_f)

    def record(self, arguments: Any, lane: int) -> Trace | None:
        """The trace of one lane; None if f has made the same comparisons before, and alike."""
        sample = arguments.sample(lane)
        sizes = [structure(arg, "").size for arg in sample]
        varying: list[bool] = []
        for size, axis in zip(sizes, arguments.axes):
            varying += [axis is not None] * size
        with arguments.naming(lane):
            numbers, rebuild = flatten(sample, "")
            options = self.first, self.captured, self.is_checked
            recording = record(self.f, numbers, rebuild, varying, *options)
        if any(answers(trace.guards) == answers(recording.guards) for trace in self.known):
            return None
        return Trace(self, recording, arguments, lane)

    def give_up(self, error: Unrecordable) -> None:
        """Let f itself compute everything from now on, and say why."""
        self.refused = True
        self.warn_once("unrecordable", f"is computed by itself, which is slower: it {error}")

    def tell(self) -> None:
        """Warn, once, that f goes too many ways."""
        self.warn_once(
            "ways",
            f"{self.parting()}. What goes another way is computed by the function itself, "
            "which is slower",
        )

    def warn_once(self, kind: str, what: str) -> None:
        """Warn of f, unless a warning of this kind was given before."""
        if kind not in self.told:
            self.told.add(kind)
            warn(f"compile: {called(self.f)} {what}")

    def parting(self) -> str:
        """Say which comparison parts the ways, and what to write instead."""
        guard, count = self.known[-1].guards[-1], len(self.known)
        return (
            f"goes more than {count} ways. The last that parts them is the comparison "
            f"{guard.op!r} in {guard.place}; use autograd.where(condition, a, b), maximum or "
            "minimum, which do not branch"
        )


def answers(guards: Sequence[Guard]) -> list[tuple[str, float]]:
    """The comparisons of a function on its way, and their answers."""
    return [(guard.op, guard.answer) for guard in guards]


def nan_lanes(space: Workspace, outputs: int) -> Array:
    """The lanes of which one of so many outputs is NaN."""
    return np.isnan(space.numbers.out[:outputs]).any(0)


def finite_lanes(space: Workspace) -> Array:
    """The lanes of which all outputs and derivatives are finite."""
    numbers = space.numbers
    rows = numbers.out[: space.sweep.outputs]
    finite = np.broadcast_to(np.isfinite(rows).all(0), (space.lanes,)).copy()
    if space.reverse and numbers.d_x is not None:
        finite &= np.isfinite(numbers.d_x).all(0)
    return finite
