"""compile: a function that is recorded once for each way it goes, and replayed from then on."""

from __future__ import annotations

import sys
from collections.abc import Callable, Collection, Sequence
from functools import update_wrapper
from itertools import chain
from typing import Any, overload

from autograd import transforms
from autograd.core.primitive import primal
from autograd.program.arguments import Call, holds_values
from autograd.program.arrays import np
from autograd.program.paths import Path, Paths
from autograd.program.program import Program
from autograd.trees import Rebuild, flatten, flatten_like

__all__ = ["Compiled", "compile"]

Array = Any
Argnums = int | tuple[int, ...]
Axes = tuple[int | None, ...] | None


class Compiled:
    """A compiled function: called as the function is, it gives what the function gives."""

    def __init__(
        self, f: Callable[..., Any], in_axes: Axes, reduce: str | None, without: Collection[str]
    ) -> None:
        update_wrapper(self, f, updated=())
        self.f, self.in_axes, self.reduce, self.without = f, in_axes, reduce, without
        self._kinds: dict[Any, Paths] = {}

    def __repr__(self) -> str:
        return (
            f"<compiled {getattr(self.f, '__qualname__', self.f)}, {len(self.programs)} paths>"
        )

    def __reduce__(self) -> str | tuple[Any, ...]:
        f = self.f
        module = sys.modules.get(getattr(f, "__module__", ""))
        if (
            getattr(module, getattr(f, "__qualname__", ""), None) is self
        ):  # a decorated function
            return str(f.__qualname__)
        return Compiled, (f, self.in_axes, self.reduce, self.without)

    @property
    def programs(self) -> list[Program]:
        """The program of each way that the function has gone, in the order of recording."""
        return [path.program for paths in self._kinds.values() for path in paths.found]

    @property
    def program(self) -> Program:
        """The program recorded last.

        Raises:
            RuntimeError: there is none yet.
        """
        if not self.programs:
            raise RuntimeError(f"{self!r} has no program yet; it is recorded when it is called")
        return self.programs[-1]

    # ------------------------------------------------------------------ values

    def __call__(self, *args: Any) -> Any:
        """What f gives; with lanes, for each of them, or the mean or the sum of that.

        Raises:
            TypeError, ValueError: the arguments do not fit `in_axes`, or f can't be recorded.
            Whatever f raises, with a note that names the sample.
        """
        if any(map(holds_values, args)):
            return self._with_values(self.f, args)
        call = Call(args, self.in_axes)
        job = _Values(self.f, call)
        self._do(job, call)
        if call.lanes and self.reduce is None:
            return job.listed()
        out = job.out.mean(1) if self.reduce == "mean" else job.out.sum(1)
        return job.rebuild(out.tolist())

    def _do(self, job: Any, call: Call) -> None:
        if call.key not in self._kinds:
            self._kinds[call.key] = Paths(self.f, self.without)
        self._kinds[call.key].do(job, call)

    def _with_values(self, f: Callable[..., Any], args: tuple[Any, ...]) -> Any:
        """Where Values are among the arguments, f itself records on."""
        if self.in_axes is not None:
            raise TypeError("a function compiled with in_axes takes numbers, got a Value")
        return f(*args)

    # ------------------------------------------------------------------ derivatives

    def value_and_grad(self, *args: Any, argnums: Argnums = 0) -> tuple[Any, Any]:
        """The value and its gradient, in the shape of the argument that `argnums` names.

        Raises:
            TypeError: f gives several numbers, or one for each sample and there is no `reduce`.
            Otherwise as a call.
        """
        if any(map(holds_values, args)):
            both: tuple[Any, Any] = self._with_values(
                transforms.value_and_grad(self.f, argnums), args
            )
            return both
        call = Call(args, self.in_axes)
        places = transforms._places(argnums, len(args))
        job = _Gradient(self.f, call, self._checked_single(call, places, "value_and_grad"))
        job.weigh(self.reduce)
        self._do(job, call)
        return job.value, job.shaped(transforms._single(argnums))

    def grad(self, *args: Any, argnums: Argnums = 0) -> Any:
        """The gradient; arguments and errors as `value_and_grad`."""
        return self.value_and_grad(*args, argnums=argnums)[1]

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
        if any(map(holds_values, (*primals, *tangents))):
            return transforms.jvp(self.f, primals, tangents, argnums)
        call = Call(primals, self.in_axes)
        chosen = tuple(range(len(primals))) if argnums is None else argnums
        job = _Tangent(self.f, call, transforms._places(chosen, len(primals)))
        job.head_for(tangents)
        self._do(job, call)
        if call.lanes and self.reduce is None:
            return job.listed(), job.listed(job.along)
        scale = 1.0 / call.lanes if self.reduce == "mean" else 1.0
        results = [(scale * rows.sum(1)).tolist() for rows in (job.out, job.along)]
        return job.rebuild(results[0]), job.rebuild(results[1])

    def jacobian(self, *args: Any, argnums: Argnums = 0) -> Any:
        """f's result with each number replaced by its gradient, as `autograd.jacobian`.

        With lanes and no `reduce`, a list (or for arrays an array) of one for each sample.
        """
        if any(map(holds_values, args)):
            return self._with_values(transforms.jacobian(self.f, argnums), args)
        call = Call(args, self.in_axes)
        places = transforms._places(argnums, len(args))
        values = _Values(self.f, call)
        self._do(values, call)
        if call.lanes and self.reduce is None:
            blocks = self._each_jacobian(call, places, len(values.out))
            found = [
                _like_results(
                    values, call.sample(lane), places, [b[:, :, lane] for b in blocks]
                )
                for lane in range(call.lanes)
            ]
            parts = list(zip(*found))
            results = [np.array(part) if call.arrays else list(part) for part in parts]
        else:
            blocks = self._reduced_jacobian(call, places, len(values.out))
            results = _like_results(values, call.args, places, blocks, call)
        return results[0] if transforms._single(argnums) else tuple(results)

    def _each_jacobian(self, call: Call, places: Sequence[int], count: int) -> list[Array]:
        """For each argument, d(output)/d(input) in each lane."""
        blocks = []
        for i in places:
            block = np.empty((count, len(call.rows(i)), call.lanes))
            if call.axes[i] is None:
                for column in range(block.shape[1]):
                    block[:, column] = self._along(call, i, column)
            else:
                for k in range(count):
                    block[k] = self._back(call, i, k, count)
            blocks.append(block)
        return blocks

    def _reduced_jacobian(self, call: Call, places: Sequence[int], count: int) -> list[Array]:
        """For each argument, d(output)/d(input); the smaller side decides how."""
        blocks = []
        for i in places:
            inputs = len(call.rows(i))
            if inputs < count and not call.lanes:
                columns = [self._along(call, i, column)[:, 0] for column in range(inputs)]
                blocks.append(np.array(columns).reshape(inputs, count).T)
            else:
                rows = [self._back(call, i, k, count).ravel() for k in range(count)]
                blocks.append(np.array(rows).reshape(count, -1))
        return blocks

    def _along(self, call: Call, argnum: int, column: int) -> Array:
        """The outputs' derivatives in one input, in each lane."""
        job = _Tangent(self.f, call, (argnum,))
        job.direction(column)
        self._do(job, call)
        return job.along

    def _back(self, call: Call, argnum: int, k: int, count: int) -> Array:
        """The k-th output's derivatives in an argument, in each lane if that varies."""
        job = _Gradient(self.f, call, (argnum,))
        job.weigh(self.reduce, k, count)
        self._do(job, call)
        return job.parts()[0]

    def hvp(self, x: Any, v: Any, *more: Any) -> Any:
        """The Hessian in the first argument at x, times v: as scipy's `hessp` is called.

        Args:
            x, v: the first argument, and a direction in its shape.
            more: the other arguments.
        """
        args = (x, *more)
        if any(map(holds_values, (v, *args))):
            eager: Any = self._with_values(
                lambda *args: transforms.hvp(self.f, args, (v,), argnums=0), args
            )
            return eager
        call = Call(args, self.in_axes)
        job = _Second(self.f, call, self._checked_single(call, (0,), "hvp"))
        job.weigh(self.reduce)
        job.direction = _Tangent(self.f, call, (0,))
        job.direction.head_for((v,))
        self._do(job, call)
        return job.shaped(True)

    def _checked_single(
        self, call: Call, places: tuple[int, ...], name: str
    ) -> tuple[int, ...]:
        if call.lanes and self.reduce is None:
            raise TypeError(
                f'{name}: there is a value for each sample; compile with reduce="mean" '
                'or "sum", or use jacobian'
            )
        return places


