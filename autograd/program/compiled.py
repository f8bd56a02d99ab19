"""compile: a function that is recorded once for each way it goes, and replayed from then on."""

from __future__ import annotations

import inspect
import os
import sys
from collections import Counter, deque
from collections.abc import Callable, Collection, Sequence
from functools import cached_property, partial, update_wrapper
from threading import get_ident
from types import MethodType
from typing import Any, TypeVar, overload

from autograd import transforms
from autograd.core.functions import fsum
from autograd.program.arguments import Arguments, Axes, holds_values, kind_of, samples_of
from autograd.program.call import Call, built, parting
from autograd.program.check import compare
from autograd.program.derivatives import (
    direction,
    hessian_blocks,
    jacobian_blocks,
    lane_weight,
    per_lane_blocks,
)
from autograd.program.dispatch import Dispatch, dispatched
from autograd.program.ir.arrays import Array, np
from autograd.program.program import Program
from autograd.program.recorded import Recorded, used
from autograd.program.saved import read, write
from autograd.program.specialize import Trace, TraceCache, parameters
from autograd.program.spot_check import (
    Schedule,
    cut,
    lane_count,
    leaves_of,
    moving,
)
from autograd.program.trace.observe import innermost, warn, watches
from autograd.program.trace.record import CapturedChanged, called
from autograd.program.trace.replay import saved_trace
from autograd.program.windows import in_windows
from autograd.transforms import Argnums
from autograd.trees import flatten, without_axes

__all__ = ["Compiled", "compile", "load_program"]

STORM = 10  # recordings for one reason
LARGE = 100_000  # operations of a recording
CONFIRMED = 3  # times, before it is said that f gives something else
ATTEMPTS = 3  # to record while others change what is captured
Parted = dict[Trace, tuple[int, Array]]  # from a lane on, which


class _DependsOnValues(Exception):  # noqa: N818
    """Only f itself, which records on, gives what depends on Values of a function around it."""


