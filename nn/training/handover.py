"""A compiled step handed over to JAX: parameters as named arrays, and a pure loss of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from autograd.program.ir.arrays import Array, np
from autograd.program.passes.vjp import vjp
from autograd.program.specialize import Trace
from autograd.program.targets.jax import emitted, split

__all__ = ["Layout", "objective"]

Tree = Any  # nested dicts and lists, of numbers or arrays


class Layout:
    """Where each parameter stands in a structure of named arrays.

    What a list holds is an array if it is even, and the neurons of a layer are together: w of
    shape (nout, nin), b of shape (nout,).

    Args:
        names: those of the parameters, in their order.

    Attributes:
        places: the structure, with the numbers of the parameters.

    >>> Layout(["neurons.0.w.0", "neurons.0.b", "neurons.1.w.0", "neurons.1.b", "s"]).places
    {'w': array([[0],
           [2]]), 'b': array([1, 3]), 's': array(4)}
    """

    def __init__(self, names: Sequence[str]) -> None:
        nested: dict[str, Any] = {}
        for i, name in enumerate(names):
            node = nested
            *front, last = name.split(".")
            for part in front:
                node = node.setdefault(part, {})
            node[last] = i
        self.groups: list[list[Array]] = []  # of those in a group, row by row side by side
        self.places: Tree = self._placed(nested)
        order = np.concatenate([_side_by_side(np, group) for group in self.groups])
        even = np.array_equal(order, np.arange(len(order)))
        self.order = None if even else np.argsort(order)

    def _placed(self, node: Any) -> Tree:
        array = _array(node)
        if array is not None:
            self.groups.append([array])
            return array
        found: dict[str, Any] = {}
        for key, child in node.items():
            neurons = _neurons(child) if key == "neurons" else None
            if neurons is None or not neurons.keys().isdisjoint(node):
                found[key] = self._placed(child)
            else:
                self.groups.append([*neurons.values()])
                found |= neurons
        return [*found.values()] if _is_list(found) else found

    def structured(self, jax: Any, data: Array) -> Tree:
        """Numbers of all parameters, as JAX's arrays in their places."""
        return jax.tree_util.tree_map(lambda mine: jax.numpy.asarray(data[mine]), self.places)

    def flat(self, jax: Any, params: Tree, numpy: Any) -> Array:
        """The numbers of a structure, in the parameters' order.

        Raises:
            ValueError: it is another structure, or its arrays have other shapes.
        """
        places, own = jax.tree_util.tree_flatten(self.places)
        arrays, other = jax.tree_util.tree_flatten(params)
        arrays = [numpy.asarray(array) for array in arrays]
        shapes = [[tuple(each.shape) for each in these] for these in (arrays, places)]
        if own != other or shapes[0] != shapes[1]:
            raise ValueError(
                f"the parameters must be {_shown(own, shapes[1])}, got "
                f"{_shown(other, shapes[0])}"
            )
        found = {id(place): array for place, array in zip(places, arrays)}
        parts = [[found[id(place)] for place in group] for group in self.groups]
        numbers = numpy.concatenate([_side_by_side(numpy, part) for part in parts])
        return numbers if self.order is None else numbers[self.order]


def objective(
    jax: Any, traces: Sequence[Trace], mean: bool, penalty: bool
) -> Callable[..., tuple[Array, tuple[Array, Array]]]:
    """The loss of flat parameters, as a function that JAX differentiates.

    Args:
        traces: the ways that a sample goes. The loss is NaN if one goes another.
        mean: whether it is the mean over the samples, not the sum.
        penalty: whether the second output is one, which all samples share.

    Returns:
        (params, rest, x) → the loss; and for each sample its way, and all outputs. `rest` has
        for each trace the other numbers that it reads, and x a column a sample.
    """
    numpy = jax.numpy
    specialized = [(*_functions(jax, trace), _sample(trace)) for trace in traces]
    parted = len(traces[0].program.answers) > 0  # of a single one or of all

    def loss(params: Array, rest: Sequence[Array], x: Array) -> Any:
        lanes = x.shape[1]
        left, which = numpy.ones(lanes, bool), numpy.zeros(lanes, int)
        found: Any = None
        for i, ((follows, run, sample), more) in enumerate(zip(specialized, rest)):
            u = numpy.concatenate([params, numpy.asarray(more, params.dtype)])[:, None]
            mine, xs = left, x
            if parted:
                mine = left & follows(u, x)
                left, which = left & ~mine, numpy.where(mine, i, which)
            if len(specialized) > 1:
                xs = numpy.where(mine, x, sample.astype(x.dtype))
            out = run(u, xs)
            found = out if found is None else numpy.where(mine, out, found)
        each = numpy.where(left, numpy.nan, found[0]) if parted else found[0]
        total = each.mean() if mean else each.sum()
        return total + found[1, 0] if penalty else total, (which, found)

    return loss