# ---------------------------------------------------------------- jobs


class _Values:
    """The outputs of all lanes: `out`, a row each."""

    rebuild: Rebuild
    single: bool

    def __init__(self, f: Callable[..., Any], call: Call) -> None:
        self.f, self.call = f, call
        self.out = np.empty((0, call.lanes or 1))
        self.known = False

    def run(self, path: Path, u: Array, x: Array, lanes: Array) -> tuple[Array, list[Array]]:
        out, follows = path.program.value(u, x)
        return follows, [out]

    def add(self, path: Path, lanes: Array, results: list[Array]) -> None:
        self.put(lanes, results[0], path.rebuild, path.single)

    def eager(self, lane: int) -> None:
        with self.call.naming(lane):
            returned = self.f(*self.call.sample(lane))
        numbers, rebuild = flatten(returned, "the result of f")
        out = np.array([[primal(x)] for x in numbers]).reshape(-1, 1)
        self.put(np.array([lane]), out, rebuild, len(numbers) == 1 and _is_number(returned))

    def put(self, lanes: Array, out: Array, rebuild: Rebuild, single: bool) -> None:
        if not self.known:
            self.known, self.rebuild, self.single = True, rebuild, single
            self.out = np.empty((len(out), self.call.lanes or 1))
        if len(out) != len(self.out) or single != self.single:
            raise ValueError("the samples give results that are built in different ways")
        self.out[:, lanes] = out

    def listed(self, rows: Array | None = None) -> Any:
        """The result of each lane: as an array if there are arrays among the arguments."""
        out = self.out if rows is None else rows
        if self.single:
            return out[0] if self.call.arrays else out[0].tolist()
        results = [self.rebuild(column) for column in out.T.tolist()]
        return np.array(results) if self.call.arrays else results


