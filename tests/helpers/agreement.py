"""One law: each method of a compiled function gives what eager's transform gives."""

import itertools
import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from hypothesis import assume
from hypothesis import strategies as st

import autograd
from autograd import Value, primitive, transforms
from autograd.core.operand import primal
from autograd.program import Compiled, compile
from autograd.program.program import PASSES
from autograd.program.trace.verify import FACTOR, FUNCTION
from autograd.trees import flatten
from tests.helpers.graphs import spelled
from tests.helpers.programs import SAFE, Listing, programs

__all__ = ["TARGETS", "Case", "agrees", "cases", "near", "obeys", "result"]

# With the kernel, if any, and with NumPy.
TARGETS = pytest.mark.parametrize("target", ["", "numpy"], indirect=True, scope="module")

Function = Callable[..., Any]
Argnums = int | tuple[int, ...]
TOLERANCE = 1e-12  # of the largest number of a result
MOVED = 1e-11  # relative; what that changes may be rounding's doing, ten times over
SHAKEN = 1e-13  # relative, of each operand of a random function; this, too


def result(f: Function, *args: Any, **more: Any) -> Any:
    """Return what a call gives, or the type of what it raises."""
    try:
        return f(*args, **more)
    except (ValueError, ArithmeticError, IndexError) as error:
        return type(error)


def agrees(f: Function, *args: Any, in_axes: Any = None) -> Compiled:
    """f compiled, which obeys the law there and near: of samples, their sums."""
    fast = compile(f, in_axes, "sum" if in_axes else None)
    every = tuple(range(len(args)))
    for xs in (args, near(args), args):
        for argnums in list[Argnums]([every, *every]):
            obeys(fast, xs, argnums)
    return fast


def near(args: Sequence[Any]) -> tuple[Any, ...]:
    """Return arguments of which each number but the first is a little larger."""
    return tuple([mapped(arg, lambda i, x: x + 1e-3 * i * x) for arg in args])


def obeys(fast: Compiled, args: Sequence[Any], argnums: Argnums) -> int:
    """Each method gives or raises what eager's transform does, of all samples or of each.

    Returns how many calls were compared.
    """
    axes = fast.in_axes if isinstance(fast.in_axes, tuple) else (fast.in_axes,) * len(args)
    every, chosen = tuple(range(len(args))), (argnums,) if isinstance(argnums, int) else argnums
    ts = [mapped(arg, lambda i, _: math.sin(i + 1.0)) for arg in args]
    still = [t if i in chosen else mapped(t, lambda *_: 0.0) for i, t in enumerate(ts)]
    first = [t if i == 0 else mapped(t, lambda *_: 0.0) for i, t in enumerate(ts)]
    each = 0 in axes and fast.reduce is None
    f = fast.f if each or 0 not in axes else total(fast.f, axes, str(fast.reduce))

    def wanted(transform: Callable[..., Any], *tangents: Any) -> Function:
        def of(*args: Any) -> Any:
            if not each:
                return transform(args, *tangents)
            return [*map(transform, *[samples(given, axes) for given in (args, *tangents)])]

        return of

    def picked(found: Any) -> Any:
        return found[argnums] if isinstance(argnums, int) else tuple(found[i] for i in argnums)

    def jacobian(*args: Any) -> Any:
        found = wanted(lambda xs: transforms.jacobian(f, every)(*xs))(*args)
        return picked([*zip(*found)] if each else found)

    def hessian(*args: Any) -> Any:
        found = wanted(lambda xs: transforms.hessian(f, every)(*xs))(*args)
        blocks = [
            [[h[i][j] for h in found] if each else found[i][j] for j in chosen] for i in chosen
        ]
        return blocks[0][0] if isinstance(argnums, int) else blocks

    def value_and_grad(*args: Any) -> Any:
        value, slopes = transforms.value_and_grad(f, every)(*args)
        return value, picked(slopes)

    def both(*args: Any) -> Any:
        found = wanted(lambda xs, t: transforms.jvp(f, tuple(xs), tuple(t)), still)(*args)
        return [*zip(*found)] if each else found

    value = wanted(lambda xs: f(*[mapped(x, lambda _, leaf: Value(leaf)) for x in xs]))
    along = tuple([ts[i] for i in chosen])
    compared: list[tuple[Callable[[], Any], Function]] = [
        (lambda: fast(*args), value),
        (lambda: fast(*args), value),  # now at once, if it can be
        (lambda: fast.jacobian(*args, argnums=argnums), jacobian),
        (lambda: fast.jvp(tuple(args), along, argnums), both),
    ]
    numbers = value(*args) if each else [value(*args)]
    is_number = all(type(y) is Value or type(y) is float for y in numbers)
    if is_number and (each or not any(axes[i] == 0 for i in chosen)):
        compared.append((lambda: fast.hessian(*args, argnums=argnums), hessian))
    if is_number and not each:
        compared += [(lambda: fast.value_and_grad(*args, argnums=argnums), value_and_grad)] * 2
        compared += [
            (
                lambda: transforms.value_and_grad(fast, every)(*args),
                transforms.value_and_grad(f, every),
            ),
            (lambda: fast.grad(*args, argnums=argnums), lambda *a: value_and_grad(*a)[1]),
            (
                lambda: fast.hvp(args[0], ts[0], *args[1:]),
                lambda *args: transforms.hvp(f, args, tuple(first))[0],
            ),
        ]
    for got, expected in compared:
        try:
            given = expected(*args)
        except (ValueError, ArithmeticError):  # some sample is beside a kink
            with pytest.raises((ValueError, ArithmeticError)):
                got()
        else:
            assert_close(got(), expected, args, given)
    return len(compared)