class Compiled:
    """A compiled function: called as the function is, it gives what the function gives."""

    _reason = "the first call"  # of the next recording

    def __init__(
        self,
        f: Callable[..., Any],
        in_axes: Axes,
        reduce: str | None,
        without: Collection[str],
        threads: int = 1,
        verify: bool = True,
    ) -> None:
        update_wrapper(self, f, updated=())
        if isinstance(in_axes, tuple) and all(axis is None for axis in in_axes):
            in_axes = reduce = None
        self.f, self.in_axes, self.reduce, self.without = f, in_axes, reduce, without
        self.threads, self.verify = threads, verify
        self._schedule = Schedule(verify)
        self._parted: dict[int, Parted] = {}  # of a thread whose call is checked
        self._attribute = f"compiled {called(f)}"
        self._recorded = Recorded(f)
        self._count = 0  # of recordings
        self._reasons: deque[str] = deque(maxlen=1000)
        self._changes: Counter[str] = Counter()
        self._others: dict[Any, Compiled] = {}  # by their axes
        self._told = False

    def __repr__(self) -> str:
        n = len(self.programs)
        return f"<compiled {called(self.f)}, {n} trace{'s' * (n != 1)}>"

    def __get__(self, instance: Any, owner: Any = None) -> Compiled:
        """Of a method, what is compiled for an instance, which keeps it."""
        if instance is None:
            return self
        own = getattr(instance, "__dict__", None)
        if own is None:
            name = type(instance).__name__
            raise TypeError(
                f"compile: {called(self.f)} is compiled for each {name}, which has no place to "
                "keep that; add '__dict__' to its __slots__"
            )
        found: Any = own.get(self._attribute)
        if found is None or found.f.__self__ is not instance:  # copied from another
            f = MethodType(self.f, instance)
            found = Compiled(f, *self._options())
            own[self._attribute] = found
        return found  # type: ignore[no-any-return]

    def __reduce__(self) -> str | tuple[Any, ...]:
        f = self.f
        name, owner = getattr(f, "__name__", ""), getattr(f, "__self__", None)
        if getattr(owner, name, None) is self:
            return getattr, (owner, name)
        module = sys.modules.get(getattr(f, "__module__", ""))
        if getattr(module, getattr(f, "__qualname__", ""), None) is self:  # decorated
            return str(f.__qualname__)
        return compile, (f, *self._options())

    def _options(self) -> tuple[Any, ...]:
        """What it was compiled with."""
        return self.in_axes, self.reduce, self.without, self.threads, self.verify

    @property
    def programs(self) -> list[Program]:
        """The program of each way that the function has gone, in the order of recording."""
        return [
            trace.program
            for traces in [*self._recorded.kinds.values()]
            for trace in traces.found
        ]

    @property
    def program(self) -> Program:
        """The program recorded last.

        Raises:
            RuntimeError: there is none yet.
        """
        if not self.programs:
            raise RuntimeError(f"{self!r} has no program yet; it is recorded when it is called")
        return self.programs[-1]

    @property
    def recordings(self) -> list[str]:
        """Why each recording was made, of the last thousand; their programs may be gone.

        >>> scale = 1.0
        >>> fast = compile(lambda x: scale * x if x > 0.0 else x)
        >>> values = fast(1.0), fast(-1.0)
        >>> scale = 2.0
        >>> fast(1.0)
        2.0
        >>> fast.recordings
        ['the first call', 'it goes another way', 'scale has changed from 1.0 to 2.0']
        """
        return [*self._reasons]

    # ------------------------------------------------------------------ values

    def __call__(self, *args: Any, **named: Any) -> Any:
        """What f gives; with lanes, for each of them, or the mean or the sum of that.

        Arguments may be given by name too.

        Raises:
            TypeError, ValueError: the arguments do not fit `in_axes`, or f can't be recorded.
            Whatever f raises, with a note that names the sample.
        """
        if named:
            return self(*self._bound(args, named))
        schedule, recorded = self._schedule, self._recorded
        schedule.left -= 1
        if schedule.left and not ((recorded.closes or watches) and _is_inside()):
            found = dispatched(recorded.dispatch, None, args)
            if found is not None:
                return found
        return self._values(args)

    def _values(self, args: tuple[Any, ...]) -> Any:
        """A call that is not like an earlier one, or is checked."""
        if not self._schedule.left:
            return self._checked(lambda: self(*args), args)

        def compute(part: Arguments) -> tuple[Call, list[Array]]:
            call = self._done(part)
            self._prepare(None, call)
            return call, [call.reduced(call.out, self.reduce)]

        def by_program(arguments: Arguments) -> Any:
            call, [out] = in_windows(arguments, compute)
            return call.shaped(out, self.reduce)

        return self._served(by_program, self._plain, args)

    def _served(
        self,
        by_program: Callable[[Arguments], Any],
        eager: Callable[..., Any],
        args: tuple[Any, ...],
        more: tuple[Any, ...] = (),
    ) -> Any:
        """What `by_program` gives for arguments; or what `eager` gives, where that is needed.

        It is needed where Values are among the arguments or `more`, or f depends on Values
        around it: only f itself records on. And a function that is being recorded watches f.
        """
        if innermost() is not None or any(map(holds_values, (*args, *more))):
            return eager(*args)
        try:
            return by_program(Arguments(args, self.in_axes))
        except _DependsOnValues:
            return eager(*args)

    def _derived(
        self,
        by_program: Callable[[Arguments], Any],
        eager: Callable[..., Any],
        args: tuple[Any, ...],
        more: tuple[Any, ...] = (),
    ) -> Any:
        """The same of derivatives, with a spot check of f's values if one is due."""

        def run() -> Any:
            return self._served(by_program, eager, args, more)

        self._schedule.left -= 1
        if self._schedule.left:
            return run()
        return self._checked(run, args, given=False)

    @cached_property
    def _signature(self) -> inspect.Signature:
        return inspect.signature(self.f)

    def _bound(self, args: tuple[Any, ...], named: dict[str, Any]) -> tuple[Any, ...]:
        """All arguments in order."""
        if not named:
            return args
        try:
            bound = self._signature.bind(*args, **named)
            if len(bound.arguments) < len(self._signature.parameters):
                bound = inspect.signature(self.f).bind(*args, **named)  # defaults may change
        except TypeError as error:
            names = ", ".join(parameters(self.f))
            raise TypeError(f"{called(self.f)}({names}): {error}") from None
        bound.apply_defaults()
        if bound.kwargs:
            raise TypeError(
                f"{called(self.f)}: {next(iter(bound.kwargs))!r} can only be given by name, so "
                "it is no input of a program; bind it by functools.partial before compiling"
            )
        return bound.args

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write all that has been recorded to a file, as data; `load_program` reads it.

        Values from outside the function are numbers from then on.

        Raises:
            RuntimeError: it has not been called yet.
            OSError: the file cannot be written.
        """
        self.program  # noqa: B018  (raises where there is none)
        traces = {
            kind_of(key): [saved_trace(trace) for trace in traces.found]
            for key, traces in [*self._recorded.kinds.items()]
        }
        options = {"in_axes": self.in_axes, "reduce": self.reduce}
        write(path, traces, options | {"without": [*self.without]})

    def _done(self, arguments: Arguments, places: Sequence[int] = (), **what: Any) -> Call:
        """The call that `what` describes, with its results.

        Raises:
            _DependsOnValues: f depends on Values of a function around it.
        """
        for _ in range(ATTEMPTS):
            recorded = self._look()
            call = Call(self.f, arguments, places, threads=self.threads, **what)
            traces = used(recorded.kinds, arguments.key)
            if traces is None:
                traces = TraceCache(self.f, self.without, (), self.reduce, recorded.captured)
                recorded.kinds[arguments.key] = traces
            known = len(traces.found)
            try:
                traces.do(call, arguments)
            except CapturedChanged:
                continue
            checked = self._parted.get(get_ident())
            if checked is not None:
                parts = call.parted.items()
                checked.update({trace: (arguments.first, lanes) for trace, lanes in parts})
            self._count += len(traces.found) - known
            for k in range(known, len(traces.found)):
                kind = "it goes another way" if k else "arguments of another kind"
                self._reasons.append(self._reason or kind)
                self._reason = ""
            if len(traces.found) > known:
                self._tell_size(arguments, traces.found[known:])
                recorded.forget()
            recorded.closes |= bool(call.closed)
            break
        else:
            call = Call(self.f, arguments, places, **what)
            for lane in range(arguments.lanes or 1):
                call.eager(lane)
        if transforms.enclosed() and (call.by_itself or transforms.differentiated(call.closed)):
            raise _DependsOnValues
        return call

    def _checked(
        self,
        run: Callable[[], Any],
        args: tuple[Any, ...],
        argnums: Argnums | None = None,
        given: bool = True,
    ) -> Any:
        """What `run` gives; then f itself computes some of it, too.

        Args:
            args: of the call.
            argnums: of a value and its gradient, else None.
            given: whether it is the value, or that and its gradient.

        Raises:
            ValueError: f gives something else.
        """
        before, parted = self._recorded, Parted()
        self._parted[get_ident()] = parted

        def check(result: Any) -> None:
            if self._recorded is before or not before.kinds:  # else it has changed meanwhile
                self._check(args, argnums, parted, result if given else None)

        try:
            return self._schedule.run(run, check, lambda: self._count)
        finally:
            self._parted.pop(get_ident(), None)

    def _check(
        self, args: Sequence[Any], argnums: Argnums | None, parted: Parted, result: Any
    ) -> None:
        """Compare one sample of each trace, and one that moves, with what f gives.

        Args:
            parted: the lanes of each trace.
            result: of the call; None if it is of another method.
        """
        if innermost() is not None or any(map(holds_values, (*args, result))):
            return
        recorded, turn = self._recorded, self._schedule.turn
        axes = self.in_axes if isinstance(self.in_axes, tuple) else (self.in_axes,) * len(args)
        both = [*zip(args, axes)]
        lanes = next((lane_count(arg, axis) for arg, axis in both if axis is not None), 0)
        chosen = [first + int(mine[turn % len(mine)]) for first, mine in parted.values()]
        for lane in dict.fromkeys([*chosen, moving(turn, lanes)]) if lanes else [0]:
            one, sample = [*args], [*args]
            for i, (arg, axis) in enumerate(both):
                if axis is not None:
                    one[i] = cut(arg, slice(lane, lane + 1), axis)
                    sample[i] = cut(arg, lane, axis)
            again = (
                partial(self.value_and_grad, argnums=argnums) if argnums is not None else self
            )
            found = result
            if lanes:
                each = argnums is None and self.reduce is None
                found = result[lane] if each and result is not None else None
            places = () if argnums is None else transforms._places(argnums, len(args))
            for _ in range(CONFIRMED):
                found = again(*one) if found is None else found
                if holds_values(found):  # f depends on Values of a function around it
                    return
                got, slopes = leaves_of(found), []
                if places:
                    got, slopes = got[:1], [([1.0], got[1:])]
                why = compare(self.f, sample, got, slopes, places)
                found = None
                if not (why and self._recorded is recorded and recorded.captured.same()):
                    break  # it agrees, or what f captures has changed since the call
            else:
                self._recorded = Recorded(self.f, recorded.captured.own)
                self._reason = "a spot check found something else"
                at = f" in sample {lane}" if lanes else ""
                raise ValueError(
                    f"compile: compiled {called(self.f)} gives{at} {why}. It depends on "
                    "something besides its arguments that changes: make that an argument, or a "
                    "Value (verify=False turns this check off)"
                )
        recorded.captured.settle()

    def _look(self) -> Recorded:
        """What was recorded; nothing yet, if what the function captures has changed."""
        recorded = self._recorded
        if recorded.captured.same():
            return recorded
        self._recorded = anew = Recorded(self.f, recorded.captured.own)
        if recorded.kinds:
            name, old, new = recorded.captured.difference()
            self._reason = f"{name} has changed from {old} to {new}"
            self._changes[name] += 1
            if self._changes[name] == STORM:
                warn(
                    f"compile: {called(self.f)} is recorded anew at each change of what it "
                    f"names, for the {STORM}th time since {self._reason}: make it an argument, "
                    "or a Value whose data is set"
                )
        return anew

    def _prepare(self, argnums: Argnums | None, call: Call) -> None:
        """Let such calls be dispatched on the traces known so far."""
        recorded = self._recorded
        traces = recorded.kinds.get(call.arguments.key)
        if traces is None:  # another thread has changed what f names
            return
        if call.arguments.lanes and len(traces.found) > 1:  # samples part
            recorded.drop(argnums, traces.found)
            return
        single = argnums is None or transforms._single(argnums)
        recorded.prepare(
            argnums,
            traces.found,
            lambda trace: Dispatch(trace, call, single, recorded.captured),
        )

    def _tell_size(self, arguments: Arguments, traces: Sequence[Trace]) -> None:
        """Warn, once, of a recording that `in_axes` would make small."""
        size = max([len(trace.tape) for trace in traces])
        if size > LARGE and not arguments.lanes and not self._told:
            self._told = True
            warn(
                f"compile: {called(self.f)} was recorded as {size:,} operations, one by one, "
                "which takes long. If it does the same with many elements, write it for one of "
                'them, and give in_axes and reduce="sum": '
                'compile(lambda x: np.sin(x) * x, in_axes=0, reduce="sum")(xs)'
            )

    def _plain(self, *args: Any) -> Any:
        """What a call gives, by f itself: where Values are among the arguments or around f."""
        if self.in_axes is None:
            return self.f(*args)
        each = [self.f(*sample) for sample in samples_of(args, self.in_axes)]
        if self.reduce is None:
            return each
        results = [flatten(without_axes(y), "the result of f") for y in each]
        kinds = [built(rebuild, len(leaves)) for leaves, rebuild in results]
        if any(kind != kinds[0] for kind in kinds):
            raise parting()
        weight = 1.0 / len(each) if self.reduce == "mean" else 1.0
        leaves_of_all = zip(*[leaves for leaves, _ in results])
        return results[0][1]([weight * fsum(column) for column in leaves_of_all])

    def _each(self, transform: Callable[..., Any], *args: Any) -> Any:
        """A transform's result for f itself; with lanes and no `reduce`, one for each."""
        if self.in_axes is None or self.reduce is not None:
            return transform(self._plain)(*args)
        return [transform(self.f)(*sample) for sample in samples_of(args, self.in_axes)]

    # ------------------------------------------------------------------ derivatives

    def value_and_grad(self, *args: Any, argnums: Argnums = 0, **named: Any) -> tuple[Any, Any]:
        """The value and its gradient, in the shape of the argument that `argnums` names.

        Raises:
            TypeError: f gives several numbers, or one for each sample and there is no `reduce`.
            Otherwise as a call.
        """
        if named:
            return self.value_and_grad(*self._bound(args, named), argnums=argnums)
        schedule, recorded = self._schedule, self._recorded
        schedule.left -= 1
        known = type(argnums) is int or type(argnums) is tuple
        inside = (recorded.closes or watches) and _is_inside()
        if known and schedule.left and not inside:
            found: tuple[Any, Any] | None = dispatched(recorded.dispatch, argnums, args)
            if found is not None:
                return found
        return self._values_and_grads(args, argnums)

    def _values_and_grads(self, args: tuple[Any, ...], argnums: Argnums) -> tuple[Any, Any]:
        """Those of a call that is not like an earlier one, or is checked."""
        if not self._schedule.left:
            return self._checked(  # type: ignore[no-any-return]
                lambda: self.value_and_grad(*args, argnums=argnums),
                args,
                argnums,
            )

        def by_program(arguments: Arguments) -> Any:
            weight = self._weight(arguments, "the gradient")
            places = transforms._places(argnums, len(arguments.args))

            def compute(part: Arguments) -> tuple[Call, list[Array]]:
                call = self._done(part, places, seed=weight)
                self._prepare(argnums, call)
                return call, [call.reduced(call.out, "sum"), *call.parts()]

            _, [out, *parts] = in_windows(arguments, compute)
            slopes = _picked(_like(arguments, places, parts), argnums)
            return weight * float(out[0, 0]), slopes

        eager = transforms.value_and_grad(self._plain, argnums)
        return self._served(by_program, eager, args)  # type: ignore[no-any-return]

    def grad(self, *args: Any, argnums: Argnums = 0, **named: Any) -> Any:
        """The gradient; arguments and errors as `value_and_grad`."""
        return self.value_and_grad(*args, argnums=argnums, **named)[1]

    def jvp(
        self,
        primals: tuple[Any, ...],
        tangents: tuple[Any, ...],
        argnums: Argnums | None = None,
    ) -> tuple[Any, Any]:
        """The value and its derivative along the tangents, as `autograd.jvp`.

        With lanes, a tangent has the shape of its argument, samples included.
        """
        transforms._check_directional(self.f, primals, tangents, "jvp")

        def by_program(arguments: Arguments) -> Any:
            chosen = tuple(range(len(primals))) if argnums is None else argnums
            places = transforms._places(chosen, len(primals))
            along = direction(arguments, places, tangents, "jvp")

            def compute(part: Arguments) -> tuple[Call, list[Array]]:
                call = self._done(part, places, direction=along(part))
                return call, [call.reduced(each, self.reduce) for each in np.split(call.out, 2)]

            call, both = in_windows(arguments, compute)
            return tuple([call.shaped(each, self.reduce) for each in both])

        def eager(*primals: Any) -> Any:
            return transforms.jvp(self._plain, primals, tangents, argnums)

        return self._derived(by_program, eager, primals, tangents)  # type: ignore[no-any-return]

    def jacobian(self, *args: Any, argnums: Argnums = 0, **named: Any) -> Any:
        """f's result with each number replaced by its gradient, as `autograd.jacobian`.

        With lanes and no `reduce`, a list (or for arrays an array) of one for each sample.
        """

        def by_program(arguments: Arguments) -> Any:
            places = transforms._places(argnums, len(arguments.args))
            per_lane = bool(arguments.lanes) and self.reduce is None

            def compute(part: Arguments) -> tuple[Call, list[Array]]:
                run = partial(self._done, part)
                if per_lane and self._is_reverse(part, places):
                    return per_lane_blocks(run, places)
                call = run()
                return call, jacobian_blocks(run, part, places, len(call.out), self.reduce)

            values, blocks = in_windows(arguments, compute)
            if per_lane:
                builds = arguments.builds(places)
                found = [values.jacobians(*each) for each in zip(builds, blocks)]
            else:
                found = [
                    values.rebuild([arguments.parts[i].like(row) for row in block])
                    for i, block in zip(places, blocks)
                ]
            return _picked(found, argnums)

        eager = partial(self._each, partial(transforms.jacobian, argnums=argnums))
        return self._derived(by_program, eager, self._bound(args, named))

    def hvp(self, x: Any, v: Any, *more: Any) -> Any:
        """The Hessian in the first argument at x, times v: as scipy's `hessp` is called.

        Args:
            x, v: the first argument, and a direction in its shape.
            more: the other arguments.
        """

        def by_program(arguments: Arguments) -> Any:
            along = direction(arguments, (0,), (v,), "hvp")
            weight = self._weight(arguments, "hvp")

            def compute(part: Arguments) -> tuple[Call, list[Array]]:
                call = self._done(part, (0,), direction=along(part), seed=weight)
                return call, call.parts()

            return _like(arguments, (0,), in_windows(arguments, compute)[1])[0]

        def eager(*args: Any) -> Any:
            return transforms.hvp(self._plain, args, (v,), argnums=0)

        return self._derived(by_program, eager, (x, *more), (v,))

    def hessian(self, *args: Any, argnums: Argnums = 0, **named: Any) -> Any:
        """The matrix of second derivatives, as `autograd.hessian`.

        With lanes and no `reduce`, a list (or for arrays an array) of one for each sample.

        Raises:
            TypeError: with `reduce`, an argument that `argnums` names has samples.
            Otherwise as `value_and_grad`.
        """

        def by_program(arguments: Arguments) -> Any:
            places = transforms._places(argnums, len(arguments.args))
            varying = [arguments.axes[i] is not None for i in places]
            if self.reduce is not None and any(varying):
                raise TypeError(
                    "the Hessian: with reduce, an argument that has samples would give one for "
                    "each two of them; compile without reduce for the Hessian of each sample"
                )
            each = bool(arguments.lanes) and self.reduce is None
            if each and not all(varying):
                return self._repeated("hessian", arguments, argnums)

            def compute(part: Arguments) -> tuple[Call, list[Array]]:
                run = partial(self._done, part)
                return run(), hessian_blocks(run, part, places, self.reduce)

            builds = arguments.builds(places)
            values, blocks = in_windows(arguments, compute)
            rest = iter(blocks)
            found = [[values.matrix(a, b, next(rest), each) for b in builds] for a in builds]
            return _picked([_picked(row, argnums) for row in found], argnums)

        eager = partial(self._each, partial(transforms.hessian, argnums=argnums))
        return self._derived(by_program, eager, self._bound(args, named))

    def _is_reverse(self, arguments: Arguments, places: Sequence[int]) -> bool:
        """Whether the derivatives in each lane take fewer reverse sweeps than forward ones."""
        if any(arguments.axes[i] is not None for i in places):  # which have no forward sweeps
            return True
        traces = self._look().kinds.get(arguments.key)
        known = traces.found if traces is not None else []
        count = known[0].tape.outputs if known else len(self._done(arguments).out)
        return count <= sum([len(arguments.rows[i]) for i in places])

    def _repeated(self, method: str, arguments: Arguments, argnums: Argnums) -> Any:
        """A method's result, computed with a copy of these arguments for each sample."""
        places = transforms._places(argnums, len(arguments.args))
        axes, args = arguments.repeated(places)
        if axes not in self._others:
            self._others[axes] = Compiled(self.f, axes, None, *self._options()[2:])
        return getattr(self._others[axes], method)(*args, argnums=argnums)

    def _weight(self, arguments: Arguments, name: str) -> float:
        """The weight of a lane's value."""
        if arguments.lanes and self.reduce is None:
            raise TypeError(
                f'{name}: there is a value for each sample; compile with reduce="mean" '
                'or "sum", or use jacobian'
            )
        return lane_weight(arguments, self.reduce)


