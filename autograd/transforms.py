"""Derivatives of functions: what JAX calls transforms, on the recorded graph.

A transform calls the function on fresh nodes in place of the numbers it is given, and
sweeps over what was recorded: backwards for `grad` and `vjp`, forwards for `jvp`, either
way for `jacobian`, and both ways for `hvp`. Arguments and results are numbers, or nested
lists, tuples, dicts and NumPy arrays of numbers; derivatives come back in the same shape.

Where the result depends on other Values, because the arguments are Values, the function
uses some from outside, or transforms are nested, the derivative depends on them too: it is
then computed by the differentiable rules and comes back as a Value. So `grad(grad(f))` is
the second derivative, and a gradient can be part of a loss. Otherwise floats come back.
"""

from __future__ import annotations

import math
import operator
import sys
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import update_wrapper
from inspect import signature
from types import MethodType
from typing import Any, ParamSpec

from autograd.core import float_sweeps
from autograd.core.blocks import recording
from autograd.core.chain import untraced_primal
from autograd.core.float_sweeps import fast_order
from autograd.core.hints import note
from autograd.core.operand import real
from autograd.core.operations import enclosing
from autograd.core.primitive import TABLE
from autograd.core.sweeps import cotangents, tangents
from autograd.core.traversal import begin, made_before
from autograd.core.value import Value, tell_observer
from autograd.trees import Rebuild, flatten, flatten_like, without_axes

__all__ = [
    "grad",
    "gradient",
    "hessian",
    "hvp",
    "jacobian",
    "jvp",
    "value_and_grad",
    "value_and_jacobian",
    "vjp",
]

P = ParamSpec("P")
Function = Callable[..., Any]
Argnums = int | tuple[int, ...]
Argnames = str | tuple[str, ...] | None
MODES = ("auto", "forward", "reverse")


@dataclass(frozen=True)
class Options:
    """The arguments that a transform differentiates in, and what f returns; as in `grad`."""

    argnums: Argnums
    argnames: Argnames = None
    has_aux: bool = False
    mode: str = "auto"

    def __post_init__(self) -> None:
        _chosen(self.argnums)
        if not all(isinstance(name, str) for name in self.names):
            raise TypeError(
                f"argnames must be a string or a tuple of strings, got {self.argnames!r}"
            )
        if not isinstance(self.has_aux, bool):
            raise TypeError(f"has_aux must be True or False, got {self.has_aux!r}")
        if self.mode not in MODES:
            raise ValueError(f"mode must be one of {', '.join(MODES)}, got {self.mode!r}")

    @property
    def names(self) -> tuple[str, ...]:
        """Return the places of `argnames`."""
        if isinstance(self.argnames, tuple):
            return self.argnames
        return () if self.argnames is None else (self.argnames,)

    @property
    def single(self) -> bool:
        """Whether they name one argument rather than a tuple of them."""
        return not isinstance(self.argnums if self.argnames is None else self.argnames, tuple)

    def places(self, f: Function, count: int, named: dict[str, Any]) -> tuple[Any, ...]:
        """The chosen arguments: their places among `count` by position, or their names."""
        if self.argnames is None:
            return places_of(self.argnums, count)
        known = [] if {*self.names} <= {*named} else [*signature(f).parameters][:count]
        places: list[Any] = []
        for name in self.names:
            if name not in named and name not in known:
                raise ValueError(f"argnames names {name!r}, which was not given")
            places.append(name if name in named else known.index(name))
        return _distinct(places, f"argnames names an argument twice: {self.argnames!r}")


class Transformed:
    """A derivative of a function: called as that is, a method of a class where that is.

    It is pickled as its transform and the function.
    """

    def __init__(self, name: str, f: Function, options: Options, owner: str = "") -> None:
        update_wrapper(self, f, updated=())
        self._name, self._f, self._options, self._owner = name, f, options, owner or name

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        name, f, options = self._name, self._f, self._options
        if name == "hessian":
            f = Transformed("grad", f, options, name)
        run = Run(f, args, kwargs, options)
        if name in ("grad", "value_and_grad"):
            derivative = run.shaped(run.pull([(run.scalar(self._owner), 1.0)]))
        else:
            derivative = run.jacobian(options.mode)
        if name == "hessian" and not options.single:
            derivative = tuple(zip(*derivative))
        if name.startswith("value_and"):
            return run.with_aux(run.result()), derivative
        return run.with_aux(derivative)

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        return self if instance is None else MethodType(self, instance)

    def __repr__(self) -> str:
        return f"<{self._name} of {getattr(self._f, '__qualname__', self._f)}>"

    def __reduce__(self) -> str | tuple[Any, ...]:
        module = sys.modules.get(getattr(self._f, "__module__", ""))
        name = getattr(self._f, "__qualname__", "")
        if getattr(module, name, None) is self:  # decorated
            return str(name)
        return Transformed, (self._name, self._f, self._options)


