"""compile: a function that is recorded once for each way it goes, and replayed from then on.

A method of a compiled function first asks the *plans*, which serve calls built like earlier
ones. Where none serves the call, a `Call` computes the result by programs, and leaves a plan.
Where only f itself can record on, `by_function` computes it.
"""

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
from autograd.program.call import Call, Invocation
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

RECORDINGS_BEFORE_A_WARNING = 10
MAX_BOUND_TO_SLOTS = 64  # instances without a `__dict__` whose compiled methods are kept


class _DependsOnValues(Exception):  # noqa: N818
    """f reads Values that a function around it is differentiated in: f itself has to record."""


class Compiled:
    """A compiled function: called as the function is, it gives what the function gives.

    Attributes:
        f: the function.
        in_axes, reduce, without, threads, verify: as `compile` was asked.
        parameters: the names of the function's parameters, as far as they can be told.
    """

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
        if not _has_lanes(in_axes):
            in_axes = reduce = None
        self.f, self.in_axes, self.reduce, self.without = f, in_axes, reduce, without
        self.threads, self.verify, self.parameters = threads, verify, _parameters(f)
        self._schedule = Schedule(verify)
        self._recordings = Recordings(f, without, reduce)
        self._reasons: deque[str] = deque(maxlen=1000)  # why each recording was made
        self._why_restarted = "the first call"  # the reason of the next recording, if not ""
        self._bound_attribute = f"compiled {called(f)}"
        self._bound_to_slots: dict[int, Compiled] = {}  # by the id of the instance

    def __repr__(self) -> str:
        n = len(self.programs)
        return f"<compiled {called(self.f)}, {n} trace{'s' * (n != 1)}>"

    def _options(self) -> tuple[Any, ...]:
        """Return the options that f was compiled with, in the order of the constructor's."""
        return self.in_axes, self.reduce, self.without, self.threads, self.verify

    # ------------------------------------------------------------------ methods of classes

    def __get__(self, instance: Any, owner: Any = None) -> Compiled:
        """Return the compiled method of an instance, which keeps it in its `__dict__`."""
        if instance is None:
            return self
        if not hasattr(instance, "__dict__"):
            return self._bind_to_slots(instance)
        attributes = vars(instance)
        method: Compiled | None = attributes.get(self._bound_attribute)
        if method is None or not _is_method_of(instance, method):
            method = self._bind(instance)
            attributes[self._bound_attribute] = method
        return method

    def _bind(self, instance: Any) -> Compiled:
        return Compiled(MethodType(self.f, instance), *self._options())

    def _bind_to_slots(self, instance: Any) -> Compiled:
        """Return the compiled method of an instance without a `__dict__`.

        The methods used last are kept. Each holds its instance, so no other has its id.
        """
        method = self._bound_to_slots.pop(id(instance), None) or self._bind(instance)
        self._bound_to_slots[id(instance)] = method
        if len(self._bound_to_slots) > MAX_BOUND_TO_SLOTS:
            used_longest_ago = next(iter(self._bound_to_slots))
            self._bound_to_slots.pop(used_longest_ago)
        return method

    def __reduce__(self) -> str | tuple[Any, ...]:
        """Pickle by name where f's name leads to this object; else f and the options."""
        f = self.f
        name, instance = getattr(f, "__name__", ""), getattr(f, "__self__", None)
        if getattr(instance, name, None) is self:
            return getattr, (instance, name)
        module = sys.modules.get(getattr(f, "__module__", ""))
        if getattr(module, getattr(f, "__qualname__", ""), None) is self:  # decorated
            return str(f.__qualname__)
        return compile, (f, *self._options())

    # ------------------------------------------------------------------ looking at it

    @property
    def programs(self) -> list[Program]:
        """The program of each way that the function has gone, in the order of recording."""
        return [trace.program for trace in self._recordings.traces()]

    @property
    def program(self) -> Program:
        """The program recorded last.

        Raises:
            RuntimeError: there is none yet.
        """
        if not self.programs:
            raise RuntimeError(f"{self!r} has no program yet; it is recorded when it is called")
        return self.programs[-1]

    def source(self, target: str = "numpy") -> str:
        """The program recorded last as text; see its `source`.

        >>> fast = compile(lambda x: x * x)
        >>> value = fast(3.0)
        >>> print(fast.source("tape"), end="")
        %0 = x
        %1 = mul %0 %0
        outputs: %1
        """
        return self.program.source(target)

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

    # ------------------------------------------------------------------ from a call to a result

    def __call__(self, *args: Any, **named: Any) -> Any:
        """The result of f; with lanes one for each, or their mean or sum.

        Arguments may be given by name too.

        Raises:
            TypeError, ValueError: the arguments do not fit `in_axes`, or f can't be recorded.
            Whatever f raises, with a note that names the sample.
        """
        if named:
            args = self._in_order(args, named)
        # This is `_run`, written out: a call of Python takes as long as a small program.
        recordings, schedule = self._recordings, self._schedule
        schedule.left -= 1
        is_usual = schedule.left > 0 and not (recordings.reads_values or watches)
        if is_usual or self._may_use_plans():
            result = dispatch(recordings.plans, None, args)
            if result is not None:
                return result
        return self._compute(Invocation("value", args))

    def _run(
        self, method: str, args: Sequence[Any], argnums: Any, tangents: Sequence[Any] = ()
    ) -> Any:
        """Return the result of a method, by a plan if one serves the call."""
        self._schedule.left -= 1
        if self._may_use_plans():
            result = self._by_plan(method, args, argnums, tangents)
            if result is not None:
                return result
        return self._compute(Invocation(method, args, argnums, tangents))

    def _may_use_plans(self) -> bool:
        """Whether plans may serve this call.

        They may not if the call is to be timed, or if a function around it is being
        differentiated or recorded: that one needs the operations of f itself. But if f reads no
        Values its result is a constant to that one, as a plan's is.
        """
        if self._schedule.left <= 0:
            return False
        if not (self._recordings.reads_values or watches):
            return True
        return not transforms.enclosed() and innermost() is None

    def _by_plan(
        self, method: str, args: Sequence[Any], argnums: Any, tangents: Sequence[Any]
    ) -> Any:
        """Return what a plan gives for a call; None if no plan fits it."""
        if type(argnums) not in (int, tuple):  # a list can't be in a key
            return None
        key = key_of(method, argnums)
        return dispatch(self._recordings.plans, key, (*args, *tangents))

    def _compute(self, invocation: Invocation) -> Any:
        """Return the result of a call that no plan has served, or that is to be timed.

        f itself computes it where a function around it records what f does, or where Values
        are among the arguments: only f itself records on.
        """
        numbers = *invocation.args, *invocation.tangents
        if innermost() is not None or any(map(holds_values, numbers)):
            return by_function(self, invocation)
        try:
            if self._schedule.left <= 0:
                return self._compute_timed(invocation)
            call = self._by_programs(invocation)
            if call.has_recorded and self.verify:
                self._spot_check(invocation, call)
        except _DependsOnValues:
            return by_function(self, invocation)
        return call.result

    def _by_programs(self, invocation: Invocation) -> Call:
        """Compute a call by programs; calls like it may go by plans from now on."""
        call = Call(self, invocation)
        call.compute()
        if call.sweeps:
            self._recordings.add_plans(call)
        return call

    def _compute_timed(self, invocation: Invocation) -> Any:
        """Return the result of a call, and spot-check the call if its time tells that is due.

        Raises:
            ValueError: the check has found something else than f gives.
            Whatever the call raises; then the next one is checked.
        """
        schedule = self._schedule
        schedule.left = NEVER  # no call within this one is timed
        try:
            start, call = clock(), None
            result = self._by_plan(*invocation) if self._may_use_plans() else None
            if result is None:
                call = self._by_programs(invocation)
                result = call.result
            is_due = schedule.is_due(clock() - start)
            if is_due or (call is not None and call.has_recorded):
                self._spot_check(invocation, call)
        except BaseException:
            schedule.restart()
            raise
        return result

    def _spot_check(self, invocation: Invocation, call: Call | None) -> None:
        """Compare some samples of a call with what f itself gives; raises if they differ.

        Args:
            call: by which programs have computed the invocation; None if a plan has.
        """
        start = clock()
        if call is None:
            call = self._by_programs(invocation)
        call.check(self._schedule.turn)
        self._schedule.note_check(clock() - start)

    def _in_order(self, args: tuple[Any, ...], named: dict[str, Any]) -> tuple[Any, ...]:
        """Return all arguments in the order of the parameters, with defaults.

        Raises:
            TypeError: they don't fit the parameters, or one has no place among them.
        """
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

    # ------------------------------------------------------------------ recordings

    def _fill(self, sweep: LaneSweep) -> bool:
        """Compute all lanes of a sweep; return whether a trace was recorded for it.

        Raises:
            _DependsOnValues: f depends on Values of a function around it.
        """
        recordings = self._current_recordings()
        cache = recordings.cache_for(sweep.arguments.key)
        count = len(cache.known)
        cache.do(sweep, sweep.arguments)
        has_recorded = len(cache.known) > count
        if has_recorded:
            self._note_reasons(cache, count)
            recordings.forget_old()
        if sweep.closed:
            recordings.reads_values = True
        if _may_depend_on_outer_values(sweep):
            raise _DependsOnValues
        return has_recorded

    def _note_reasons(self, cache: TraceCache, count: int) -> None:
        """Note why the traces after so many were recorded."""
        for k in range(count, len(cache.known)):
            reason = "it goes another way" if k else "arguments of another kind"
            self._reasons.append(self._why_restarted or reason)
            self._why_restarted = ""

    def _current_recordings(self) -> Recordings:
        """Return the recordings; new ones, if a variable that f captures has changed."""
        recordings = self._recordings
        if recordings.captured.same():
            return recordings
        if not recordings.caches:  # nothing was recorded that could be out of date
            return self._start_over(self._why_restarted)
        name, old, new = recordings.captured.difference()
        why = f"{name} has changed from {old} to {new}"
        recordings = self._start_over(why)
        if len(self._reasons) == RECORDINGS_BEFORE_A_WARNING:
            warn(
                f"compile: {called(self.f)} is recorded anew at each change of what it names, "
                f"for the {RECORDINGS_BEFORE_A_WARNING}th time since {why}: make it an "
                "argument, or a Value whose data is set"
            )
        return recordings

    def _start_over(self, why: str) -> Recordings:
        """Drop all recordings, for this reason; return the new ones, which are empty."""
        changes = self._recordings.captured.changes  # what f itself changes stays no guard
        recordings = Recordings(
            self.f, self.without, self.reduce, changes, self._recordings.told
        )
        self._recordings, self._why_restarted = recordings, why
        return recordings

    # ------------------------------------------------------------------ derivatives

    def value_and_grad(self, *args: Any, argnums: Argnums = 0, **named: Any) -> tuple[Any, Any]:
        """The value and its gradient, in the shape of the argument that `argnums` names.

        Raises:
            TypeError: f gives several numbers, or one for each sample and there is no `reduce`.
            Otherwise as a call.
        """
        if named:
            args = self._in_order(args, named)
        if type(argnums) is not int:
            return self._run("value_and_grad", args, argnums)  # type: ignore[no-any-return]
        # This is `_run`, written out as in `__call__`.
        recordings, schedule = self._recordings, self._schedule
        schedule.left -= 1
        is_usual = schedule.left > 0 and not (recordings.reads_values or watches)
        if is_usual or self._may_use_plans():
            result: Any = dispatch(recordings.plans, argnums, args)
            if result is not None:
                return result  # type: ignore[no-any-return]
        return self._compute(  # type: ignore[no-any-return]
            Invocation("value_and_grad", args, argnums)
        )

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
        return self._run("jacobian", self._in_order(args, named), argnums)

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
        return self._run("hessian", self._in_order(args, named), argnums)