def total(f: Function, axes: Sequence[Any], reduce: str) -> Function:
    """The mean or the sum over all samples, as a function that eager differentiates."""

    def reduced(*args: Any) -> Any:
        each = [flatten(f(*sample), "") for sample in samples(args, axes)]
        columns = [*zip(*[leaves for leaves, _ in each])]
        weight = 1.0 / len(each) if reduce == "mean" else 1.0
        return each[0][1]([weight * autograd.fsum(column) for column in columns])

    return reduced


def samples(args: Sequence[Any], axes: Sequence[Any]) -> list[list[Any]]:
    count = next(len(a) for a, axis in zip(args, axes) if axis == 0)
    return [[a if axis is None else a[i] for a, axis in zip(args, axes)] for i in range(count)]


def assert_close(got: Any, expected: Function, args: Sequence[Any], given: Any = None) -> None:
    """Built alike, and as close as rounding of the arguments lets it be.

    Args:
        given: what is expected, where it is known.
    """
    wanted = plain(expected(*args) if given is None else given)
    got = plain(got)
    assert mapped(got, lambda *_: 0.0) == mapped(wanted, lambda *_: 0.0)
    a, b = leaves(got), leaves(wanted)
    scale = TOLERANCE * max([0.0, *[abs(y) for y in b if math.isfinite(y)]])
    if not all(map(same, a, b, [scale + 1e-300] * len(b))):
        moved = mapped([*args], lambda i, x: x + MOVED * x * math.cos(3.0 * i))
        near = leaves(plain(expected(*moved)))
        with shaken():
            beside = leaves(plain(expected(*args)))
        allowed = [scale + 10.0 * (abs(x - z) + abs(y - z)) for x, y, z in zip(near, beside, b)]
        for sample in range(8):
            with shaken(FUNCTION, sample):
                again = leaves(plain(expected(*args)))
            allowed = [max(x, FACTOR * abs(y - z)) for x, y, z in zip(allowed, again, b)]
        assert all(map(same, a, b, allowed)), (got, wanted)


def same(x: float, y: float, allowed: float) -> bool:
    return x == y or (x != x and y != y) or abs(x - y) <= allowed


def plain(tree: Any) -> Any:
    """Lists for arrays and tuples, numbers for Values."""
    if isinstance(tree, dict):
        return {key: plain(each) for key, each in tree.items()}
    if isinstance(tree, np.ndarray):
        return plain(tree.tolist())
    return [*map(plain, tree)] if isinstance(tree, list | tuple) else float(primal(tree))


def leaves(tree: Any) -> list[float]:
    return [primal(x) for x in flatten(tree, "")[0]]


def mapped(tree: Any, change: Callable[[int, float], Any]) -> Any:
    found, rebuild = flatten(tree, "")
    return rebuild([change(i, x) for i, x in enumerate(found)])


# ---------------------------------------------------------------- random functions

NAMES = [*sorted(SAFE), *["dot", "sum", "mul"] * 6]
halved = primitive("tests.halved_by_ldexp", lambda x: math.ldexp(x, -1), lambda out, x: 0.5)


noise: Iterator[float] = itertools.repeat(1.0)