class _Wanted(_Values):
    """Derivatives in some of the arguments: their rows of u and of x."""

    def __init__(self, f: Callable[..., Any], call: Call, places: Sequence[int]) -> None:
        super().__init__(f, call)
        self.places = tuple(places)
        self.wrt = [call.rows(i) for i in places if call.axes[i] is None]
        self.lane_rows = [call.rows(i) for i in places if call.axes[i] is not None]


class _Gradient(_Wanted):
    """The weighted sum of the outputs over all lanes, and its gradient."""

    def __init__(self, f: Callable[..., Any], call: Call, places: Sequence[int]) -> None:
        super().__init__(f, call, places)
        self.value = 0.0
        self.d_u, self.d_x = np.zeros((len(call.u), 1)), np.zeros(call.x.shape)

    def weigh(self, reduce: str | None, k: int | None = None, count: int = 1) -> None:
        """Weights for a mean or sum; of the k-th of so many outputs, or of a single one."""
        weight = 1.0 / self.call.lanes if reduce == "mean" and self.call.lanes else 1.0
        self.seed = np.zeros((count, 1))
        self.seed[k or 0] = weight
        self.needs_single = k is None

    def run(self, path: Path, u: Array, x: Array, lanes: Array) -> tuple[Array, list[Array]]:
        if self.needs_single and not path.single:
            raise _several()
        seed = np.repeat(self.seed, len(lanes), 1)
        gradient = path.program.gradient(self.places, self.wrt, self.lane_rows)
        out, follows, d_u, d_x = gradient(u, x, seed)
        return follows, [out, d_u[: len(self.d_u)], x[:0] if d_x is None else d_x]

    def add(self, path: Path, lanes: Array, results: list[Array]) -> None:
        out, d_u, d_x = results
        self.value += float((out * self.seed).sum())
        self.d_u += d_u
        if len(d_x):
            self.d_x[:, lanes] = d_x

    def eager(self, lane: int) -> None:
        args = self.call.sample(lane)
        with self.call.naming(lane):
            returned, pull = transforms.vjp(self.f, *args, argnums=tuple(self.places))
            numbers, rebuild = flatten(returned, "the result of f")
            if self.needs_single and not _is_number(returned):
                raise _several()
            found = pull(rebuild(self.seed[:, 0].tolist()))
        self.value += sum([s * primal(y) for s, y in zip(self.seed[:, 0].tolist(), numbers)])
        by_axis: dict[int | None, list[float]] = {None: [], 0: []}
        for i, each in zip(self.places, found):
            by_axis[self.call.axes[i]] += [primal(g) for g in flatten(each, "")[0]]
        self.d_u[[*chain(*self.wrt)], 0] += by_axis[None]
        self.d_x[[*chain(*self.lane_rows)], lane] = by_axis[0]

    def parts(self) -> list[Array]:
        sides = {None: self.d_u, 0: self.d_x}
        rows = [self.call.rows(i) for i in self.places]
        return [
            sides[self.call.axes[i]][mine.start : mine.stop]
            for i, mine in zip(self.places, rows)
        ]

    def flat(self) -> Array:
        return np.concatenate([part.ravel() for part in self.parts()])

    def shaped(self, single: bool) -> Any:
        found = [self.call.shaped(i, part) for i, part in zip(self.places, self.parts())]
        return found[0] if single else tuple(found)


