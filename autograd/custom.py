"""Black boxes: functions of several inputs and outputs with a derivative of their own."""

from __future__ import annotations

from collections.abc import Callable
from functools import update_wrapper
from struct import pack
from typing import Any

from autograd.core.chain import untraced_primal
from autograd.core.define import primitive
from autograd.core.operand import is_node
from autograd.core.primitive import RESERVED, Primitive
from autograd.trees import Rebuild, flatten, flatten_like, structure, without_axes

__all__ = ["CustomVJP", "custom_vjp"]


def custom_vjp(
    f: Callable[..., Any], pullback: Callable[..., Any], name: str = ""
) -> CustomVJP:
    """f with a derivative of its own: for external code, and for what has a better rule.

    Each number that f gives is a single node whose inputs are all of the arguments' numbers: it
    is drawn, stepped and checked like any other, and nothing is recorded of what f does. f and
    the pullback get floats and arrays of floats only. So it can be differentiated once. When it
    is recorded, f runs once and the pullback once for each number that f gives. A program calls
    them again, for each sample.

    Args:
        f: takes numbers, lists, dicts or arrays, by position, and gives such.
        pullback: `pullback(cotangent, result, *args)` gives the cotangents of the arguments: a
            tuple with one an argument, in its shape; of a single argument, that alone. The
            cotangent has the shape of the result: it is d(y)/d(result) of some number y.
        name: what it is called in pictures and messages; f's own name if empty.

    Raises:
        TypeError: f or pullback is not a function, or name is not a string; when called, an
            argument, a result or what the pullback gives is not numeric; or a second derivative
            is asked for.
        ValueError: name is no identifier, or the library's; when called, the pullback gives
            something in another shape than the arguments.
        Whatever f and pullback raise.

    >>> import numpy as np
    >>> solve = custom_vjp(
    ...     np.linalg.solve,
    ...     lambda g, x, a, b: (-np.outer(np.linalg.solve(a.T, g), x), np.linalg.solve(a.T, g)),
    ... )
    >>> a, b = np.array([[2.0, 0.0], [1.0, 4.0]]), np.array([2.0, 9.0])
    >>> solve(a, b)
    array([1., 2.])
    >>> from autograd import grad
    >>> grad(lambda b: solve(a, b)[1])(b)
    array([-0.125,  0.25 ])
    """
    for what, given in (("f", f), ("pullback", pullback)):
        if not callable(given):
            raise TypeError(f"custom_vjp: {what} must be a function, got {given!r:.80}")
    if not isinstance(name, str):
        raise TypeError(f"custom_vjp: name must be a string, got {name!r:.80}")
    name = name or getattr(f, "__name__", "<lambda>").replace("<lambda>", "black_box")
    if not name.isidentifier() or name in RESERVED:
        raise ValueError(
            "custom_vjp: name must be a Python identifier that is none of the library's "
            f"primitives, got {name!r:.80}"
        )
    return CustomVJP(f, pullback, name)


class CustomVJP:
    """The result of `custom_vjp`, to be called as the function is."""

    def __init__(self, f: Callable[..., Any], pullback: Callable[..., Any], name: str) -> None:
        self.f, self.pullback, self.name = f, pullback, name
        self._boxes: dict[Any, _Box] = {}
        update_wrapper(self, f, updated=())

    def __call__(self, *args: Any) -> Any:
        """Call f; the results are Values where some of the arguments are."""
        leaves, rebuild = flatten(args, f"{self.name}: the arguments")
        if not any(is_node(x) for x in leaves):
            return self.f(*args)
        box = self._box(args, rebuild)
        numbers, shaped = box.run(tuple([untraced_primal(x) for x in leaves]))
        return shaped([box.primitive(float(k), *leaves) for k in range(len(numbers))])

    def __repr__(self) -> str:
        return f"<custom_vjp {self.name}>"

    def _box(self, args: tuple[Any, ...], rebuild: Rebuild) -> _Box:
        """Return the primitive for arguments of this structure."""
        key = structure(args, "").key
        if key not in self._boxes:
            self._boxes[key] = _Box(self, rebuild, len(self._boxes))
        return self._boxes[key]


class _Box:
    """The operation for arguments of a structure: which of the results, then all numbers."""

    def __init__(self, function: CustomVJP, rebuild: Rebuild, count: int) -> None:
        self.function, self.rebuild = function, rebuild
        # The bits of a point, what f gave there, and what was asked of that: each thing once,
        # so that f, which may read what changes, is run anew when it is asked again.
        self.last: tuple[bytes, Any, set[Any]] = b"", None, set()
        name = function.name
        self.primitive: Primitive = primitive(
            f"{name}.shape{count}" if count else name,
            lambda k, *xs: self.result(xs, k)[0][int(k)],
            self.partials,
            symbol=name,
            variadic=True,
            latex=f"\\operatorname{{{{{name}}}}}_{{{{{{0}}}}}}\\left({{args}}\\right)",
            doc=f"A result of {name}, which one, and all numbers of its arguments.",
        )

    def run(self, xs: tuple[float, ...]) -> tuple[list[float], Rebuild]:
        """The numbers that f gives, and what puts them in shape."""
        result = without_axes(self.function.f(*self.rebuild(xs)))
        results = flatten(result, f"{self.function.name}: the result")
        self.last = pack(f"{len(xs)}d", *xs), results, set()
        return results

    def result(self, xs: tuple[float, ...], asked: Any) -> tuple[list[float], Rebuild]:
        """The same, of the last run if that was at these numbers and not asked the same."""
        if not all(type(x) is float for x in xs):
            raise TypeError(
                f"{self.function.name}: custom_vjp gives first derivatives only, since its "
                "pullback computes with floats; write a function that autograd can follow, or "
                "autograd.primitive"
            )
        point, results, before = self.last
        if point != pack(f"{len(xs)}d", *xs) or asked in before:
            results, before = self.run(xs), self.last[2]
        before.add(asked)
        return results  # type: ignore[no-any-return]

    def partials(self, out: Any, k: Any, *xs: Any) -> tuple[float, ...]:
        """Return the partials of result k, by a pullback."""
        numbers, shaped = self.result(xs, ("partials", k))
        args = self.rebuild(xs)
        unit = shaped([float(i == k) for i in range(len(numbers))])
        cotangents = self.function.pullback(unit, shaped(numbers), *args)
        if len(args) == 1 and not isinstance(cotangents, tuple):
            cotangents = (cotangents,)
        what = f"{self.function.name}: what the pullback gives"
        return (0.0, *flatten_like(cotangents, args, what))
