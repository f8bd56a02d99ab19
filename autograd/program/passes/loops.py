"""Roll: operations that repeat become loops, and what is alike in one level one operation.

Products and reductions need not be of one size to become one: those that are smaller are filled
up with operands that change nothing.

A recurrence, stacked layers or an integrator repeat operations of the same kinds at a distance,
the period. Such a stretch is a loop if each row that an operation reads is one of these: in
every round the same row from outside; another row from outside in each round, of which there is
a table; or a row that the loop itself computed, the same number of rounds ago. The first rounds
read what was there before the loop.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from itertools import chain, groupby
from math import inf
from typing import Any, NamedTuple

from autograd.program.ir.arrays import Array, np
from autograd.program.ir.program import BlockProgram, Op

__all__ = ["DEPTH", "FIXED", "TABLE", "Loop", "Rolled", "Step", "roll"]

FEWEST = 3  # rounds
SHORTEST = 8  # operations that are saved
PERIODS = 64  # that are tried
WASTE = 2.2  # by how much filling up may enlarge what is computed
FILLERS = {"sum": -0.0, "dot": 0.0, "logsumexp": -inf}  # operands that change nothing
JOINED = frozenset(["matmul", "reduce"])
# A row that a loop's body reads is among the fixed ones, in this round's row of the
# table, or else DEPTH times the position of what computes it, plus how many rounds ago.
FIXED, TABLE, DEPTH = -2, -1, 64


class Step(NamedTuple):
    """An operation.

    Attributes:
        op: its kind, rows and formula; its operands are `reads`.
        first: the place of its first row. Each row of each value has a place of its own.
        reads: the places of the rows of each operand.
        width: of a product the columns of its matrix, of a reduction how many rows become one.
        shape: of a product, how many matrices there are, and how many vectors for each.
    """

    op: Op
    first: int
    reads: tuple[Array, ...]
    width: int = 1
    shape: tuple[int, int] = (1, 1)

    def outside(self) -> Sequence[Array]:
        """The places that it reads."""
        return self.reads

    def moved(self, to: Array) -> Step:
        """The same step, where each place is now another."""
        return self._replace(reads=tuple([to[places] for places in self.reads]))


class Loop(NamedTuple):
    """Operations that are repeated.

    Attributes:
        body: those of the first round.
        times: how many rounds there are.
        reads: for each operand of each operation, where its rows are, and which they are.
        fixed: the places of rows from outside that are the same in each round.
        table: the others, a row a round.
        carried: for a position in the body and a number of rounds, the places of what stands
            for its result so many rounds before the first.
        firsts: for each position, the place of the results of all rounds, one after the other.
    """

    body: Sequence[Step]
    times: int
    reads: list[list[tuple[Array, Array]]]
    fixed: Array
    table: Array
    carried: dict[tuple[int, int], Array]
    firsts: list[int]

    def outside(self) -> Sequence[Array]:
        """The places from outside that it reads."""
        return [self.fixed, self.table, *self.carried.values()]

    def moved(self, to: Array) -> Loop:
        """The same loop, where each place is now another."""
        carried = {key: to[places] for key, places in self.carried.items()}
        return self._replace(fixed=to[self.fixed], table=to[self.table], carried=carried)


class Rolled(NamedTuple):
    """A program's values, without the picks.

    Attributes:
        sources: inputs and constants, and the place of the first row of each.
        steps: all that is computed, in order.
        results: the places of the rows of each result, by name.
        starts: the place of the first row of each value, in order.
        used: for each place, whether anything outside of a loop reads it.
    """

    sources: list[tuple[int, Op]]
    steps: list[Step | Loop]
    results: dict[str, Array]
    starts: Array
    used: Array

    def located(self, places: Array) -> tuple[Array, Array]:
        """Return for places the first place of their value, and their rows in it."""
        first = self.starts[np.searchsorted(self.starts, places, "right") - 1]
        return first, places - first


def roll(blocks: BlockProgram) -> Rolled:
    """The blocks of a forward sweep, with loops."""
    return _Roll(blocks).rolled()


class _Roll:
    def __init__(self, blocks: BlockProgram) -> None:
        self.starts: list[int] = []
        self.size = 0
        self.sources: list[tuple[int, Op]] = []
        self.steps: list[Step] = []
        places, users = list[Array](), blocks.users()
        for v, op in enumerate(blocks.ops):
            if not users[v]:
                places.append(np.empty(0, int))
                continue
            reads = [places[a] for a in op.args]
            if op.kind == "pick":
                places.append(np.concatenate(reads)[np.asarray(op.param)])
                continue
            first = self.more(op.rows)
            places.append(np.arange(first, first + op.rows))
            width = 1
            if op.kind == "reduce":
                width = len(reads[-1]) // op.rows
            if op.kind == "matmul":  # by weights, so that these are ranges
                w, x, *bias = reads
                width = len(x)
                order = np.argsort(w[::width], kind="stable")
                places[-1][order] = np.arange(first, first + op.rows)
                w = w.reshape(-1, width)[order].ravel()
                reads = [w, x, *[a[order] for a in bias]]
            if not op.args:
                self.sources.append((first, op))
                continue
            if op.kind == "map":  # of fewer rows, row i is row i modulo these
                reads = [np.resize(a, op.rows) if len(a) > 1 else a for a in reads]
            self.steps.append(Step(op, first, tuple(reads), width))
        self.results = {name: places[v] for name, v in blocks.results.items()}
        first = self.more(len(FILLERS))
        self.sources.append((first, Op("const", len(FILLERS), False, (), [*FILLERS.values()])))
        self.fillers = {what: first + i for i, what in enumerate(FILLERS)}

    def more(self, rows: int) -> int:
        """The first of so many new places."""
        self.starts.append(self.size)
        self.size += rows
        return self.starts[-1]

    def rolled(self) -> Rolled:
        moved = np.arange(self.size)
        self.steps = [step.moved(moved) for step in self.merged(moved)]
        results = {name: moved[places] for name, places in self.results.items()}
        moved = np.arange(self.size)
        steps = [step.moved(moved) for step in self.with_loops(moved)]
        results = {name: moved[places] for name, places in results.items()}
        used = np.zeros(self.size, bool)
        for places in chain(results.values(), *[step.outside() for step in steps]):
            used[places] = True
        sources = [
            (first, op) for first, op in self.sources if used[first : first + op.rows].any()
        ]
        return Rolled(sources, steps, results, np.array(self.starts), used)

    # ------------------------------------------------------------------ together

    def merged(self, moved: Array) -> list[Step]:
        """The steps, with products and reductions that follow each other put together."""
        joined: list[Step] = []
        for joins, group in groupby(self.steps, lambda step: step.op.kind in JOINED):
            run = [*group]
            for steps in self.late(run) if joins else ():
                same: dict[Any, list[Step]] = defaultdict(list)
                for step in steps:
                    same[step.op.param].append(step)
                for what, alike in same.items():
                    if what is None:
                        joined += self.products(alike, moved)
                    elif what in FILLERS:
                        joined += self.reductions(what, alike, moved)
                    else:
                        joined += alike
            if not joins:
                joined += run
        return joined

    def late(self, run: list[Step]) -> list[list[Step]]:
        """Steps that need nothing of each other, each as late as possible, in their order."""
        left = np.zeros(len(run), int)  # how many more there are after it
        firsts, end = np.array([step.first for step in run]), run[-1].first + run[-1].op.rows
        for i in range(len(run) - 1, 0, -1):
            for places in run[i].reads:
                inside = places[(firsts[0] <= places) & (places < end)]
                makers = np.searchsorted(firsts, inside, "right") - 1
                left[makers] = np.maximum(left[makers], left[i] + 1)
        levels = range(left.max(), -1, -1)
        return [[run[i] for i in np.flatnonzero(left == level)] for level in levels]

    def products(self, steps: list[Step], moved: Array) -> list[Step]:
        """Products of the same weights as one; and those of as many vectors each."""
        same: dict[Any, list[Step]] = defaultdict(list)
        for step in steps:
            w, *others = step.reads
            key = step.op.lanes, len(others), step.op.rows, step.width, w.tobytes()
            same[key].append(step)
        alike: dict[Any, list[list[Step]]] = defaultdict(list)
        for (lanes, count, *_), group in same.items():
            alike[lanes, count, len(group)].append(group)
        joined, zero = list[Step](), self.fillers["dot"]
        for part in chain.from_iterable(map(_fitting, alike.values())):
            every = [step for group in part for step in group]
            if len(every) == 1:
                joined += every
                continue
            rows, width = _largest(part)
            _, *others = zip(*[step.reads for step in every])
            ws = [group[0].reads[0].reshape(-1, group[0].width) for group in part]
            reads = [np.vstack([_filled(w, rows, width, zero) for w in ws]).ravel()]
            for some, n in zip(others, (width, rows)):
                reads.append(np.hstack([_filled(a[None], 1, n, zero) for a in some]).ravel())
            op = every[0].op._replace(rows=len(every) * rows, args=())
            step = Step(op, self.more(op.rows), tuple(reads), width, (len(part), len(part[0])))
            joined.append(step)
            for i, each in enumerate(every):
                mine = np.arange(each.op.rows)
                moved[each.first + mine] = step.first + i * rows + mine
        return joined

    def reductions(self, what: str, steps: list[Step], moved: Array) -> list[Step]:
        """Reductions as one, also those of several widths."""
        alike: dict[bool, list[list[Step]]] = defaultdict(list)
        for step in steps:
            alike[step.op.lanes].append([step])
        joined = []
        for part in chain.from_iterable(map(_fitting, alike.values())):
            every, (_, width) = [group[0] for group in part], _largest(part)
            reads = []
            for k, operands in enumerate(zip(*[step.reads for step in every])):
                n = 1 if what == "dot" and k == 0 else width
                cells = [a.reshape(-1, step.op.rows) for a, step in zip(operands, every)]
                cells = [_filled(a, n, a.shape[1], self.fillers[what]) for a in cells]
                reads.append(np.hstack(cells).ravel())
            rows = sum([step.op.rows for step in every])
            op = every[0].op._replace(rows=rows, args=())
            joined.append(Step(op, self.more(rows), tuple(reads), width))
            old = [np.arange(step.first, step.first + step.op.rows) for step in every]
            moved[np.hstack(old)] = joined[-1].first + np.arange(rows)
        return joined

    # ------------------------------------------------------------------ loops

    def with_loops(self, moved: Array) -> list[Step | Loop]:
        """The steps, those that repeat as loops; and where their results are then."""
        steps, known = self.steps, dict[Any, int]()
        kinds = np.array([known.setdefault(_kind(step), len(known)) for step in steps])
        self.firsts = np.array([step.first for step in steps])
        self.maker = np.full(self.size, -1)
        for i, step in enumerate(steps):
            self.maker[step.first : step.first + step.op.rows] = i
        taken = np.zeros(len(steps), bool)
        loops: dict[int, Loop] = {}
        for begin, period, times in stretches(kinds):
            end = begin + period * times
            if taken[begin:end].any():
                continue
            for start in range(begin, min(begin + 2 * period, end) + 1):
                loop = self.loop(start, period, (end - start) // period)
                if loop is not None:
                    loops[start] = loop
                    taken[start : start + period * loop.times] = True
                    break
        result: list[Step | Loop] = []
        for i, step in enumerate(steps):
            if i in loops:
                result.append(loops[i])
                self.move(loops[i], i, moved)
            elif not taken[i]:
                result.append(step)
        return result

    def move(self, loop: Loop, start: int, moved: Array) -> None:
        """Say where the results of a loop are."""
        period = len(loop.body)
        for j, first in enumerate(loop.firsts):
            size = loop.body[j].op.rows
            rows = np.arange(size)
            for t in range(loop.times):
                moved[self.firsts[start + t * period + j] + rows] = first + t * size + rows

    def loop(self, start: int, period: int, times: int) -> Loop | None:
        """The loop of so many rounds from a step on, if it is one."""
        if times < FEWEST:
            return None
        reads: list[list[tuple[Array, Array]]] = []
        fixed: dict[int, int] = {}
        table: list[Array] = []
        carried: dict[tuple[int, int], Array] = {}
        body, rounds = self.steps[start : start + period], np.arange(times)[:, None]
        for j, step in enumerate(body):
            reads.append([])
            for k in range(len(step.reads)):
                each = [self.steps[start + t * period + j].reads[k] for t in range(times)]
                places = np.stack(each)
                maker = self.maker[places]
                inside = (maker >= start) & (maker < start + period * times)
                ago, position = np.divmod(maker - start, period)
                ago, row = rounds - ago, places - self.firsts[maker]
                same = (ago == ago[-1]) & (position == position[-1]) & (row == row[-1])
                own = np.where(rounds >= ago[-1], inside & same, ~inside).all(0)
                own &= inside[-1] & (ago[-1] < DEPTH)
                if not (own | ~inside.any(0)).all():
                    return None
                ids, rows = np.full((2, len(own)), FIXED)
                ids[own] = position[-1, own] * DEPTH + ago[-1, own]
                rows[own] = row[-1, own]
                changes = ~own & (places != places[0]).any(0)
                ids[changes] = TABLE
                rows[changes] = np.arange(changes.sum()) + sum([a.shape[1] for a in table])
                table.append(places[:, changes])
                for r in np.flatnonzero(~own & ~changes):
                    rows[r] = fixed.setdefault(int(places[0, r]), len(fixed))
                reads[j].append((ids, rows))
                if not self.carry(carried, body, ids[own], rows[own], places[:, own]):
                    return None
        for rest in carried.values():
            rest[rest < 0] = rest.max()  # which nothing reads
        firsts = [self.more(step.op.rows * times) for step in body]
        return Loop(
            body, times, reads, np.array([*fixed], int), np.hstack(table), carried, firsts
        )

    def carry(
        self, carried: Any, body: Sequence[Step], ids: Array, rows: Array, places: Array
    ) -> bool:
        """Note what the first rounds read instead of what there is not yet."""
        position, ago = np.divmod(ids, DEPTH)
        for p, d in {*zip(position.tolist(), ago.tolist())}:
            mine = (position == p) & (ago == d)
            for t in range(d):
                if (p, d - t) not in carried:
                    carried[p, d - t] = np.full(body[p].op.rows, -1)
                before, given = carried[p, d - t], places[t, mine]
                had = before[rows[mine]]
                before[rows[mine]] = given
                if ((had >= 0) & (had != given)).any() or (before[rows[mine]] != given).any():
                    return False
        return True


def _kind(step: Step) -> Any:
    """Equal for steps that differ in what they read only."""
    op = step.op
    what = op.param.key() if op.kind == "map" else op.param
    sizes = [len(a) for a in step.reads]
    return op.kind, op.rows, op.lanes, what, step.width, step.shape, *sizes


def stretches(kinds: Array) -> list[tuple[int, int, int]]:
    """Begin, period and number of rounds of what repeats, those first that save most."""
    order = np.argsort(kinds, kind="stable")
    gaps: Counter[int] = Counter()  # how far apart two of a kind are
    for k in (1, 2, 3, 4, 6, 8, 12, 16, 24, 32):
        ahead, behind = order[k:], order[:-k]
        alike = kinds[ahead] == kinds[behind]
        gaps.update((ahead - behind)[alike].tolist())
    repeats = []
    for period, _ in gaps.most_common(PERIODS):
        same = np.concatenate([[False], kinds[:-period] == kinds[period:], [False]])
        edges = np.flatnonzero(np.diff(same.astype(int)))
        for begin, end in zip(edges[::2].tolist(), edges[1::2].tolist()):
            times = (end - begin) // period + 1
            if times >= FEWEST and (saved := (times - 1) * period) >= SHORTEST:
                repeats.append((-saved, period, begin, times))
    return [(begin, period, times) for _, period, begin, times in sorted(repeats)]


def _largest(groups: list[list[Step]]) -> tuple[int, int]:
    """The most rows, and the largest width."""
    steps = [step for step, *_ in groups]
    return max(step.op.rows for step in steps), max(step.width for step in steps)


def _fitting(groups: list[list[Step]]) -> list[list[list[Step]]]:
    """All of them, if filling them up to one size is not too much; else those of each size."""
    parts: dict[Any, list[list[Step]]] = defaultdict(list)
    for group in groups:
        parts[group[0].op.rows, group[0].width].append(group)
    rows, width = _largest(groups)
    needed = sum([n * k * len(part) for (n, k), part in parts.items()])
    fits = len(parts) >= FEWEST and rows * width * len(groups) <= WASTE * needed
    return [groups] if fits else [*parts.values()]


def _filled(a: Array, rows: int, width: int, place: int) -> Array:
    """A matrix of places, filled up to a larger one."""
    more = [(0, rows - a.shape[0]), (0, width - a.shape[1])]
    return np.pad(a, more, constant_values=place)