def _transformed(name: str, f: Function, *options: Any) -> Transformed:
    check_function(f, name)
    return Transformed(name, f, Options(*options))


def derivative_of(f: Function) -> tuple[str, Function, Argnums] | None:
    """If f is what a transform gave: the transform's name, its function and `argnums`.

    Not of one with options that a compiled function's methods don't have.
    """
    if not isinstance(f, Transformed) or f._options.argnames or f._options.has_aux:
        return None
    return f._name, f._f, f._options.argnums


def gradient(y: Value, xs: Any, create_graph: bool = False) -> Any:
    """d(y)/d(x) for Values x that y was computed from, without touching any `grad`.

    Args:
        y: the result of recorded operations.
        xs: a Value, or a nested list, tuple, dict or array of Values; also interior nodes.
        create_graph: return Values that can be differentiated again, not floats.

    Returns:
        The derivatives in the shape of xs; 0.0 where y does not depend on x.

    Raises:
        TypeError: y or something in xs is not a Value, or `create_graph` not a bool.
        RuntimeError: with `create_graph`, if data was changed after it was used.
        ValueError, FloatingPointError: as `Value.backward`.

    >>> x, y = Value(2.0), Value(3.0)
    >>> z = x * x * y
    >>> gradient(z, [x, y])
    [12.0, 4.0]
    >>> dz = gradient(z, x, create_graph=True)
    >>> gradient(dz, {"x": x, "y": y})
    {'x': 6.0, 'y': 4.0}
    """
    if type(y) is not Value:
        raise TypeError(f"gradient: y must be a Value, got {y!r}")
    if not isinstance(create_graph, bool):
        raise TypeError(f"gradient: create_graph must be True or False, got {create_graph!r}")
    leaves, rebuild = flatten(xs, "gradient: xs")
    for x in leaves:
        if type(x) is not Value:
            raise TypeError(f"gradient: xs holds the number {x!r}; give the Values themselves")
    if not create_graph:
        tell_observer("gradient", y)
    order, _ = fast_order(y, since=made_before(leaves))
    grads = cotangents([(y, 1.0)], leaves, create_graph, order)
    results = _at(grads, leaves)
    if create_graph:
        results = [g if type(g) is Value else Value(g) for g in results]
    return rebuild(results)


def grad(
    f: Callable[P, Any], argnums: Argnums = 0, argnames: Argnames = None, has_aux: bool = False
) -> Callable[P, Any]:
    """The function that computes the gradient of f.

    Args:
        f: returns a number.
        argnums: the positional argument to differentiate in, counted from 0, or a tuple of
            them. The first alone, if it is left out.
        argnames: the same by names, in place of `argnums`; so given, or by position.
        has_aux: f returns a pair: the number, and something else that is handed on.

    Returns:
        A function of f's arguments: the derivative in the shape of the chosen argument, a
        tuple of them if `argnums` or `argnames` is a tuple; with `has_aux`, a pair of that
        and what else f returned.

    Raises:
        TypeError: f is not a function, or an option is of another type; when called, f
            returns something else than a number, or an argument is not numeric.
        ValueError: when called, there are too few arguments for `argnums`, or it names one
            twice.

    >>> def f(x, y):
    ...     return x * x * y
    >>> grad(f)(2.0, 3.0), grad(f, argnums=(0, 1))(2.0, 3.0)
    (12.0, (12.0, 4.0))
    >>> grad(grad(f))(2.0, 3.0)
    6.0
    """
    return _transformed("grad", f, argnums, argnames, has_aux)