class Derivative(Compiled):
    """A compiled transform, as `compile(hessian(f))`: computed by the program of f.

    Programs of its own, traced through the transform, are made when they are asked for.
    """

    def __init__(self, f: Callable[..., Any], *options: Any) -> None:
        super().__init__(f, *options)
        self._name, base, self._argnums = transforms.derivative_of(f)  # type: ignore[misc]
        self._base = base if isinstance(base, Compiled) else Compiled(base, *options)
        self._last: tuple[Any, ...] | None = None

    def __call__(self, *args: Any, **named: Any) -> Any:
        """What f's transform gives; errors as of the method of the same name."""
        args = self._bound(args, named)
        self._last = None if any(map(holds_values, args)) else args
        if self._name == "value_and_jacobian":
            return self._base(*args), self._base.jacobian(*args, argnums=self._argnums)
        return getattr(self._base, self._name)(*args, argnums=self._argnums)

    def __repr__(self) -> str:
        return f"<compiled {self._name} of {self._base!r}>"

    @property
    def programs(self) -> list[Program]:
        """Those of the transform, of its last arguments if there are none yet."""
        if not super().programs and self._last is not None:
            self._done(Arguments(self._last, None))
        return super().programs

    @property
    def recordings(self) -> list[str]:
        """Why f was recorded, and then the transform itself."""
        return [*self._base.recordings, *super().recordings]