class Derivative(Compiled):
    """A compiled transform, as `compile(hessian(f))`: computed by the program of f.

    Programs of its own, traced through the transform, are made when they are asked for.
    """

    def __init__(self, f: Callable[..., Any], *options: Any) -> None:
        super().__init__(f, *options)
        self._method, base, self._argnums = transforms.derivative_of(f)  # type: ignore[misc]
        self._base = base if isinstance(base, Compiled) else Compiled(base, *options)
        self._reasons = self._base._reasons
        self._last_args: Any = None

    def __call__(self, *args: Any, **named: Any) -> Any:
        """The result of f's transform; errors as of the method of the same name."""
        args = self._in_order(args, named)
        self._last_args = None if any(map(holds_values, args)) else args
        if self._method == "value_and_jacobian":
            return self._base(*args), self._base.jacobian(*args, argnums=self._argnums)
        return getattr(self._base, self._method)(*args, argnums=self._argnums)

    def __repr__(self) -> str:
        return f"<compiled {self._method} of {self._base!r}>"

    @property
    def programs(self) -> list[Program]:
        """The programs of the transform, recorded for its last arguments if there are none."""
        if not super().programs and self._last_args is not None:
            Call(self, Invocation("value", self._last_args)).compute()
        return super().programs


def _may_depend_on_outer_values(sweep: LaneSweep) -> bool:
    """Whether a function around f is differentiated in Values that f may have read.

    Traces tell which Values they read; where f itself was asked, it may be any.
    """
    if not transforms.enclosed():
        return False
    return sweep.asked_function or transforms.differentiated(sweep.closed)