def value_and_grad(
    f: Callable[P, Any], argnums: Argnums = 0, argnames: Argnames = None, has_aux: bool = False
) -> Callable[P, Any]:
    """The function that computes f and its gradient, as a pair; arguments as `grad`.

    With `has_aux` it gives ((value, aux), gradient).

    It can be handed to `scipy.optimize.minimize(value_and_grad(f), x0, jac=True)`: called
    with an array, f gets an object array of Values and the gradient is a float array.

    >>> value_and_grad(lambda x: x[0] * x[1])([2.0, 3.0])
    (6.0, [3.0, 2.0])
    """
    return _transformed("value_and_grad", f, argnums, argnames, has_aux)


def vjp(
    f: Function,
    *primals: Any,
    argnums: Argnums | None = None,
    argnames: Argnames = None,
    has_aux: bool = False,
) -> tuple[Any, ...]:
    """f(*primals), and the function that multiplies cotangents with its Jacobian.

    Args:
        f: returns a number or a nested structure of numbers.
        primals: its arguments.
        argnums, argnames: which of them to differentiate in; all if None.
        has_aux: f returns a pair: the result, and something else that is handed on.

    Returns:
        The result and `pullback(cotangent)`: the cotangent has the result's structure, and
        what it returns is a tuple with one entry a primal (for a single `argnums` or
        `argnames`, that one). With `has_aux`, also what else f returned.

    Raises:
        TypeError: an argument or the cotangent is not numeric.
        ValueError: the cotangent is built in another way than the result.

    >>> y, pullback = vjp(lambda x, y: [x * y, x + y], 2.0, 3.0)
    >>> y, pullback([1.0, 10.0])
    ([6.0, 5.0], (13.0, 12.0))
    """
    run = _run(f, primals, "vjp", argnums, argnames, has_aux)

    def pullback(cotangent: Any) -> Any:
        seeds = flatten_like(cotangent, run.returned, "vjp: the cotangent")
        return run.shaped(run.pull(zip(run.outputs, seeds)))

    return run.with_aux(run.result(), pullback)  # type: ignore[no-any-return]


def jvp(
    f: Function,
    primals: tuple[Any, ...],
    tangents: tuple[Any, ...],
    argnums: Argnums | None = None,
    argnames: Argnames = None,
    has_aux: bool = False,
) -> tuple[Any, ...]:
    """f(*primals), and its directional derivative along the tangents (forward mode).

    Args:
        f: returns a number or a nested structure of numbers.
        primals: a tuple with the arguments of f.
        tangents: a tuple with one tangent for each differentiated argument, in its shape.
        argnums, argnames, has_aux: as `vjp`.

    Returns:
        The result and its tangent, in the same structure; with `has_aux`, also what else f
        returned.

    Raises:
        TypeError: primals or tangents are not tuples, or not numeric.
        ValueError: they are built in different ways, or as `Value.backward`.

    >>> jvp(lambda x, y: x * y, (2.0, 3.0), (1.0, 10.0))
    (6.0, 23.0)
    """
    run, along = _directional(f, primals, tangents, "jvp", argnums, argnames, has_aux)
    pushed = run.rebuild_outputs(run.push(along))
    return run.with_aux(run.result(), pushed)  # type: ignore[no-any-return]


def jacobian(
    f: Callable[P, Any],
    argnums: Argnums = 0,
    mode: str = "auto",
    argnames: Argnames = None,
    has_aux: bool = False,
) -> Callable[P, Any]:
    """The function that computes the Jacobian of f.

    Args:
        f: returns a number or a nested structure of numbers.
        argnums: as `grad`.
        mode: "reverse" sweeps once an output, over what that depends on; "forward" once an
            input, over everything; "auto" goes forward where there are fewer inputs.
        argnames, has_aux: as `grad`.

    Returns:
        A function of f's arguments: f's result with each number replaced by its gradient,
        or a tuple of these if `argnums` is a tuple. For lists of m results and n arguments
        that is m lists of n; for an array, an array of shape (*result, *argument). Of
        structures, each array of the result gives a structure of such blocks.

    Raises:
        TypeError, ValueError: as `grad`; ValueError also for another `mode`, and where the
            argument holds no numbers.

    >>> jacobian(lambda x: [x[0] * x[1], x[0] + x[1]])([2.0, 3.0])
    [[3.0, 2.0], [1.0, 1.0]]
    """
    return _transformed("jacobian", f, argnums, argnames, has_aux, mode)