def _functions(jax: Any, trace: Trace) -> tuple[Any, Any]:
    """Two functions of a trace's u and x: whether each sample goes it, and the outputs."""
    numpy, it, answers = jax.numpy, trace.program.blocks, trace.program.answers
    names = [name for name, _, _ in it.places()]
    value, gradient = emitted(it), emitted(vjp(it, names))

    def follows(u: Array, x: Array) -> Array:
        return (value(*split(it, u, x))["checks"] == answers).all(0)

    @jax.custom_jvp  # type: ignore[untyped-decorator]
    def run(u: Array, x: Array) -> Array:
        out = value(*split(it, u, x))["out"]
        return numpy.broadcast_to(out, (out.shape[0], x.shape[1])).astype(u.dtype)

    @run.defjvp  # type: ignore[untyped-decorator]
    def rule(primals: Any, tangents: Any) -> tuple[Array, Array]:
        u, x = primals
        out = run(u, x)

        def adjoints(seed: Array) -> tuple[Array, Array]:
            seed = seed if it.ops[it.results["out"]].lanes else seed.sum(1, keepdims=True)
            found = gradient(*split(it, u, x), seed)
            sides: dict[bool, list[Array]] = {False: [u[:0]], True: [x[:0]]}
            for name, lanes, _ in it.places():
                sides[lanes].append(found[f"d_{name}"])
            d_u, d_x = map(numpy.concatenate, sides.values())
            return d_u.astype(u.dtype), d_x.astype(x.dtype)

        (tangent,) = jax.linear_transpose(adjoints, out)(tangents)
        return out, tangent

    return follows, run


def _sample(trace: Trace) -> Array:
    """One that goes the way of a trace, for the places of those that don't."""
    return np.array([x for _, x in trace.inputs]).reshape(-1, 1)


# ---------------------------------------------------------------- structures


def _is_list(node: Any) -> bool:
    return isinstance(node, dict) and [*node] == [str(i) for i in range(len(node))]


def _array(node: Any) -> Any:
    """An even list of numbers as an array; None if it is none."""
    if isinstance(node, int):
        return np.array(node)
    if not _is_list(node):
        return None
    parts: list[Any] = [_array(part) for part in node.values()]
    if any(part is None for part in parts) or len({part.shape for part in parts}) > 1:
        return None
    return np.stack(parts)


def _neurons(node: Any) -> dict[str, Array] | None:
    """What all neurons of a layer have, by name; None if they are not alike."""
    rows = [*node.values()]
    if not _is_list(node) or not all(isinstance(row, dict) for row in rows):
        return None
    if any(row.keys() != rows[0].keys() for row in rows):
        return None
    found = {
        name: _array({str(i): row[name] for i, row in enumerate(rows)}) for name in rows[0]
    }
    return None if any(each is None for each in found.values()) else found


def _side_by_side(numpy: Any, group: Sequence[Array]) -> Array:
    """The numbers of arrays that belong together, row by row."""
    if len(group) == 1:
        return group[0].reshape(-1)
    rows = [each.reshape(each.shape[0], -1) for each in group]
    return numpy.concatenate(rows, axis=1).reshape(-1)


def _shown(structure: Any, shapes: list[Any]) -> str:
    return str(structure.unflatten(shapes)) if len(shapes) < 20 else str(structure)