def _like(arguments: Arguments, places: Sequence[int], parts: Sequence[Array]) -> list[Any]:
    """Numbers for each of these arguments, in its shape."""
    return [arguments.parts[i].like(part) for i, part in zip(places, parts)]


def _picked(found: Sequence[Any], argnums: Argnums) -> Any:
    """A result for each argument that `argnums` names, as it names them: one or a tuple."""
    return found[0] if transforms._single(argnums) else tuple(found)


def _is_inside() -> bool:
    """Whether this thread is in a function that is being differentiated or recorded."""
    return transforms.enclosed() or innermost() is not None


# ---------------------------------------------------------------- the entrance


F = TypeVar("F", bound=Callable[..., Any])  # by which mypy infers a lambda in f's transform


@overload
def compile(
    f: F,  # pyright: ignore[reportInvalidTypeVarUse]
    in_axes: Axes = ...,
    reduce: str | None = ...,
    *,
    threads: int = ...,
    verify: bool = ...,
) -> Compiled: ...
@overload
def compile(
    f: None = ...,
    in_axes: Axes = ...,
    reduce: str | None = ...,
    *,
    threads: int = ...,
    verify: bool = ...,
) -> Callable[[Callable[..., Any]], Compiled]: ...
def compile(
    f: Callable[..., Any] | None = None,
    in_axes: Axes = None,
    reduce: str | None = None,
    without: Collection[str] = (),
    threads: int = 1,
    verify: bool = True,
) -> Any:
    """The function f, recorded once and replayed over many samples; also as decorator.

    A compiled function is recorded, and computes what the function computes. What it reads
    besides its arguments is fixed then, but for Values, which are read anew in each call.
    Numbers, strings and small containers that it, or any function it reaches by name, names are
    guards, unless it changes them itself: where one has changed, f is recorded again.
    Everything else is spot-checked: samples are also computed by the function itself, and what
    differs raises.

    It is recorded on its first call with arguments of a shape, at a sample for each trace:
    comparisons of Values decide anew for each sample, and f itself computes those that
    rounding could decide. Recording runs f three times, and a spot check once more. Values from
    outside get no gradient; but within a function that is differentiated, f itself computes
    what depends on its Values, and within one that is compiled f is recorded with it: the
    result is a Value there. What the result does not depend on is left out: where f raises over
    that, a spot check tells it.
    A method is compiled for each instance; `in_axes` leaves `self` out. `isinstance(x, float)`
    is false of a number that is recorded, which is a Value, and `str(x)` reads it out.

    Of many shapes those used last are kept: 16, or up to 256 that have 400,000 nodes together
    (about 250 MB); others are recorded anew. Threads may share a compiled function: while one
    records, another is served by f itself.

    A float that f reads with `.data` is followed through operators and comparisons. Where other
    code reads it, as `math.sqrt` does, f is recorded for this very number, and anew for any
    other, 64 times at most, as for any traces, and what goes further ways is computed by f
    itself, of which a warning tells; so it is with derivatives that f takes of powers above
    the fourth. What would go into the result as a constant is refused, and f too if it is
    seen to draw random numbers: draw them outside, and pass them.

    Args:
        f: takes numbers, or lists, dicts and NumPy arrays of them, and returns such.
        in_axes: for each argument, None if it is the same for all samples, 0 if each has its
            own: a list with an element for each sample, or an array with a row for each; 1 if
            an array has a column for each. A single 0 is for all arguments. Without it, f is
            for a single sample; a sum over samples inside it is found.
        reduce: "mean" or "sum" of the results of all samples; None gives each.
        without: passes to leave out: "fold", "fuse_sums", "reroll", "simplify", "cse".
        threads: how many share the samples; the results are the same bits.
        verify: whether to spot-check: at the recording call, at calls 2, 4, 8, …, and then for
            a hundredth of the time.

    Raises:
        TypeError: f is not a function, or `in_axes` is not None, 0 or a tuple of them.
        ValueError: `reduce` is none of these, or there is no `in_axes`, or `threads` is below
            1; when called, f reads numbers out of Values, or a spot check found something else
            than f gives.

    >>> @compile
    ... def f(x):
    ...     return (x[0] - 1.0) ** 2 + x[0] * x[1]
    >>> f([3.0, 2.0]), f.grad([3.0, 2.0])
    (10.0, [6.0, 3.0])
    >>> loss = compile(lambda w, x, y: (w * x - y) ** 2, in_axes=(None, 0, 0), reduce="mean")
    >>> loss.value_and_grad(1.0, [1.0, 2.0], [3.0, 3.0])
    (2.5, -4.0)
    """
    axes = in_axes if isinstance(in_axes, tuple) else (in_axes,)
    if any(axis is not None and (type(axis) is not int or axis < 0) for axis in axes):
        raise TypeError(
            f"compile: in_axes must be None, an axis or a tuple of them, got {in_axes!r}"
        )
    if reduce not in (None, "mean", "sum"):
        raise ValueError(f'compile: reduce must be "mean", "sum" or None, got {reduce!r:.80}')
    if reduce is not None and in_axes is None:
        raise ValueError(
            f"compile: reduce={reduce!r} is over samples, and in_axes says which arguments "
            "have them: give in_axes=0 if all do, or such as in_axes=(None, 0)"
        )
    if threads < 1:
        raise ValueError(f"compile: threads must be at least 1, got {threads!r:.80}")
    if f is None:
        return lambda f: compile(  # type: ignore[call-overload]
            f, in_axes, reduce, without, threads, verify
        )
    if not callable(f):
        raise TypeError(f"compile takes a function, got {f!r:.80}")
    if all(axis is None for axis in axes) and transforms.derivative_of(f):
        return Derivative(f, None, None, without, threads, verify)
    return Compiled(f, in_axes, reduce, without, threads, verify)


def load_program(path: str | os.PathLike[str]) -> Compiled:
    """The compiled function that `save` wrote, without the function that it was made of.

    It goes the ways that were recorded before, and gives the values, derivatives and errors of
    the function there.

    Raises:
        ValueError: the file is something else, of another version, or damaged.
        LookupError: it uses a primitive that is not defined here.
        OSError: it cannot be read.

    >>> import tempfile
    >>> square = compile(lambda x: x * x)
    >>> square(3.0)
    9.0
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     square.save(f"{folder}/square.json")
    ...     load_program(f"{folder}/square.json").grad(4.0)
    8.0
    """
    f, options = read(path)
    axes = options["in_axes"]
    more = options["reduce"], options["without"]
    axes = tuple(axes) if isinstance(axes, list) else axes
    return Compiled(f, axes, *more, verify=False)