def value_and_jacobian(
    f: Function,
    argnums: Argnums = 0,
    mode: str = "auto",
    argnames: Argnames = None,
    has_aux: bool = False,
) -> Function:
    """The function that computes f and its Jacobian, as a pair; arguments as `jacobian`.

    With `has_aux` it gives ((value, aux), Jacobian).

    f is called once. `scipy.optimize.root(value_and_jacobian(f), x0, jac=True)` solves
    f(x) = 0.

    >>> value_and_jacobian(lambda x: [x[0] * x[1], x[0] + x[1]])([2.0, 3.0])
    ([6.0, 5.0], [[3.0, 2.0], [1.0, 1.0]])
    """
    return _transformed("value_and_jacobian", f, argnums, argnames, has_aux, mode)


def hessian(
    f: Callable[P, Any], argnums: Argnums = 0, argnames: Argnames = None, has_aux: bool = False
) -> Callable[P, Any]:
    """The function that computes the matrix of second derivatives of f.

    Args and errors as `grad`. For a list of n arguments it returns n lists of n; for a
    tuple `argnums`, a tuple of tuples of such blocks, `[i][j]` for arguments i and j.

    >>> hessian(lambda x: x[0] * x[0] * x[1])([2.0, 3.0])
    [[6.0, 4.0], [4.0, 0.0]]
    """
    return _transformed("hessian", f, argnums, argnames, has_aux)


def hvp(
    f: Function,
    primals: Any,
    tangents: Any,
    argnums: Argnums | None = None,
    argnames: Argnames = None,
    has_aux: bool = False,
) -> Any:
    """The Hessian of f times a vector, forward over reverse: about the cost of a gradient.

    Args and errors as `jvp`; f returns a number. Of a function of one argument, that argument
    and its tangent may be given without tuples, as `scipy.optimize.minimize` does.

    Returns:
        A tuple with one entry a primal (for a single `argnums` or `argnames`, or without
        tuples, that one); with `has_aux`, a pair of that and what else f returned.

    Source: Pearlmutter, "Fast exact multiplication by the Hessian", 1994.

    >>> def f(x):
    ...     return x[0] * x[0] * x[1]
    >>> hvp(f, ([2.0, 3.0],), ([1.0, 0.0],)), hvp(f, [2.0, 3.0], [1.0, 0.0])
    (([6.0, 4.0],), [6.0, 4.0])
    """
    if argnums is None and not (isinstance(primals, tuple) or isinstance(tangents, tuple)):
        primals, tangents, argnums = (primals,), (tangents,), 0
    run, along = _directional(f, primals, tangents, "hvp", argnums, argnames, has_aux)
    return run.with_aux(run.shaped(run.curve(run.scalar("hvp"), along)))


def _run(
    f: Function, primals: Any, name: str, argnums: Any, argnames: Any, has_aux: Any
) -> Run:
    check_function(f, name)
    argnums = tuple(range(len(primals))) if argnums is None else argnums
    return Run(f, primals, {}, Options(argnums, argnames, has_aux))


def _directional(
    f: Function, primals: Any, tangents: Any, name: str, *options: Any
) -> tuple[Run, list[Any]]:
    """A call of f, and a number for each of its variables."""
    check_directional(f, primals, tangents, name)
    run = _run(f, primals, name, *options)
    chosen = tuple([primals[i] for i in run.argnums])
    return run, flatten_like(tangents, chosen, f"{name}: the tangents")


def enclosed() -> bool:
    """Whether this thread is in a function that is being differentiated."""
    return enclosing.run is not None


def differentiated(values: Iterable[Value]) -> bool:
    """Whether one of these depends on what such a function is differentiated in."""
    variables: set[Value] = set()
    run = enclosing.run
    while run is not None:
        variables.update(run.variables)
        run = run.outer
    return not all(map(variables.isdisjoint, fast_order(*values)))