class _Tangent(_Wanted):
    """The outputs and their derivatives along a direction: `out` and `along`."""

    def head_for(self, tangents: Sequence[Any]) -> None:
        """Take the direction from tangents in the shape of the arguments."""
        chosen = tuple([self.call.args[i] for i in self.places])
        flatten_like(tuple(tangents), chosen, "jvp: the tangents")
        args = list(self.call.args)
        for i, tangent in zip(self.places, tangents):
            args[i] = tangent
        other = Call(args, self.call.axes)
        self.t_u, self.t_x = np.zeros((len(self.call.u), 1)), np.zeros(self.call.x.shape)
        for rows in self.wrt:
            self.t_u[rows.start : rows.stop, 0] = other.u[rows.start : rows.stop]
        for rows in self.lane_rows:
            self.t_x[rows.start : rows.stop] = other.x[rows.start : rows.stop]

    def direction(self, k: int) -> None:
        """Along the k-th number of the only argument that is wanted, a uniform one."""
        self.t_u, self.t_x = np.zeros((len(self.call.u), 1)), np.zeros(self.call.x.shape)
        self.t_u[self.wrt[0][k]] = 1.0

    def run(self, path: Path, u: Array, x: Array, lanes: Array) -> tuple[Array, list[Array]]:
        out, follows, along = path.program.tangent(u, x, *self.tangents(u, lanes))
        return follows, [out, along]

    def tangents(self, u: Array, lanes: Array) -> tuple[Array, Array]:
        """Those of a program's u and x."""
        t_u = np.zeros(u.shape)
        t_u[: len(self.t_u)] = self.t_u
        return t_u, self.t_x[:, lanes]

    def add(self, path: Path, lanes: Array, results: list[Array]) -> None:
        super().add(path, lanes, results)
        self.put_along(lanes, results[1])

    def put_along(self, lanes: Array, along: Array) -> None:
        if not hasattr(self, "along"):
            self.along = np.empty(self.out.shape)
        self.along[:, lanes] = along

    def eager(self, lane: int) -> None:
        args = self.call.sample(lane)
        tangents = []
        for i in self.places:
            side = self.t_u[:, 0] if self.call.axes[i] is None else self.t_x[:, lane]
            tangents.append(flatten(args[i], "")[1](side[list(self.call.rows(i))].tolist()))
        with self.call.naming(lane):
            returned, along = transforms.jvp(self.f, args, tuple(tangents), tuple(self.places))
        numbers, rebuild = flatten(returned, "the result of f")
        out, slopes = [
            np.array([primal(y) for y in each]).reshape(-1, 1)
            for each in (numbers, flatten(along, "")[0])
        ]
        self.put(np.array([lane]), out, rebuild, _is_number(returned))
        self.put_along(np.array([lane]), slopes)


