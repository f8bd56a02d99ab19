"""A program's values as JAX computes them; JAX differentiates, by the table's rules.

An array has a row a row and a column a lane. Rows of several values are their concatenation
and one gather, whatever repeats is a `scan`, and each operation has the derivative of the
reverse sweep, so that zeros beat infinities here, too.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

from autograd.program.ir.arrays import Array, np
from autograd.program.ir.block import Blocks, Op, operand
from autograd.program.ir.rules import FLAT, partial
from autograd.program.passes.roll import DEPTH, FIXED, TABLE, Loop, Rolled, Step, roll
from autograd.program.passes.vjp import slope_of, term_of
from autograd.program.targets import functional
from autograd.program.targets.source import Functional
from autograd.rules.expression import Expression

__all__ = ["namespace", "values"]

MOST = 4000  # operations that JAX compiles in some ten seconds
OWN = frozenset(["neg", "add", "sub", "mul", "where", *FLAT])  # which JAX differentiates alike


@cache
def namespace() -> dict[str, Any]:
    """What formulas and emitted source see."""
    import jax

    return functional.functions(jax.numpy, _with_rule, jax.lax.erf, jax.lax.erfc)


def _with_rule(op: str, f: Callable[..., Array]) -> Any:
    """An operation whose derivatives are the table's, so that JAX has the higher ones right."""
    import jax

    ruled = jax.custom_jvp(f)

    def rule(xs: Any, tangents: Any) -> tuple[Array, Array]:
        out, space = ruled(*xs), namespace()
        *operands, result = [operand(k) for k in range(len(xs) + 1)]
        texts = [*[f"xs[{k}]" for k in range(len(xs))], "out"]
        total = jax.numpy.zeros_like(out)
        for k, tangent in enumerate(tangents):
            slope = Functional.shown(partial(op, k, result, operands), texts)
            total += tangent * eval(slope, space, {"xs": xs, "out": out})
        return out, total

    ruled.defjvp(rule)
    return ruled


# ---------------------------------------------------------------- operations


def formula(x: Expression) -> Callable[..., Array]:
    """The function of the operands of a map.

    Raises:
        NotImplementedError: a rule of the operation is for floats only.
    """
    import jax

    count = 1 + max([a.args[0] for a in x.args if type(a) is Expression])
    names = [f"x{k}" for k in range(count)]
    f: Callable[..., Array] = _written(x, names)
    if x.op in OWN:
        return f
    ruled: Any = jax.custom_jvp(f)
    out, along = operand(count), operand(count + 1)
    terms = [
        (a.args[0], _written(term_of(x.op, slot, out, along, x.args), [*names, "out", "t"]))
        for slot, a in enumerate(x.args)
        if type(a) is Expression
    ]

    def rule(xs: Any, tangents: Any) -> tuple[Array, Array]:
        out = ruled(*xs)
        total = sum([term(*xs, out, tangents[k]) for k, term in terms])
        return out, jax.numpy.broadcast_to(total, out.shape)

    ruled.defjvp(rule)
    return ruled  # type: ignore[no-any-return]


def _written(x: Any, names: Sequence[str]) -> Any:
    return eval(f"lambda {', '.join(names)}: {Functional.shown(x, names)}", namespace())


@cache
def reduction(op: str) -> Any:
    """The function of operands of shape (width, rows, lanes)."""
    space = namespace()
    if op == "logsumexp":
        return _with_partials(space["logsumexp"])
    if op == "hypot":
        slope = _written(slope_of("hypot", 0, operand(1), [operand(0)]), ["x", "out"])

        def length(a: Array) -> tuple[Array, Array]:
            out = space["length"](a)
            return out, slope(a, out)

        return _with_partials(length)
    return {"sum": _sum, "maximum": _largest, "minimum": _smallest, "take": _taken}[op]


def _with_partials(both: Callable[..., tuple[Array, Array]]) -> Any:
    """The first of the results, with the second as the partials in the first operand."""
    import jax

    f: Any = jax.custom_jvp(lambda *xs: both(*xs)[0])

    def rule(xs: Any, tangents: Any) -> tuple[Array, Array]:
        _, partials = both(*xs)
        return f(*xs), (tangents[0] * partials.reshape(xs[0].shape)).sum(0)

    f.defjvp(rule)
    return f


def _sum(a: Array) -> Array:
    return a.sum(0)


def _largest(a: Array) -> Array:
    return a.max(0)


def _smallest(a: Array) -> Array:
    return a.min(0)


def _taken(index: Array, a: Array) -> Array:
    import jax

    numpy = jax.numpy
    outside = (index < -len(a)) | (index >= len(a)) | (index != index)
    safe = jax.lax.stop_gradient(numpy.where(outside, 0.0, index))
    places = numpy.trunc(safe).astype(int)
    places = numpy.where(places < 0, places + len(a), places)
    lanes = max(places.shape[1], a.shape[2])
    places, a = [numpy.broadcast_to(x, (*x.shape[:-1], lanes)) for x in (places, a)]
    taken = numpy.take_along_axis(a, places[None], 0, mode="clip")[0]
    return numpy.where(outside, numpy.nan, taken)