class Run:
    """A call of f on fresh variables, and the sweeps over what it recorded.

    It is private if the outputs depend on no leaves but those made since it began: its own
    variables, those of runs inside f, and constants. Then derivatives are plain floats. What
    was recorded before depends on none of the variables: no sweep goes there. With `every`, f
    gets Values for the other arguments too, and the derivatives are not in them.
    """

    def __init__(
        self,
        f: Function,
        args: Sequence[Any],
        kwargs: dict[str, Any],
        options: Options,
        every: bool = False,
    ) -> None:
        self.argnums = options.places(f, len(args), kwargs)
        self.since = begin()
        call: dict[Any, Any] = dict(enumerate(args)) | kwargs
        self.variables: list[Value] = []
        shapes: list[tuple[int, Rebuild]] = []
        self.closed: set[Value] = set()
        others = set(range(len(args))) - set(self.argnums) if every else set[int]()
        for argnum in (*self.argnums, *others):
            leaves, rebuild = flatten(call[argnum], f"argument {argnum}")
            # A Value gets a node of its own, so that its other uses are not counted.
            with recording():
                fresh = [TABLE["identity"](x) if type(x) is Value else Value(x) for x in leaves]
            call[argnum] = rebuild(fresh)
            self.closed.update(fresh)
            if argnum not in others:
                shapes.append((len(fresh), rebuild))
                self.variables += fresh
        self.options, self.shapes = options, shapes
        self.outer = outer = enclosing.run
        enclosing.run = self
        try:
            with recording():
                positional = [call.pop(i) for i in range(len(args))]
                self.returned = f(*positional, **call)
                if options.has_aux:
                    self.returned, self.handed_on = _pair(self.returned)
                self.returned = without_axes(self.returned)
        except Exception as error:
            note(error)
            if isinstance(error, TypeError) and any(type(x) is list for x in args):
                error.add_note(
                    "a derivative takes what the function takes; for the derivatives at "
                    "several points write [grad(f)(x) for x in xs]"
                )
            raise
        finally:
            enclosing.run = outer
        self.outputs, self.rebuild_outputs = flatten(self.returned, "the result of f")
        self.roots = [y for y in self.outputs if type(y) is Value]
        before: list[Value] = []
        self.order, self.leaves = fast_order(*self.roots, since=self.since, before=before)
        if outer is not None:
            outer.closed.update(self.closed, self.leaves[: -len(before) or None])
        self.private = all(leaf in self.closed for leaf in before)

    def scalar(self, name: str) -> Any:
        if type(self.returned) is Value or real(self.returned) is not None:
            return self.outputs[0]
        raise TypeError(
            f"{name}: f returns a single number, got a {type(self.returned).__name__}; "
            "use jacobian or vjp for several"
        )

    def result(self) -> Any:
        if not self.private:
            return self.returned
        return self.rebuild_outputs(_data_of(self.outputs))

    def with_aux(self, first: Any, *more: Any) -> Any:
        """The results, and what else f returned, without its graph."""
        results = first, *more
        if self.options.has_aux:
            results = *results, self.handed_on
            with suppress(TypeError):
                leaves, rebuild = flatten(self.handed_on, "")
                if self.private:
                    results = *results[:-1], rebuild(_data_of(leaves))
        return results if len(results) > 1 else results[0]

    def pull(self, pairs: Iterable[tuple[Any, Any]]) -> list[Any]:
        """Σ seed · d(output)/d(variable) over the pairs (output, seed), for each variable."""
        pairs = [(y, seed) for y, seed in pairs if type(y) is Value and not _is_zero(seed)]
        seeds = [seed for _, seed in pairs]
        known = self._on_floats(seeds, float_sweeps.pull, pairs, self.variables)
        if known:
            return known
        order, _ = fast_order(*[y for y, _ in pairs], since=self.since)
        return _at(cotangents(pairs, self.variables, not self.private, order), self.variables)

    def push(self, directions: Sequence[Any]) -> list[Any]:
        """Σ d(output)/d(variable) · direction, for each output."""
        seeds = [*zip(self.variables, directions)]
        places = self.order, self.leaves, self.outputs
        known = self._on_floats(directions, float_sweeps.push, seeds, *places)
        if known:
            return known
        return _at(tangents(self.roots, seeds, not self.private, self.order), self.outputs)

    def curve(self, y: Any, directions: Sequence[Any]) -> list[Any]:
        """The Hessian of an output, times a vector with an entry a variable."""
        if type(y) is not Value:
            return [0.0] * len(self.variables)
        variables, sweep = self.variables, float_sweeps.curvature
        known = self._on_floats(directions, sweep, y, variables, directions)
        if known:
            return known
        with recording():
            slopes = _at(cotangents([(y, 1.0)], variables, True, self.order), variables)
        roots = [slope for slope in slopes if type(slope) is Value]
        order, _ = fast_order(*roots, since=self.since)
        return _at(tangents(roots, zip(variables, directions), not self.private, order), slopes)

    def _on_floats(self, seeds: Iterable[Any], sweep: Function, *args: Any) -> list[float]:
        """The result of a sweep on floats; empty where that does not do, or gives a NaN."""
        if not self.private or any(type(seed) is not float for seed in seeds):
            return []
        numbers: list[float] = sweep(*args)
        return [] if any(map(math.isnan, numbers)) else numbers

    def jacobian(self, mode: str) -> Any:
        """Each output replaced by its derivatives in the shape of the chosen arguments."""
        count, rows = len(self.variables), list[Any]()
        if mode == "forward" or (mode == "auto" and count < len(self.outputs)):
            try:
                units = [[float(i == j) for j in range(count)] for i in range(count)]
                rows = [*map(list, zip(*map(self.push, units)))]
            except (ValueError, FloatingPointError):  # reverse mode may pass by the place
                if mode == "forward":
                    raise
        rows = rows or [self.pull([(y, 1.0)]) for y in self.outputs]
        chosen = None if self.options.single else len(self.shapes)
        return nested([*map(self.shaped, rows)], self.rebuild_outputs, chosen)

    def shaped(self, numbers: list[Any]) -> Any:
        """One number a variable, in the shape of the chosen arguments."""
        results, start = [], 0
        for size, rebuild in self.shapes:
            results.append(rebuild(numbers[start : start + size]))
            start += size
        return results[0] if self.options.single else tuple(results)


