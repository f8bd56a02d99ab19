"""A program's values as JAX computes them; JAX differentiates.

An array has a row a row and a column a lane. Rows of several values are their concatenation
and one gather, whatever repeats is a `scan`. An operation has the derivative of the table where
that is more than a product with an operand: its digits are right in the tails, and a zero
tangent beats an infinite partial.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from functools import cache, reduce
from typing import Any

from autograd.program.ir.arrays import Array, np
from autograd.program.ir.program import BlockProgram
from autograd.program.ir.slopes import adjoint_term, hypot_slope
from autograd.program.passes.loops import DEPTH, FIXED, TABLE, Loop, Step, roll
from autograd.rules import reader
from autograd.rules.arrays import composed, function, library
from autograd.rules.expression import FLAT, Expression, Term, UntranslatableError, operand

__all__ = ["values"]

MOST = 4000  # operations that JAX compiles in some ten seconds
LARGEST = sys.float_info.max


@cache
def namespace() -> dict[str, Any]:
    """The names that formulas use."""
    import jax

    functions = (strong_zero, rounded, refuse)
    space: dict[str, Any] = {f.__name__: f for f in functions}
    space |= {"np": jax.numpy, "erf": jax.lax.erf, "erfc": jax.lax.erfc}
    space["detach"] = jax.lax.stop_gradient
    return space | library(formula)


def strong_zero(tangent: Array, partial: Array) -> Array:
    """Their product; 0 where the tangent is, even against an infinite partial.

    Infinity is two finite factors, so that it is linear in the tangent.
    """
    import jax

    numpy = jax.numpy
    finite = numpy.maximum(numpy.minimum(partial, LARGEST), -LARGEST)
    return tangent * finite * numpy.where(abs(partial) == np.inf, LARGEST, 1.0)


def rounded(x: Array, digits: Array | None = None) -> Array:
    import jax

    if digits is not None:
        raise NotImplementedError("round to digits: only Python's floats can do that")
    return jax.numpy.round(x)


def refuse(x: Array, refused: Array) -> Array:
    """x, and NaN where eager raises."""
    import jax

    return jax.numpy.where(refused, np.nan, x)


# ---------------------------------------------------------------- operations


def formula(x: Expression) -> Callable[..., Array]:
    """The function of the operands of a map.

    Raises:
        NotImplementedError: a rule of the operation is for floats only.
    """
    import jax

    count = 1 + max([a.args[0] for a in x.args if type(a) is Expression])
    names = [f"x{k}" for k in range(count)]
    value = _made(names, reader.value(x.op, x.args) if composed(x.op) else x)

    def f(*xs: Array) -> Array:  # of their shape, though it may depend on none of them
        return jax.numpy.broadcast_arrays(value(*xs), *xs)[0]

    if x.op in FLAT or x.op == "where":
        return f
    out, along = operand(count), operand(count + 1)
    terms = [
        (a.args[0], adjoint_term(x.op, slot, out, along, x.args))
        for slot, a in enumerate(x.args)
        if type(a) is Expression
    ]
    if all(_is_product(term, along) for _, term in terms):
        return f
    each = [(k, _made([*names, "out", "t"], term)) for k, term in terms]

    def slope(out: Array, tangents: Any, *xs: Array) -> Array:
        return sum([term(*xs, out, tangents[k]) for k, term in each])

    ruled: Callable[..., Array] = _ruled(jax, f, slope)
    return ruled


def _refused(kind: str, op: str, *_: Any) -> Expression:
    raise UntranslatableError(
        f"{op[1:-1]}: its rule is for floats only; write it with this library's functions"
    )


def _is_product(term: Term, along: Expression) -> bool:
    """Whether JAX has this derivative: the tangent, or its product with an operand."""
    if type(term) is not Expression or term.op not in ("mul", "neg"):
        return term is along
    first, *others = term.args
    return first is along and all(type(x) is Expression and x.op == "operand" for x in others)


def _ruled(jax: Any, f: Callable[..., Array], slope: Callable[..., Array]) -> Any:
    """A function with its derivative along tangents."""
    ruled: Any = jax.custom_jvp(f)

    def rule(xs: Any, tangents: Any) -> tuple[Array, Array]:
        out = ruled(*xs)
        return out, jax.numpy.broadcast_to(slope(out, tangents, *xs), out.shape)

    ruled.defjvp(rule)
    return ruled


@cache
def reduction(op: str) -> Any:
    """The function of operands of shape (width, rows, lanes)."""
    import jax

    if op in ("sum", "maximum", "minimum"):
        method = {"maximum": "max", "minimum": "min"}.get(op, op)
        return lambda a: getattr(a, method)(0)
    if op == "hypot":
        return _length(jax)
    value = _made(["a"], reader.formula(op))
    slopes = _made(["out", "a"], reader.partials(op)[0])

    def slope(out: Array, tangents: Any, a: Array) -> Array:
        return (tangents[0] * slopes(out, a)).sum(0)

    return _ruled(jax, value, slope)


def _length(jax: Any) -> Any:
    """The function hypot of operands of shape (width, rows, lanes), with its slopes."""
    slopes = _made(["a", "out"], hypot_slope(operand(0), operand(1)))

    def value(a: Array) -> Array:
        return reduce(jax.numpy.hypot, a[1:], abs(a[0]))

    def slope(out: Array, tangents: Any, a: Array) -> Array:
        # XLA multiplies by 1 / length, which must not be subnormal.
        scale = jax.numpy.where(out > 1.0, 2.0**-10, 2.0**10)
        return (tangents[0] * slopes(a * scale, out * scale)).sum(0)

    return _ruled(jax, value, slope)


def _made(names: Sequence[str], x: Term) -> Callable[..., Array]:
    return function(namespace(), names, x, _refused)


def computed(step: Step, xs: Sequence[Array], formulas: dict[Any, Any]) -> Array:
    """Return the result of an operation on its operands."""
    import jax

    op, rows = step.op, step.op.rows
    if op.kind == "map":
        return formulas[op.param.key()](*xs)
    if op.kind == "matmul":
        w, x, *bias = xs
        batch, vectors = step.shape
        w, x = w.reshape(batch, -1, step.width), x.reshape(batch, vectors, step.width, -1)
        product = jax.numpy.einsum("bmw,bcwl->bcml", w, x)
        if bias:
            product += bias[0].reshape(batch, vectors, w.shape[1], -1)
        return product.reshape(rows, -1)
    if op.kind == "sum_lanes":
        return xs[0].sum(1, keepdims=True)
    if op.kind in ("to_lanes", "from_lanes"):
        return xs[0].reshape(rows, -1)
    cubes = [x.reshape(step.width, rows, -1) for x in xs[op.param == "dot" :]]
    if op.param == "dot":
        return xs[0] + (cubes[0] * cubes[1]).sum(0)
    return reduction(op.param)(*cubes)


# ---------------------------------------------------------------- rows


def rows_of(arrays: dict[int, Array], ids: Array, rows: Array) -> Array:
    """Rows of arrays: which row of which array, one after the other."""
    import jax

    names = [*dict.fromkeys(ids.tolist())]
    index, parts, start = np.array(rows), [], 0
    for name in names if len(names) > 1 else ():
        mine = ids == name
        low, high = rows[mine].min(), rows[mine].max() + 1
        index[mine] += start - low
        parts.append(arrays[name][low:high])
        start += high - low
    if parts:
        widest = next((a.shape[1] for a in parts if a.shape[1] != 1), 1)  # or a symbol
        parts = [jax.numpy.broadcast_to(a, (len(a), widest)) for a in parts]
        a = jax.numpy.concatenate(parts)
    else:
        a = arrays[names[0]]
    first, n = int(index[0]), len(index)
    if np.array_equal(index, np.arange(first, first + n)):
        return a if n == len(a) else jax.lax.slice_in_dim(a, first, first + n)
    return a.at[index].get(mode="promise_in_bounds", unique_indices=len({*index.tolist()}) == n)


# ---------------------------------------------------------------- running


def values(blocks: BlockProgram) -> Callable[[Array, Array], dict[str, Array]]:
    """The function of columns u and x that gives the results by name, a row each.

    Raises:
        NotImplementedError: a rule of an operation is for floats only; or there is too much to
            compile.
    """
    import jax

    it = roll(blocks)
    each = [step for one in it.steps for step in (one.body if isinstance(one, Loop) else [one])]
    if len(each) > MOST:
        raise NotImplementedError(
            f"program.jax(): the function is written out as {len(each):,} operations in which "
            "no loop was found, and JAX would take minutes to compile them. A loop is found "
            "where each round does the same to as many numbers; let samples be lanes "
            "(in_axes), and give rounds one width, or call the compiled function itself"
        )
    maps = {step.op.param.key(): step.op.param for step in each if step.op.kind == "map"}
    formulas = {key: formula(x) for key, x in maps.items()}

    def fetched(arrays: dict[int, Array], places: Array) -> Array:
        return rows_of(arrays, *it.located(places))

    def result(step: Step, xs: Sequence[Array], lanes: int) -> Array:
        a, shape = computed(step, xs, formulas), (step.op.rows, lanes if step.op.lanes else 1)
        return a if a.shape == shape else jax.numpy.broadcast_to(a, shape)

    def repeat(loop: Loop, arrays: dict[int, Array], lanes: int) -> None:
        """Run a loop, and keep what is read of the results of its rounds."""
        same, table = dict[int, Array](), None
        if len(loop.fixed):
            same[FIXED] = fetched(arrays, loop.fixed)
        if loop.table.size:
            table = fetched(arrays, loop.table.ravel()).reshape(*loop.table.shape, -1)
        start = {}
        for (position, ago), places in loop.carried.items():
            a = fetched(arrays, places)
            shape = len(a), lanes if loop.body[position].op.lanes else 1
            start[position * DEPTH + ago] = jax.numpy.broadcast_to(a, shape)
        sizes = [loop.times * step.op.rows for step in loop.body]
        wanted = [
            j for j, n in enumerate(sizes) if it.used[loop.firsts[j] : loop.firsts[j] + n].any()
        ]

        def turn(carry: dict[int, Array], row: Array | None) -> Any:
            inner = {**same, **carry} if row is None else {**same, **carry, TABLE: row}
            for j, step in enumerate(loop.body):
                xs = [rows_of(inner, *each) for each in loop.reads[j]]
                inner[j * DEPTH] = result(step, xs, lanes)
            return {i: inner[i - 1] for i in carry}, [inner[j * DEPTH] for j in wanted]

        _, results = jax.lax.scan(turn, start, table, length=loop.times)
        for j, a in zip(wanted, results):
            arrays[loop.firsts[j]] = a.reshape(sizes[j], -1)

    def run(u: Array, x: Array) -> dict[str, Array]:
        lanes = blocks.lanes or x.shape[1]
        parts = {
            name: (x if varies else u)[rows.start : rows.stop]
            for name, varies, rows in blocks.places()
        }
        arrays = {
            first: parts[op.param]
            if op.kind == "input"
            else jax.numpy.array(op.param, u.dtype)[:, None]
            for first, op in it.sources
        }
        for step in it.steps:
            if isinstance(step, Loop):
                repeat(step, arrays, lanes)
            else:
                xs = [fetched(arrays, places) for places in step.reads]
                arrays[step.first] = result(step, xs, lanes)
        return {
            name: fetched(arrays, places) if len(places) else u[:0]
            for name, places in it.results.items()
        }

    return run
