"""Verify a program: the function computes a sample itself, and each number is compared.

Two computations of a function differ by rounding. How far is measured by Monte Carlo arithmetic
(Parker, "Monte Carlo arithmetic", 1997): the graph that the function has recorded is computed
again with a random error in each operation, as large as rounding can make it. Numbers of the
program may differ by FACTOR times as much as the numbers of such runs do. So nothing else needs
to be known of cancellation, kinks and jumps: where rounding decides, the runs go both ways, and
where they leave the domain the sample says nothing.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from random import Random
from typing import Any

from autograd.core import float_sweeps
from autograd.core.operand import primal
from autograd.core.sweeps import cotangents, tangents
from autograd.core.traversal import begin
from autograd.core.value import Value
from autograd.program.trace.record import called, plain_results
from autograd.trees import flatten

__all__ = ["compare", "difference"]

U = 2.0**-53
NEAR = 4.0 * U  # of a number, times √n: usual errors of n operations need no other bound
ARITHMETIC, FUNCTION, PARTIAL = 2.0 * U, 16.0 * U, 8.0 * U  # errors, relative
TINY = 2.0**-1022  # a smaller number has lost digits
RUNS = 32
FACTOR = 8.0
SUMS = frozenset(["add", "sub", "sum", "dot", "logsumexp"])  # which programs add up otherwise


def compare(
    f: Callable[..., Any],
    args: Sequence[Any],
    values: Sequence[float],
    slopes: Sequence[tuple[Sequence[float], Sequence[float]]] = (),
    argnums: Sequence[int] = (),
    along: Sequence[float] | None = None,
) -> str | None:
    """Say how numbers that a program gave for a sample differ from what f itself gives.

    Args:
        args: the sample.
        values: the numbers of the result; with `along`, then their derivatives along it.
        slopes: as `difference` takes them, in the numbers of the arguments `argnums`. With a
            seed for a derivative along a direction, they are a Hessian's product with that.
        argnums: the places of these arguments.
        along: a direction: the numbers of each argument of `argnums`.

    Returns:
        "1.0 where f itself gives 2.0" or the like; None if rounding may do what they differ by.
    """

    def compare_at(factor: Callable[[], float]) -> str | None:
        since = begin()
        numbers, rebuild = flatten(tuple(args), "")
        leaves = [Value(primal(x) * factor()) for x in numbers]
        sample = rebuild(leaves)
        chosen, _ = flatten([sample[i] for i in argnums], "")
        outputs = plain_results(f, leaves, sample)
        if along is not None:
            roots = [y for y in outputs if type(y) is Value]
            moves = tangents(roots, [*zip(chosen, map(Value, along))], create_graph=True)
            outputs += [moves.get(y, 0.0) for y in outputs]
        return difference(called(f), outputs, chosen, values, slopes, since)

    try:
        return compare_at(lambda: 1.0)
    except Exception as error:
        random = Random(0)
        for _ in range(RUNS):  # within rounding of the sample f may give numbers
            with suppress(Exception):
                compare_at(lambda: 1.0 + FUNCTION * random.gauss(0.0, 1.0))
                return None
        return f"numbers where {called(f)} itself raises {error!r:.200}"


def difference(
    name: str,
    outputs: Sequence[Any],
    leaves: Sequence[Value],
    values: Sequence[float],
    slopes: Iterable[tuple[Sequence[float], Sequence[float]]] = (),
    since: int = 0,
) -> str | None:
    """Say how numbers differ, by more than rounding, from those of a graph; None if they don't.

    To compare a step of training with what eager gives, record the loss of a batch and call
    `difference("the loss", [loss], parameters, [value], [([1.0], gradient)])`. Nothing is
    written to the Values: each keeps its `grad`.

    Args:
        name: what messages call the function that recorded the graph.
        outputs: its results, Values and numbers.
        leaves: the Values to differentiate in.
        values: the numbers to compare with the outputs.
        slopes: pairs of seeds, one an output, and of the derivatives of Σ seed · output in the
            leaves, to compare with the graph's.
        since: what `begin` gave before the graph was recorded, if the graph is nobody else's:
            then its fields are used, which is faster.
    """
    if len(values) != len(outputs):
        return f"{len(values)} numbers where {name} itself gives {len(outputs)}"
    graph = _Graph(outputs, leaves, since)
    expected = [primal(y) for y in outputs]
    k = graph.first_difference(values, expected, None)
    if k is not None:
        return f"{values[k]!r} where {name} itself gives {expected[k]!r}"
    for seeds, given in slopes:
        expected = graph.slopes(seeds)
        k = graph.first_difference(given, expected, seeds)
        if k is not None:
            return f"the derivative {given[k]!r} where {name} itself gives {expected[k]!r}"
    return None


class _Graph:
    """What a function has computed, which can be computed again with rounding errors."""

    def __init__(self, outputs: Sequence[Any], leaves: Sequence[Value], since: int) -> None:
        self.outputs, self.leaves = outputs, leaves
        roots = [y for y in outputs if type(y) is Value]
        before: list[Value] = []
        self.order: list[Value] = []
        if roots:
            self.order, _ = float_sweeps.fast_order(*roots, since=since, before=before)
        self.is_private = since > 0 and all(node.op is None for node in before)

    def first_difference(
        self, given: Sequence[float], expected: Sequence[float], seeds: Sequence[float] | None
    ) -> int | None:
        """Return the place of a number that is farther off than rounding moves it.

        Args:
            expected: the outputs; or with seeds, the slopes.
        """
        usual = NEAR * math.sqrt(len(self.order))
        bounds = [usual * abs(b) + TINY for b in expected]
        k = _first_beyond(given, expected, bounds)
        if k is not None and not all(map(_is_repeated, self.order)):
            return k  # a primitive of its own is no function of its operands
        moved = [0.0] * len(expected)
        for run in range(RUNS):
            if k is None:
                break
            try:
                numbers = self.shaken(Random(run), seeds)
            except Exception:  # out of the domain
                return None
            moved = [max(m, _distance(a, b)) for m, a, b in zip(moved, numbers, expected)]
            further = [b + FACTOR * m for b, m in zip(bounds, moved)]
            k = _first_beyond(given, expected, further)
        return k

    def slopes(self, seeds: Sequence[float]) -> list[float]:
        """Σ seed · d(output)/d(leaf) for each leaf."""
        roots = [(y, seed) for y, seed in zip(self.outputs, seeds) if type(y) is Value and seed]
        slopes = [math.nan]
        if roots and self.is_private:
            slopes = float_sweeps.pull(roots, [*self.leaves])
        if any(map(math.isnan, slopes)):
            adjoints = cotangents(roots, self.leaves) if roots else {}
            slopes = [primal(adjoints.get(x, 0.0)) for x in self.leaves]
        return slopes

    def shaken(self, random: Random, seeds: Sequence[float] | None) -> list[float]:
        """The outputs, or with seeds the slopes, with a random error in each operation."""
        data = self.shaken_data(random)
        if seeds is None:
            return [data.get(y, y._data) if type(y) is Value else y for y in self.outputs]
        adjoints = defaultdict[Value, float](float)
        for y, seed in zip(self.outputs, seeds):
            if type(y) is Value:
                adjoints[y] += seed
        for node in reversed(self.order):
            if adjoints[node] == 0.0:
                continue
            for x, partial in zip(node.inputs, _partials(node, data)):
                error = PARTIAL * random.gauss(0.0, 1.0)
                adjoints[x] += adjoints[node] * partial * (1.0 + error)
        return [adjoints[x] for x in self.leaves]

    def shaken_data(self, random: Random) -> dict[Value, float]:
        """The data of each node, with a random error in each operation."""
        data: dict[Value, float] = {}
        sizes: dict[Value, float] = {}  # of sums, those of all that they add up
        for node in self.order:
            op: Any = node.op
            xs = _operands(node, data)
            out = float(op.value(*xs))
            size = abs(out)
            if op.name in SUMS:
                size = sizes[node] = _size_of_sum(node, xs, sizes)
            is_arithmetic = op.name in SUMS or "exact" in op.traits
            error = size * (ARITHMETIC if is_arithmetic else FUNCTION)
            if abs(out) < TINY and all(xs):
                error += TINY
            data[node] = out + error * random.gauss(0.0, 1.0)
        return data


def _operands(node: Value, data: dict[Value, float]) -> list[float]:
    return [data.get(x, x._data) if type(x) is Value else x for x in node.operands]


def _size_of_sum(node: Value, xs: Sequence[float], sizes: dict[Value, float]) -> float:
    """The sizes of all that a sum adds up, also through sums among its operands."""
    terms, products = node.operands, list[float]()
    if node.op.name == "dot":
        half = len(xs) // 2
        products = [abs(a * b) for a, b in zip(xs[1 : 1 + half], xs[1 + half :])]
        terms = terms[:1]
    inner = [sizes.get(x, abs(number)) for x, number in zip(terms, xs)]
    return math.fsum([abs(node._data), *inner, *products])


def _partials(node: Value, data: dict[Value, float]) -> list[float]:
    """The partials of a node in its inputs, at other numbers."""
    op: Any = node.op
    xs, out = _operands(node, data), data[node]
    every = op.rules[0](out, *xs) if op.variadic else [rule(out, *xs) for rule in op.rules]
    return [primal(d) for x, d in zip(node.operands, every) if type(x) is Value]


def _is_repeated(node: Value) -> bool:
    """Whether an operation gives the same number again."""
    op: Any = node.op
    return _distance(float(op.value(*_operands(node, {}))), node._data) == 0.0


def _distance(a: float, b: float) -> float:
    """How far two numbers are apart; infinity if one is no number."""
    if a == b or (math.isnan(a) and math.isnan(b)):
        return 0.0
    return math.inf if math.isnan(a - b) else abs(a - b)


def _first_beyond(
    given: Sequence[float], expected: Sequence[float], bounds: Sequence[float]
) -> int | None:
    """Return the first place where two numbers are farther apart than a bound."""
    for k, (a, b, bound) in enumerate(zip(given, expected, bounds)):
        if _distance(a, b) > bound:
            return k
    return None
