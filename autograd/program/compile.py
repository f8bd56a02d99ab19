"""compile: a function that is recorded once for each way it goes, and replayed from then on."""

from __future__ import annotations

import inspect
import sys
from collections import deque
from collections.abc import Callable, Collection, Sequence
from functools import update_wrapper
from time import thread_time as clock
from types import MethodType
from typing import Any, TypeVar, overload

from autograd import transforms
from autograd.program.arguments import Axes, holds_values
from autograd.program.call import Call
from autograd.program.fallback import by_function
from autograd.program.lanes import LaneSweep
from autograd.program.plan import dispatch
from autograd.program.program import Program
from autograd.program.recordings import Recordings, key_of
from autograd.program.trace.record import called
from autograd.program.trace.schedule import NEVER, Schedule
from autograd.program.trace.watch import innermost, warn, watches
from autograd.program.traces import TraceCache
from autograd.transforms import Argnums

__all__ = ["Compiled", "compile"]

MANY_RECORDINGS = 10  # of which a warning tells
MAX_BOUND = 64  # instances without a `__dict__` whose methods are kept


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
        self._schedule, self.parameters = Schedule(verify), parameters(f)
        self._attribute = f"compiled {called(f)}"
        self._recordings = Recordings(f)
        self._of_slots: dict[int, Compiled] = {}
        self._reasons: deque[str] = deque(maxlen=1000)
        self._told: set[str] = set()

    def __repr__(self) -> str:
        n = len(self.programs)
        return f"<compiled {called(self.f)}, {n} trace{'s' * (n != 1)}>"

    def __get__(self, instance: Any, owner: Any = None) -> Compiled:
        """Compile a method for an instance, which keeps the result in its `__dict__`."""
        if instance is None:
            return self
        if not hasattr(instance, "__dict__"):
            return self._bind_to_slots(instance)
        own = vars(instance)
        bound: Any = own.get(self._attribute)
        if bound is None or bound.f.__self__ is not instance:  # copied from another
            bound = Compiled(MethodType(self.f, instance), *self._options())
            own[self._attribute] = bound
        return bound  # type: ignore[no-any-return]

    def _bind_to_slots(self, instance: Any) -> Compiled:
        """The method of an instance that has slots alone; the last such methods are kept."""
        bound = self._of_slots.pop(id(instance), None)
        if bound is None:  # each holds its instance, so that no other has this id
            bound = Compiled(MethodType(self.f, instance), *self._options())
        self._of_slots[id(instance)] = bound
        if len(self._of_slots) > MAX_BOUND:
            self._of_slots.pop(next(iter(self._of_slots)))
        return bound

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
        """The options that it was compiled with."""
        return self.in_axes, self.reduce, self.without, self.threads, self.verify

    @property
    def programs(self) -> list[Program]:
        """The program of each way that the function has gone, in the order of recording."""
        return [trace.program for trace in self._recordings.known()]

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
        """The result of f; with lanes one for each, or their mean or sum.

        Arguments may be given by name too.

        Raises:
            TypeError, ValueError: the arguments do not fit `in_axes`, or f can't be recorded.
            Whatever f raises, with a note that names the sample.
        """
        if named:
            args = self._bound(args, named)
        schedule, recordings = self._schedule, self._recordings
        schedule.left -= 1
        if schedule.left > 0 and not ((recordings.reads_values or watches) and _is_inside()):
            result = dispatch(recordings.plans, None, args)
            if result is not None:
                return result
        return self._compute("value", args)

    def _run(
        self, method: str, args: Sequence[Any], argnums: Any, tangents: Sequence[Any] = ()
    ) -> Any:
        """The result of a method, by a plan if one fits."""
        self._schedule.left -= 1
        if self._schedule.left > 0:
            result = self._dispatch(method, args, argnums, tangents)
            if result is not None:
                return result
        return self._compute(method, args, argnums, tangents)

    def _dispatch(
        self, method: str, args: Sequence[Any], argnums: Any, tangents: Sequence[Any]
    ) -> Any:
        """The result of a plan; None if no plan fits the call."""
        recordings = self._recordings
        if type(argnums) not in (int, tuple):
            return None
        if (recordings.reads_values or watches) and _is_inside():
            return None
        return dispatch(recordings.plans, key_of(method, argnums), (*args, *tangents))

    def _compute(
        self, method: str, args: Sequence[Any], argnums: Any = 0, tangents: Sequence[Any] = ()
    ) -> Any:
        """The result of a method where no plan serves it, or a spot check may be due.

        f itself computes it where Values are among the arguments or the tangents, or where f
        depends on Values around it: only f itself records on. And a function that is being
        recorded watches f.
        """
        request = method, args, argnums, tangents
        if innermost() is not None or any(map(holds_values, (*args, *tangents))):
            return by_function(self, *request)
        try:
            if self._schedule.left <= 0:
                return self._timed(*request)
            call = Call(self, *request)
            result = self._finish(call)
            if call.has_recorded and self._schedule.on:
                self._check(call, *request)
        except _DependsOnValues:
            return by_function(self, *request)
        return result

    def _finish(self, call: Call) -> Any:
        """The result of a call; calls like it may go by plans from now on."""
        result = call.result()
        if call.sweeps:
            self._recordings.plan(call)
        return result

    def _timed(self, *request: Any) -> Any:
        """The result of a call whose time tells whether a spot check is due; then it is made.

        Raises:
            ValueError: the check has found something else than f gives.
            Whatever the call raises; then the next one is checked.
        """
        schedule = self._schedule
        schedule.left = NEVER  # no call within this one is timed
        try:
            start, call = clock(), None
            result = self._dispatch(*request)
            if result is None:
                call = Call(self, *request)
                result = self._finish(call)
            is_due = schedule.is_due(clock() - start)
            if is_due or (schedule.on and call is not None and call.has_recorded):
                self._check(call, *request)
        except BaseException:
            schedule.restart()
            raise
        return result

    def _check(self, call: Call | None, *request: Any) -> None:
        """Compare some samples of a call with what f itself gives.

        Args:
            call: it is made again if a plan has served it.
        """
        start = clock()
        if call is None:
            call = Call(self, *request)
            call.result()
        call.check(self._schedule.turn)
        self._schedule.checked(clock() - start)

    def _bound(self, args: tuple[Any, ...], named: dict[str, Any]) -> tuple[Any, ...]:
        """All arguments in order."""
        if not named:
            return args
        try:
            bound = inspect.signature(self.f).bind(*args, **named)
        except TypeError as error:
            names = ", ".join(self.parameters)
            raise TypeError(f"{called(self.f)}({names}): {error}") from None
        bound.apply_defaults()
        if bound.kwargs:
            raise TypeError(
                f"{called(self.f)}: {next(iter(bound.kwargs))!r} can only be given by name, so "
                "it is no input of a program; bind it by functools.partial before compiling"
            )
        return bound.args

    def _fill(self, sweep: LaneSweep) -> bool:
        """Compute the results of a sweep; whether something was recorded.

        Raises:
            _DependsOnValues: f depends on Values of a function around it.
        """
        recordings, arguments = self._current_recordings(), sweep.arguments
        cache = recordings.traces(
            arguments.key,
            lambda: TraceCache(
                self.f, self.without, (), self.reduce, recordings.captured, self._told
            ),
        )
        known = len(cache.known)
        cache.do(sweep, arguments)
        for k in range(known, len(cache.known)):
            kind = "it goes another way" if k else "arguments of another kind"
            self._reasons.append(self._reason or kind)
            self._reason = ""
        has_recorded = len(cache.known) > known
        if has_recorded:
            recordings.forget_old()
        recordings.reads_values |= bool(sweep.closed)
        if transforms.enclosed() and (
            sweep.asked_function or transforms.differentiated(sweep.closed)
        ):
            raise _DependsOnValues
        return has_recorded

    def _forget(self, why: str) -> Recordings:
        """Record again from now on, for this reason."""
        recordings = Recordings(self.f, self._recordings.captured.changes)
        self._recordings, self._reason = recordings, why
        return recordings

    def _current_recordings(self) -> Recordings:
        """The recordings; none yet, if a variable that the function captures has changed."""
        recordings = self._recordings
        if recordings.captured.same():
            return recordings
        name, old, new = recordings.captured.difference()
        why = f"{name} has changed from {old} to {new}"
        renewed = self._forget(why if recordings.kinds else self._reason)
        if recordings.kinds and len(self._reasons) == MANY_RECORDINGS:
            warn(
                f"compile: {called(self.f)} is recorded anew at each change of what it names, "
                f"for the {MANY_RECORDINGS}th time since {why}: make it an argument, or a "
                "Value whose data is set"
            )
        return renewed

    # ------------------------------------------------------------------ derivatives

    def value_and_grad(self, *args: Any, argnums: Argnums = 0, **named: Any) -> tuple[Any, Any]:
        """The value and its gradient, in the shape of the argument that `argnums` names.

        Raises:
            TypeError: f gives several numbers, or one for each sample and there is no `reduce`.
            Otherwise as a call.
        """
        if named:
            args = self._bound(args, named)
        schedule, recordings = self._schedule, self._recordings
        schedule.left -= 1
        may_dispatch = schedule.left > 0 and (type(argnums) is int or type(argnums) is tuple)
        if may_dispatch and not ((recordings.reads_values or watches) and _is_inside()):
            result: Any = dispatch(recordings.plans, argnums, args)
            if result is not None:
                return result  # type: ignore[no-any-return]
        return self._compute("value_and_grad", args, argnums)  # type: ignore[no-any-return]

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
        transforms.check_directional(self.f, primals, tangents, "jvp")
        chosen = tuple(range(len(primals))) if argnums is None else argnums
        return self._run("jvp", primals, chosen, tangents)  # type: ignore[no-any-return]

    def jacobian(self, *args: Any, argnums: Argnums = 0, **named: Any) -> Any:
        """f's result with each number replaced by its gradient, as `autograd.jacobian`.

        With lanes and no `reduce`, a list (or for arrays an array) of one for each sample.
        """
        return self._run("jacobian", self._bound(args, named), argnums)

    def hvp(self, x: Any, v: Any, *more: Any) -> Any:
        """The Hessian in the first argument at x, times v: as scipy's `hessp` is called.

        Args:
            x, v: the first argument, and a direction in its shape.
            more: the other arguments.
        """
        return self._run("hvp", (x, *more), 0, (v,))

    def hessian(self, *args: Any, argnums: Argnums = 0, **named: Any) -> Any:
        """The matrix of second derivatives, as `autograd.hessian`.

        With lanes and no `reduce`, a list (or for arrays an array) of one for each sample.

        Raises:
            TypeError: with `reduce`, an argument that `argnums` names has samples.
            Otherwise as `value_and_grad`.
        """
        return self._run("hessian", self._bound(args, named), argnums)