def _is_method_of(instance: Any, method: Compiled) -> bool:
    """Whether a compiled method is the instance's own; a copied instance has another's."""
    return method.f.__self__ is instance  # type: ignore[attr-defined]


def _parameters(f: Callable[..., Any]) -> tuple[str, ...]:
    """Return the names of a function's parameters, as far as they can be told."""
    try:
        return (*inspect.signature(f).parameters,)
    except (TypeError, ValueError):
        return ()


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
    """Record the function f once, and replay it over many samples; also as decorator.

    A compiled function computes what f computes, to rounding. It has a method for each
    derivative: `grad`, `value_and_grad`, `jacobian`, `hessian`, `hvp` and `jvp`.

    f and the primitives that it uses have to give the same for the same arguments. What else
    they read is fixed when f is recorded, but for Values, which are read anew in each call. Two
    aids find what breaks this, and are no proof:

    - Guards: numbers, strings, and short lists, tuples and dicts of them, which code names that
      f reaches by name, unless f changes them itself. Where one has changed, f is recorded
      again.
    - Spot checks: now and then f itself computes a sample too, and a difference raises.

    f is recorded on its first call with arguments of a shape, and again for each sample whose
    comparisons of Values lead another way. f itself computes samples whose comparisons rounding
    could decide. Recording runs f once, and a spot check once more. What the result does
    not depend on is left out, and raises nothing but in a spot check.

    Values from outside f get no gradient. But within a function that is differentiated, f
    itself computes what depends on that function's Values; and within one that is compiled, f
    is recorded with it: the result is a Value there.

    A method is compiled for each instance; `in_axes` leaves `self` out. `isinstance(x, float)`
    is false of a number that is recorded, which is a Value, and `str(x)` reads it out.

    Of many shapes those used last are kept: 16, or up to 256 that have 400,000 nodes together
    (about 250 MB). Of ways, 16 are recorded as they come, and up to 64 in all when f itself has
    computed 2,000 samples in between, of which a warning tells. Such samples' values are
    computed on floats, if f takes these. Threads may share a compiled function: while one
    records, another is served by f itself.

    Of a sample that is given a NaN, what the program gives stands unless it is infinite, also
    where f would raise. Other results that are not finite are f's.

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
    _check_options(in_axes, reduce, threads)
    options = in_axes, reduce, without, threads, verify
    if f is None:
        return lambda f: compile(f, *options)  # type: ignore[call-overload]
    if not callable(f):
        raise TypeError(f"compile takes a function, got {f!r:.80}")
    if not _has_lanes(in_axes) and transforms.derivative_of(f):
        return Derivative(f, None, None, without, threads, verify)
    return Compiled(f, *options)


def _has_lanes(in_axes: Axes) -> bool:
    """Whether an argument has samples."""
    axes = in_axes if isinstance(in_axes, tuple) else (in_axes,)
    return any(axis is not None for axis in axes)


def _check_options(in_axes: Axes, reduce: str | None, threads: int) -> None:
    """Check the options of `compile`, whose docstring says what is raised."""
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