class _Second(_Gradient):
    """The Hessian times a direction, where `_Gradient` has the gradient."""

    direction: _Tangent

    def run(self, path: Path, u: Array, x: Array, lanes: Array) -> tuple[Array, list[Array]]:
        if not path.single:
            raise _several()
        try:
            second = path.program.second(self.places, self.wrt, self.lane_rows)
        except NotImplementedError:  # a rule that is not generic: eager knows
            return path.program.value(u, x)[1], [np.array([np.nan])]
        seed = np.repeat(self.seed, len(lanes), 1)
        t_u, t_x = self.direction.tangents(u, lanes)
        out, follows, d_u, d_x = second(u, x, seed, t_u, t_x)
        return follows, [out, d_u[: len(self.d_u)], x[:0] if d_x is None else d_x]

    def eager(self, lane: int) -> None:
        args = self.call.sample(lane)
        t_u, t_x = self.direction.t_u[:, 0], self.direction.t_x[:, lane]
        side = (t_u if self.call.axes[0] is None else t_x)[list(self.call.rows(0))]
        v = flatten(args[0], "")[1](side.tolist())
        with self.call.naming(lane):
            found = transforms.hvp(self.f, args, (v,), argnums=0)
        numbers = np.array([primal(g) for g in flatten(found, "")[0]]) * self.seed[0, 0]
        if self.call.axes[0] is None:
            self.d_u[list(self.call.rows(0)), 0] += numbers
        else:
            self.d_x[list(self.call.rows(0)), lane] = numbers


def _like_results(
    values: _Values,
    args: Sequence[Any],
    places: Sequence[int],
    blocks: Sequence[Array],
    call: Call | None = None,
) -> list[Any]:
    """For each argument, the outputs with each number replaced by a gradient in its shape."""
    results = []
    for i, block in zip(places, blocks):
        if call is None:
            rows = [flatten(args[i], "")[1](row.tolist()) for row in block]
        else:
            rows = [call.shaped(i, row.reshape(len(call.rows(i)), -1)) for row in block]
        results.append(values.rebuild(rows))
    return results


def _is_number(returned: Any) -> bool:
    return (
        not isinstance(returned, (list, tuple, dict)) and getattr(returned, "shape", ()) == ()
    )


def _several() -> TypeError:
    return TypeError("value_and_grad: f returns a single number; use jacobian for several")


# ---------------------------------------------------------------- the entrance


@overload
def compile(
    f: Callable[..., Any], in_axes: Axes = ..., reduce: str | None = ...
) -> Compiled: ...
@overload
def compile(
    f: None = ..., in_axes: Axes = ..., reduce: str | None = ...
) -> Callable[[Callable[..., Any]], Compiled]: ...
def compile(
    f: Callable[..., Any] | None = None,
    in_axes: Axes = None,
    reduce: str | None = None,
    without: Collection[str] = (),
) -> Any:
    """The function f, recorded once and replayed over many samples; also as decorator.

    It is recorded on its first call with arguments of a shape, at a sample for each way that
    it goes: comparisons of Values decide anew for each sample. Values from outside that f uses
    are read at each call. Other things that f looks at, such as lists and globals, are read
    only when it is recorded.

    Args:
        f: takes numbers, or lists, dicts and NumPy arrays of them, and returns such.
        in_axes: for each argument, None if it is the same for all samples, 0 if each has its
            own: a list with an element for each sample, or an array with a row for each.
            Without it, f is for a single sample; a sum over samples inside it is found.
        reduce: "mean" or "sum" of the results of all samples; None gives each.
        without: passes to leave out: "fold", "gather", "reroll", "simplify", "share".

    Raises:
        TypeError: f is not a function, or `in_axes` is not a tuple of None and 0.
        ValueError: `reduce` is none of these; when called, f reads numbers out of Values.

    >>> @compile
    ... def f(x):
    ...     return (x[0] - 1.0) ** 2 + x[0] * x[1]
    >>> f([3.0, 2.0]), f.grad([3.0, 2.0])
    (10.0, [6.0, 3.0])
    >>> loss = compile(lambda w, x, y: (w * x - y) ** 2, in_axes=(None, 0, 0), reduce="mean")
    >>> loss.value_and_grad(1.0, [1.0, 2.0], [3.0, 3.0])
    (2.5, -4.0)
    """
    if in_axes is not None:
        if not isinstance(in_axes, tuple) or any(axis not in (None, 0) for axis in in_axes):
            raise TypeError(f"compile: in_axes must be a tuple of None and 0, got {in_axes!r}")
        if all(axis is None for axis in in_axes):
            in_axes = None
    if reduce not in (None, "mean", "sum"):
        raise ValueError(f'compile: reduce must be "mean", "sum" or None, got {reduce!r:.80}')
    if f is None:
        return lambda f: compile(f, in_axes, reduce, without)  # type: ignore[call-overload]
    if not callable(f):
        raise TypeError(f"compile takes a function, got {f!r:.80}")
    return Compiled(f, in_axes, reduce, without)