def computed(step: Step, xs: Sequence[Array], formulas: dict[Any, Any]) -> Array:
    """What an operation computes of its operands."""
    import jax

    op, rows = step.op, step.op.rows
    if op.kind == "map":
        return formulas[op.what.key()](*xs)
    if op.kind == "matmul":
        w, x, *bias = xs
        batch, vectors = step.shape
        w, x = w.reshape(batch, -1, op.width), x.reshape(batch, vectors, op.width, -1)
        product = jax.numpy.einsum("bmw,bcwl->bcml", w, x)
        if bias:
            product += bias[0].reshape(batch, vectors, w.shape[1], -1)
        return product.reshape(rows, -1)
    if op.kind == "sum_lanes":
        return xs[0].sum(1, keepdims=True)
    if op.kind in ("to_lanes", "from_lanes"):
        return xs[0].reshape(rows, -1)
    cubes = [x.reshape(op.width, rows, -1) for x in xs[op.what in ("dot", "take") :]]
    if op.what == "dot":
        return xs[0] + (cubes[0] * cubes[1]).sum(0)
    if op.what == "take":
        return reduction("take")(xs[0], *cubes)
    return reduction(op.what)(*cubes)


# ---------------------------------------------------------------- rows


def fetched(arrays: dict[int, Array], ids: Array, rows: Array) -> Array:
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
        widest = max(parts, key=lambda a: a.shape[1]).shape[1]
        parts = [jax.numpy.broadcast_to(a, (len(a), widest)) for a in parts]
        a = jax.numpy.concatenate(parts)
    else:
        a = arrays[names[0]]
    first, n = int(index[0]), len(index)
    if np.array_equal(index, np.arange(first, first + n)):
        return a if n == len(a) else jax.lax.slice_in_dim(a, first, first + n)
    return a.at[index].get(mode="promise_in_bounds", unique_indices=len({*index.tolist()}) == n)


# ---------------------------------------------------------------- running


def values(blocks: Blocks) -> Callable[[Array, Array], dict[str, Array]]:
    """The function of columns u and x that gives the results by name, a row each.

    Raises:
        NotImplementedError: a rule of an operation is for floats only; or there is too much to
            compile.
    """
    it = roll(blocks)
    each = [step for one in it.steps for step in (one.body if isinstance(one, Loop) else [one])]
    if len(each) > MOST:
        raise NotImplementedError(
            f"program.jax(): the function is written out as {len(each):,} operations in which "
            "no loop was found, and JAX would take minutes to compile them. A loop is found "
            "where each round does the same to as many numbers; let samples be lanes "
            "(in_axes), and give rounds one width, or call the compiled function itself"
        )
    maps = {step.op.what.key(): step.op.what for step in each if step.op.kind == "map"}
    return _Values(blocks, it, {key: formula(x) for key, x in maps.items()})


class _Values:
    def __init__(self, blocks: Blocks, it: Rolled, formulas: dict[Any, Any]) -> None:
        self.it, self.blocks = it, blocks
        self.formulas = formulas

    def __call__(self, u: Array, x: Array) -> dict[str, Array]:
        import jax

        it = self.it
        lanes = self.blocks.lanes or x.shape[1]
        inputs = [str(op.what) for _, op in self.blocks.inputs()]
        parts = dict(zip(inputs, functional.split(self.blocks, u, x)))
        arrays = {
            first: parts[op.what]
            if op.kind == "input"
            else jax.numpy.array(op.what, u.dtype)[:, None]
            for first, op in it.sources
        }
        for step in it.steps:
            if isinstance(step, Step):
                found = [it.found(places) for places in step.reads]
                arrays[step.first] = self.computed(step, found, arrays, lanes)
            else:
                self.repeat(step, arrays, lanes)
        return {
            name: fetched(arrays, *it.found(places)) if len(places) else u[:0]
            for name, places in it.results.items()
        }

    def computed(
        self, step: Step, reads: Sequence[tuple[Array, Array]], arrays: Any, lanes: int
    ) -> Array:
        """The result of an operation on rows of these arrays."""
        xs = [fetched(arrays, *each) for each in reads]
        return self.shaped(computed(step, xs, self.formulas), step.op, lanes)

    def shaped(self, a: Array, op: Op, lanes: int) -> Array:
        import jax

        shape = op.rows, lanes if op.lanes else 1
        return a if a.shape == shape else jax.numpy.broadcast_to(a, shape)

    def repeat(self, loop: Loop, arrays: dict[int, Array], lanes: int) -> None:
        """Run a loop, and keep what is read of the results of its rounds."""
        import jax

        it, same, table = self.it, dict[int, Array](), None
        if len(loop.fixed):
            same[FIXED] = fetched(arrays, *it.found(loop.fixed))
        if loop.table.size:
            table = fetched(arrays, *it.found(loop.table.ravel()))
            table = table.reshape(*loop.table.shape, -1)
        start = {
            position * DEPTH + ago: self.shaped(
                fetched(arrays, *it.found(places)), loop.body[position].op, lanes
            )
            for (position, ago), places in loop.carried.items()
        }
        sizes = [loop.times * step.op.rows for step in loop.body]
        wanted = [
            j for j, n in enumerate(sizes) if it.used[loop.firsts[j] : loop.firsts[j] + n].any()
        ]

        def turn(carry: dict[int, Array], row: Array | None) -> Any:
            inner = {**same, **carry} if row is None else {**same, **carry, TABLE: row}
            for j, step in enumerate(loop.body):
                inner[j * DEPTH] = self.computed(step, loop.reads[j], inner, lanes)
            return {i: inner[i - 1] for i in carry}, [inner[j * DEPTH] for j in wanted]

        _, results = jax.lax.scan(turn, start, table, length=loop.times)
        for j, a in zip(wanted, results):
            arrays[loop.firsts[j]] = a.reshape(sizes[j], -1)