def nested(gradients: Sequence[Any], outer: Rebuild, count: int | None) -> Any:
    """Put the gradients of all outputs in the shape of the outputs.

    Args:
        count: how many arguments each gradient is in, if it is a tuple: so is the result then.
    """
    if count is None:
        return outer(gradients)
    return tuple(map(outer, zip(*gradients) if gradients else [()] * count))


def _data_of(leaves: Sequence[Any]) -> list[Any]:
    return [untraced_primal(y) if type(y) is Value else y for y in leaves]


def _at(sums: dict[Value, Any], nodes: Iterable[Any]) -> list[Any]:
    """The result of a sweep at nodes, of which some may be numbers."""
    return [sums.get(x, 0.0) if type(x) is Value else 0.0 for x in nodes]


def _is_zero(seed: Any) -> bool:
    return type(seed) is float and seed == 0.0


def check_function(f: Function, name: str) -> None:
    if not callable(f):
        hint = "; gradient(y, xs) differentiates Values" if isinstance(f, Value) else ""
        raise TypeError(f"{name} takes a function, got {f!r}{hint}")


def check_directional(f: Function, primals: Any, tangents: Any, name: str) -> None:
    check_function(f, name)
    for key, given in (("primals", primals), ("tangents", tangents)):
        if not isinstance(given, tuple):
            raise TypeError(
                f"{name}: {key} must be a tuple, one entry an argument, got {given!r}"
            )


def is_single(argnums: Argnums) -> bool:
    """Whether argnums names one argument rather than a tuple of them."""
    return hasattr(argnums, "__index__")


def _chosen(argnums: Any) -> tuple[int, ...]:
    chosen = (argnums,) if is_single(argnums) else argnums
    if not isinstance(chosen, tuple) or not all(map(is_single, chosen)):
        raise TypeError(f"argnums must be an integer or a tuple of integers, got {argnums!r}")
    return tuple(map(operator.index, chosen))


def _pair(returned: Any) -> tuple[Any, Any]:
    if not isinstance(returned, tuple) or len(returned) != 2:
        raise TypeError(
            f"with has_aux, f returns a pair, its result and more; got {returned!r:.80}"
        )
    return returned


def places_of(argnums: Any, count: int) -> tuple[int, ...]:
    """The places of the chosen arguments among `count`, from the first."""
    places = []
    for argnum in _chosen(argnums):
        if not -count <= argnum < count:
            raise ValueError(
                f"argnums names argument {argnum}, but {count} were given by position; "
                "give it without its name"
            )
        places.append(argnum % count)
    return _distinct(places, f"argnums names an argument twice: {argnums!r}")


def _distinct(places: list[Any], message: str) -> tuple[Any, ...]:
    if len({*places}) < len(places):
        raise ValueError(message)
    return tuple(places)
