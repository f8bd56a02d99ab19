"""The check of a program: the function computes a sample itself, and each number is compared.

Two computations of a function differ by rounding. How far is measured on the graph that the
function has recorded, for each number by itself. With u = 2⁻⁵³, an operation may be off by
2u of its result, a function by 16u, and a sum of n terms by 2nu of their sizes. Then

- a value moves by Σ |adjoint · error| (first order; Higham, "Accuracy and Stability of
  Numerical Algorithms", 2002, section 3.3), and a derivative by the errors of its terms;
- values and derivatives move by FACTOR times as much as in recomputations with random errors of
  that size in all values, partials and sums (Kenney and Laub, "Small-sample statistical
  condition estimates for general matrix functions", 1994);
- near a kink or a jump anything may follow. So it may where a recomputation leaves the domain,
  or departs from what the partials say. There the sample says nothing.

The cheap bounds come first, and a number is compared until one of them covers the difference:
errors that are random and alike add up to some units of √n for n operations (Higham and Mary,
"A new approach to probabilistic rounding error analysis", 2019).
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from functools import cached_property
from random import Random
from typing import Any

from autograd.core import float_sweeps
from autograd.core.operand import primal
from autograd.core.sweeps import cotangents, tangents
from autograd.core.traversal import begin
from autograd.core.value import Value
from autograd.program.passes.fuse_sums import CHAINS
from autograd.program.trace.record import called, plain_results
from autograd.trees import flatten

__all__ = ["compare", "difference"]

U = 2.0**-53
NEAR = 4.0 * U  # of a number, times √n: usual errors of n operations need no other bound
FUNCTION = 16.0 * U  # of the result of a function: both sides are a few ulp off
PARTIAL = 8.0 * U
TINY = 2.0**-1022  # a smaller number has lost digits
SAMPLES = 8
FACTOR = 16.0  # of 10,000 random programs, none needs more than 0.5
BENT = 0.5  # of a step: an operation that departs so far is not linear within rounding
KINK = 1e-3  # of a partial: such a change within rounding is no smooth operation's
JUMP = 1e-3  # of a value, likewise


def compare(
    f: Callable[..., Any],
    args: Sequence[Any],
    values: Sequence[float],
    slopes: Sequence[tuple[Sequence[float], Sequence[float]]] = (),
    argnums: Sequence[int] = (),
    along: Sequence[float] | None = None,
) -> str | None:
    """How numbers that a program gave for a sample differ from what f itself gives.

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

    def compared(factor: Callable[[], float]) -> str | None:
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
        return compared(lambda: 1.0)
    except Exception as error:
        random = Random(0)
        for _ in range(SAMPLES):  # within rounding of the sample f may give numbers
            with suppress(Exception):
                compared(lambda: 1.0 + FUNCTION * random.gauss(0.0, 1.0))
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
    """How numbers differ, by more than rounding, from those of a graph; None if they don't.

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
    numbers = [primal(y) for y in outputs]
    rounding = _Rounding(outputs, leaves, since)
    asked: list[tuple[Sequence[float] | None, Sequence[float], list[float]]]
    asked = [(None, values, numbers)]
    for weights, given in slopes:
        asked.append((weights, given, rounding.slopes(weights)))
    for seeds, given, expected in asked:
        if all(map(_is_near, given, expected)):
            continue
        k = rounding.first_beyond(given, expected, seeds)
        if k is not None:
            what = "" if seeds is None else "the derivative "
            return f"{what}{given[k]!r} where {name} itself gives {expected[k]!r}"
    return None


def _is_near(a: float, b: float) -> bool:
    return a == b or abs(a - b) <= NEAR * abs(b) or (a != a and b != b)


# ---------------------------------------------------------------- how far rounding moves it


class _Rounding:
    """A graph, and what rounding may change in it."""

    def __init__(self, outputs: Sequence[Any], leaves: Sequence[Value], since: int) -> None:
        self.outputs, self.leaves = outputs, leaves
        self.roots = [y for y in outputs if type(y) is Value]
        before: list[Value] = []
        self.order: list[Value] = []
        if self.roots:
            self.order, _ = float_sweeps.fast_order(*self.roots, since=since, before=before)
        self.is_private = since > 0 and all(node.op is None for node in before)

    @cached_property
    def errors(self) -> dict[Value, float]:
        """The error that each node may add by itself."""
        return _local_errors(self.order, self.roots)

    @cached_property
    def partials(self) -> list[Sequence[float]]:
        """The partials of each node in its inputs."""
        return [node.partials for node in self.order]

    def first_beyond(
        self, given: Sequence[float], expected: list[float], seeds: Sequence[float] | None
    ) -> int | None:
        """The first number that is farther off than rounding moves it; None if none is.

        Args:
            expected: the outputs; or with seeds, the derivatives in the leaves.
        """
        off = [0.0 if a == b else abs(a - b) for a, b in zip(given, expected)]
        usual = NEAR * math.sqrt(len(self.order))
        bounds = [usual * abs(b) for b in expected]
        if _beyond(off, bounds) is None:
            return None
        derived = seeds is not None
        seeds = seeds if seeds is not None else [1.0] * len(self.outputs)
        adjoints, sums = self.sweep(seeds, self.partials)
        if derived:
            bounds = [a + b for a, b in zip(bounds, sums)]
        elif len(off) == 1:
            moves = [abs(adjoints[x] * x._data) for x in self.order]
            bounds[0] += 2.0 * U * sum([move for move in moves if move < math.inf])
        most = [0.0] * len(off)
        k = _beyond(off, bounds)
        for sample in range(SAMPLES):
            if k is None:
                return None
            random = Random(sample)
            try:
                data, partials, bent = self.recomputed(random, derived)
                again = self.sweep(seeds, partials, random)[0] if derived else adjoints
            except Exception:  # out of the domain
                return None
            bent = [node for node in bent if adjoints[node] or again[node]]
            if bent:  # unless a primitive gives another number for the same operands
                return None if all(map(_is_repeated, bent)) else k
            if derived:
                moved = [again[x] - adjoints[x] for x in self.leaves]
            else:
                moved = [data[y] - y._data if y in data else 0.0 for y in self.outputs]
            most = [max(a, abs(b)) if b == b else math.inf for a, b in zip(most, moved)]
            k = _beyond(off, [b + FACTOR * m for b, m in zip(bounds, most)])
        unknown = self.near_kinks(adjoints)
        for i, x in enumerate(self.leaves if derived else self.outputs):
            if unknown is None or (derived and x in unknown):
                most[i] = math.inf
        return _beyond(off, [b + FACTOR * m for b, m in zip(bounds, most)])

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

    def sweep(
        self,
        seeds: Sequence[float],
        partials: Sequence[Sequence[float]],
        random: Random | None = None,
    ) -> tuple[dict[Value, float], list[float]]:
        """The adjoint of each node and leaf, and what rounding of its sum makes in each leaf.

        Args:
            random: draws such errors for the sums of all nodes.
        """
        adjoints = dict.fromkeys([*self.order, *self.leaves], 0.0)
        sizes: dict[Value, float] = {}
        counts: dict[Value, int] = {}
        for y, seed in zip(self.outputs, seeds):
            if type(y) is Value:
                adjoints[y] = adjoints.get(y, 0.0) + seed
        for node, each in zip(reversed(self.order), reversed(partials)):
            upstream = adjoints[node]
            if random is not None and counts.get(node, 0) > 1:
                error = 2.0 * U * counts[node] * sizes[node]
                upstream += error * random.gauss(0.0, 1.0)
            if upstream == 0.0:
                continue
            for x, partial in zip(node.inputs, each):
                term = upstream * partial
                adjoints[x] = adjoints.get(x, 0.0) + term
                sizes[x] = sizes.get(x, 0.0) + abs(term)
                counts[x] = counts.get(x, 0) + 1
        usual = 4.0 * math.sqrt(sum(counts.values()))
        sums = [
            NEAR * ((counts.get(x, 0) + usual) * sizes.get(x, 0.0) + abs(adjoints[x])) + TINY
            for x in self.leaves
        ]
        return adjoints, sums

    def recomputed(
        self, random: Random, derived: bool
    ) -> tuple[dict[Value, float], list[Sequence[float]], list[Value]]:
        """Values and partials with random errors; the nodes that are not linear in these."""
        data: dict[Value, float] = {}
        partials: list[Sequence[float]] = []
        bent: list[Value] = []
        for node, slopes in zip(self.order, self.partials):
            xs = [data.get(x, x._data) if type(x) is Value else x for x in node.operands]
            out, error = float(node.op.value(*xs)), self.errors[node]
            moves = [p * (data.get(x, x._data) - x._data) for x, p in zip(node.inputs, slopes)]
            apart = abs(out - node._data - math.fsum(moves))
            if not apart <= BENT * math.fsum(map(abs, moves)) + 4.0 * error:
                bent.append(node)
            out = data[node] = out + error * random.gauss(0.0, 1.0)
            if derived:
                exact = _partials(node, out, xs)
                partials.append([p * (1.0 + PARTIAL * random.gauss(0.0, 1.0)) for p in exact])
        return data, partials, bent

    def near_kinks(self, adjoints: dict[Value, float]) -> set[Value] | None:
        """The Values below which derivatives may be others, by a kink within rounding.

        None if a value may jump. A node is computed on both sides of each operand, as far as
        the operand's running error reaches.
        """
        errors: dict[Value, float] = {}
        unknown: set[Value] = set()
        for node, slopes in zip(self.order, self.partials):
            terms = [abs(p) * errors.get(x, 0.0) for x, p in zip(node.inputs, slopes)]
            errors[node] = self.errors[node] + math.fsum([t for t in terms if t == t])
            op = node.op
            is_smooth = "bounded" in op.traits and not op.kink and "chooses" not in op.traits
            if is_smooth or not adjoints[node]:
                continue
            xs = [primal(x) for x in node.operands]
            for k, x in enumerate(node.operands):
                reach = 2.0 * errors.get(x, 0.0) if type(x) is Value else 0.0
                for side in (-reach, reach) if reach else ():
                    near = [*xs[:k], xs[k] + side, *xs[k + 1 :]]
                    try:
                        out = float(node.op.value(*near))
                        others = _partials(node, out, near)
                    except Exception:  # out of the domain
                        return None
                    if abs(out - node._data) > JUMP * abs(node._data) + 4.0 * errors[node]:
                        return None
                    if any(map(_is_turned, others, slopes)):
                        unknown.update(node.inputs)
        for node in reversed(self.order):
            if node in unknown:
                unknown.update(node.inputs)
        return unknown


def _beyond(off: list[float], bounds: list[float]) -> int | None:
    """The first that is larger than its bound; NaN bounds all."""
    for i, (distance, bound) in enumerate(zip(off, bounds)):
        if bound == bound and not distance <= bound:
            return i
    return None


def _is_repeated(node: Value) -> bool:
    """Whether an operation gives the same number again."""
    out = float(node.op.value(*map(primal, node.operands)))
    return out == node._data or out != out


def _is_turned(a: float, b: float) -> bool:
    """Whether partials at two sides differ as at a kink."""
    return abs(a - b) > KINK * max(1.0, abs(a), abs(b))


def _partials(node: Value, out: float, xs: list[float]) -> list[float]:
    """The partials of a node in its inputs, at other numbers."""
    op: Any = node.op
    places = [i for i, x in enumerate(node.operands) if type(x) is Value]
    if op.variadic:
        every = op.rules[0](out, *xs)
        return [primal(every[i]) for i in places]
    return [primal(op.rules[i](out, *xs)) for i in places]


def _local_errors(order: list[Value], roots: Iterable[Value]) -> dict[Value, float]:
    """The error that each node may add by itself; that of a chain of sums is at its end."""
    uses, added = Counter(roots), Counter[Value]()  # how often, and how often by chains
    for node in order:
        uses.update(node.inputs)
        added.update([x for x in _terms(node) if type(x) is Value])
    errors: dict[Value, float] = {}
    sizes: dict[Value, float] = {}
    counts: dict[Value, int] = {}
    for node in order:
        size, exact = abs(node._data), "exact" in node.op.traits
        if exact and size in [abs(primal(x)) for x in node.operands]:
            errors[node] = 0.0
            continue
        terms = _terms(node)
        error = (2.0 * U if exact or terms else FUNCTION) * size
        if terms:
            inner = {x for x in terms if type(x) is Value and x in sizes}
            parts = [sizes[x] if x in inner else abs(primal(x)) for x in terms]
            products = _products(node)
            sizes[node] = math.fsum([*parts, *products])
            counts[node] = len(terms) + len(products)
            counts[node] += sum([counts[x] - 1 for x in terms if x in inner])
            if not uses[node] == added[node] == 1:
                error += 2.0 * U * counts[node] * sizes[node]
        elif node.op.name == "logsumexp":  # its logarithm may cancel the largest operand
            error += FUNCTION * max([abs(primal(x)) for x in node.operands])
        lost = error or all(map(primal, node.operands))
        errors[node] = error + TINY if lost else 0.0
    return errors


def _terms(node: Value) -> Sequence[Any]:
    """The operands that a node adds up, but for products."""
    name = node.op.name
    return node.operands[: 1 if name == "dot" else None] if name in CHAINS else ()


def _products(node: Value) -> list[float]:
    """The sizes of the products that a dot adds up."""
    if node.op.name != "dot":
        return []
    xs = [primal(x) for x in node.operands[1:]]
    half = len(xs) // 2
    return [abs(a * b) for a, b in zip(xs[:half], xs[half:])]