class Derivative(Compiled):
    """A compiled transform, as `compile(hessian(f))`: computed by the program of f.

    Programs of its own, traced through the transform, are made when they are asked for.
    """

    def __init__(self, f: Callable[..., Any], *options: Any) -> None:
        super().__init__(f, *options)
        self._name, base, self._argnums = transforms.derivative_of(f)  # type: ignore[misc]
        self._base = base if isinstance(base, Compiled) else Compiled(base, *options)
        self._reasons = self._base._reasons
        self._last: Any = None

    def __call__(self, *args: Any, **named: Any) -> Any:
        """The result of f's transform; errors as of the method of the same name."""
        args = self._bound(args, named)
        self._last = None if any(map(holds_values, args)) else args
        if self._name == "value_and_jacobian":
            return self._base(*args), self._base.jacobian(*args, argnums=self._argnums)
        return getattr(self._base, self._name)(*args, argnums=self._argnums)

    def __repr__(self) -> str:
        return f"<compiled {self._name} of {self._base!r}>"

    @property
    def programs(self) -> list[Program]:
        """The programs of the transform, of its last arguments if there are none yet."""
        if not super().programs and self._last is not None:
            self._fill(LaneSweep(Call(self, "value", self._last), None, None))
        return super().programs


def parameters(f: Callable[..., Any]) -> tuple[str, ...]:
    """The names of a function's parameters, as far as they can be told."""
    try:
        return (*inspect.signature(f).parameters,)
    except (TypeError, ValueError):
        return ()


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

    A compiled function is recorded, and computes what the function computes, to rounding. The
    function and the primitives that it uses give the same for the same arguments: what else
    they read is fixed when it is recorded, but for Values, which are read anew in each call.
    Two aids find what breaks this, and are no proof. Numbers, strings and short lists, tuples
    and dicts of them that its code, or that of a function or a primitive it reaches by name,
    names are guards, unless it changes them itself: where one has changed, f is recorded again.
    And samples are checked: f itself computes them too, and what differs raises.

    It is recorded on its first call with arguments of a shape, at a sample for each trace:
    comparisons of Values decide anew for each sample, and f itself computes those that
    rounding could decide. Recording runs f once, and a spot check once more. Values from
    outside get no gradient; but within a function that is differentiated, f itself computes
    what depends on its Values, and within one that is compiled f is recorded with it: the
    result is a Value there. What the result does not depend on is left out, and raises
    nothing but in a spot check.
    A method is compiled for each instance; `in_axes` leaves `self` out. `isinstance(x, float)`
    is false of a number that is recorded, which is a Value, and `str(x)` reads it out.

    Of many shapes those used last are kept: 16, or up to 256 that have 400,000 nodes together
    (about 250 MB); others are recorded anew. Threads may share a compiled function: while one
    records, another is served by f itself.

    Of traces, 16 are recorded as they come, and up to 64 in all when f itself has computed
    2,000 samples in between, of which a warning tells. Values of such samples are computed on
    floats, if f takes these. A NaN that a sample is given stands in its results as the program
    gives it, also where f would raise; other results that are not finite are f's.

    If f reads a number out of a Value, by `.data`, `int`, `round` or formatting, as a copy or
    a derivative that is a number, then a warning names the line, and f itself computes every
    sample of such arguments: `detach()` gives a Value that no derivative flows through, which
    a program knows. So it is if f draws random numbers: draw them outside, and pass them.

    Args:
        f: takes numbers, or lists, dicts and NumPy arrays of them, and returns such.
        in_axes: for each argument, None if it is the same for all samples, 0 if each has its
            own: a list with an element for each sample, or an array with a row for each; 1 if
            an array has a column for each. A single 0 is for all arguments. Without it, f is
            for a single sample; a sum over samples inside it is seen.
        reduce: "mean" or "sum" of the results of all samples; None gives each.
        without: passes to leave out: "fold", "fuse_sums", "reroll", "simplify", "cse".
        threads: how many share the samples; the results are the same bits.
        verify: whether to spot-check: the call that records, then one each time when calls
            have taken 20 times as long as the last check did.

    Raises:
        TypeError: f is not a function, or `in_axes` is not None, 0 or a tuple of them.
        ValueError: `reduce` is none of these, or there is no `in_axes`, or `threads` is below
            1; when called, f sets the data of a Value, or a spot check differs from what f
            gives.

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