@contextmanager
def shaken(size: float = SHAKEN, sample: int = 0) -> Iterator[None]:
    """Random functions compute with operands that are a little off, each by another bit.

    Where terms cancel, as in x - x, what is left of this is what rounding may leave. Terms that
    cancel whatever the operands are, as in the derivatives of x/x, leave a rounding of their
    own in one of several samples.
    """
    global noise
    noise = (1.0 + size * math.cos(3.0 * k + sample) for k in itertools.count())
    try:
        yield
    finally:
        noise = itertools.repeat(1.0)


def applied(name: str) -> Function:
    return lambda *xs: spelled(name)(*[x * next(noise) for x in xs])


@dataclass(frozen=True)
class Case:
    """A function of several arguments, compiled, and what it is called with.

    Attributes:
        listing: computes its results from all numbers of its arguments.
        twist: what is done besides: "products" of the last argument's numbers are added;
            "branch", by the first number; "overflow", in some of the samples, so that eager
            computes them; "opaque", a rule that only floats know.
        shape: of its result.
    """

    listing: Listing
    twist: str
    shape: str
    args: tuple[Any, ...]
    in_axes: tuple[int | None, ...]
    reduce: str | None
    without: tuple[str, ...]
    argnums: Argnums

    def __call__(self, *args: Any) -> Any:
        xs = flatten(args, "")[0]
        starts = self.listing.starts
        table = spelled if type(noise) is itertools.repeat else applied
        ys = self.listing.run(xs, table)[-3:]
        ys[-1] = ys[-1] * (1.0 + xs[-1].sin())
        if self.twist == "products":
            part = flatten(args[-1], "")[0]
            ys[-1] = sum([x * x for x in part], ys[-1])
            ys[0] = autograd.dot(part, part[::-1], xs[0])
        if self.twist == "branch" and xs[0] > starts[0] + 0.01 * abs(starts[0]):
            ys[-1] = ys[-1] * xs[0] - ys[0]
        if self.twist == "overflow":
            ys[-1] = ys[-1] + autograd.minimum(abs(xs[0]) * (1.75e308 / abs(starts[0])), 1.0)
        if self.twist == "opaque":
            ys[-1] = ys[-1] * halved(xs[-1])
        if self.shape == "number":
            return ys[-1]
        return ys if self.shape == "list" else {"a": ys[:-1], "b": (ys[-1], 2.0)}

    def check(self) -> int:
        """It obeys the law; how many calls were compared."""
        fast = Compiled(self, self.in_axes, self.reduce, self.without)
        return obeys(fast, self.args, self.argnums)


@st.composite
def cases(draw: st.DrawFn) -> Case:
    listing = draw(programs(max_inputs=6, max_ops=10, primitives=NAMES))
    starts = listing.starts
    cuts = sorted(draw(st.sets(st.integers(1, max(1, len(starts) - 1)), max_size=2)))
    parts = [p for a, b in itertools.pairwise([0, *cuts, len(starts)]) if (p := starts[a:b])]
    axes = draw(st.tuples(*[st.sampled_from([None, 0])] * len(parts)))
    lanes, args = draw(st.sampled_from([1, 2, 3, 9])), []
    for part, axis in zip(parts, axes):
        kind = draw(st.sampled_from([list, tuple, dict, np.array, float]))

        def built(xs: list[float], kind: Any = kind) -> Any:
            if kind is float and len(xs) == 1:
                return xs[0]
            return (
                dict(zip("abcdef", xs)) if kind is dict else tuple(xs) if kind is tuple else xs
            )

        each = [
            built([x * (1.0 + 0.05 * math.sin(k * (i + 1.0))) for i, x in enumerate(part)])
            for k in range(lanes)
        ]
        given = each[0] if axis is None else each
        args.append(np.array(given) if kind is np.array else given)
    ways = [
        w for n in range(len(args)) for w in itertools.permutations(range(len(args)), n + 1)
    ]
    found = Case(
        listing,
        draw(
            st.sampled_from(
                [
                    *[""] * 3,
                    *["products", "branch"] * 2,
                    "overflow" if starts[0] else "",
                    "opaque",
                ]
            )
        ),
        draw(st.sampled_from(["number", "list", "dict"])),
        tuple(args),
        axes,
        draw(st.sampled_from([None, "mean", "sum"])),
        draw(st.sampled_from([(), (), (), ("fuse_sums",), ("fold", "cse"), PASSES])),
        draw(st.sampled_from([*range(len(args)), *ways])),
    )
    try:
        for xs in samples(args, axes) if 0 in axes else [args]:
            found(*[mapped(x, lambda _, leaf: Value(leaf)) for x in xs])
    except (ValueError, ArithmeticError):
        assume(False)
    return found
