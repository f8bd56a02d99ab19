"""Roll: operations that repeat become loops, and like products of one level one product.

A recurrence, stacked layers or an integrator repeat operations of the same kinds at a distance,
the period. Such a stretch is a loop if each row that an operation reads is one of these: in
every round the same row from outside; another row from outside in each round, of which there is
a table; or a row that the loop itself computed, the same number of rounds ago. The first rounds
read what was there before the loop.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from autograd.program.ir.arrays import Array, np
from autograd.program.ir.block import Blocks, Op

__all__ = ["DEPTH", "FIXED", "TABLE", "Loop", "Rolled", "Step", "roll"]

FEWEST = 3  # rounds
SHORTEST = 8  # operations that are saved
PERIODS = 64  # that are tried
# Where a row that a loop's body reads is: among the fixed ones, in this round's row of the
# table, or else DEPTH times the position of what computes it, plus how many rounds ago.
FIXED, TABLE, DEPTH = -2, -1, 64


class Step(NamedTuple):
    """An operation.

    Attributes:
        op: its kind, rows and formula; its operands are `reads`.
        first: the place of its first row. Each row of each value has a place of its own.
        reads: the places of the rows of each operand.
        shape: of a product, how many matrices there are, and how many vectors for each.
    """

    op: Op
    first: int
    reads: tuple[Array, ...]
    shape: tuple[int, int] = (1, 1)


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

    def outside(self) -> Iterator[Array]:
        """The places from outside that it reads."""
        yield from (self.fixed, self.table.ravel(), *self.carried.values())


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

    def found(self, places: Array) -> tuple[Array, Array]:
        """Of places, the first of the value that they are rows of, and which rows."""
        first = self.starts[np.searchsorted(self.starts, places, "right") - 1]
        return first, places - first


def roll(blocks: Blocks) -> Rolled:
    """The blocks of a forward sweep, with loops."""
    return _Roll(blocks).rolled()


class _Roll:
    def __init__(self, blocks: Blocks) -> None:
        self.starts: list[int] = []
        self.size = 0
        self.sources: list[tuple[int, Op]] = []
        self.steps: list[Step] = []
        places, users = list[Array](), blocks.users()
        for v, op in enumerate(blocks.ops):
            if not users[v]:
                places.append(np.empty(0, int))
                continue
            reads = [places[a] for a in op.operands]
            if op.kind == "pick":
                places.append(np.concatenate(reads)[np.asarray(op.what)])
                continue
            first = self.more(op.rows)
            places.append(np.arange(first, first + op.rows))
            if not op.operands:
                self.sources.append((first, op))
                continue
            if op.kind == "map":  # of fewer rows, row i is row i modulo these
                reads = [np.resize(a, op.rows) if len(a) > 1 else a for a in reads]
            self.steps.append(Step(op, first, tuple(reads)))
        self.results = {name: places[v] for name, v in blocks.results.items()}

    def more(self, rows: int) -> int:
        """The first of so many new places."""
        self.starts.append(self.size)
        self.size += rows
        return self.starts[-1]

    def rolled(self) -> Rolled:
        moved = np.arange(self.size)
        merged = self.merged(moved)
        self.steps = [
            step._replace(reads=tuple([moved[a] for a in step.reads])) for step in merged
        ]
        self.results = {name: moved[places] for name, places in self.results.items()}
        moved = np.arange(self.size)
        steps: list[Step | Loop] = []
        for step in self.with_loops(moved):
            if isinstance(step, Step):
                steps.append(step._replace(reads=tuple([moved[a] for a in step.reads])))
            else:
                carried = {key: moved[places] for key, places in step.carried.items()}
                steps.append(
                    step._replace(
                        fixed=moved[step.fixed], table=moved[step.table], carried=carried
                    )
                )
        results = {name: moved[places] for name, places in self.results.items()}
        used = np.zeros(self.size, bool)
        for places in results.values():
            used[places] = True
        for step in steps:
            for places in step.reads if isinstance(step, Step) else step.outside():
                used[places] = True
        return Rolled(self.sources, steps, results, np.array(self.starts), used)

    # ------------------------------------------------------------------ products

    def merged(self, moved: Array) -> list[Step]:
        """The steps, with products that follow each other put together."""
        found: list[Step] = []
        run: list[Step] = []
        for step in self.steps:
            begin = run[0].first if run else step.first
            apart = step.op.kind != "matmul" or any((a >= begin).any() for a in step.reads)
            if apart:
                found += self.together(run, moved)
                run = []
            if step.op.kind == "matmul":
                run.append(step)
            else:
                found.append(step)
        return found + self.together(run, moved)

    def together(self, run: list[Step], moved: Array) -> list[Step]:
        """Products that need nothing of each other, those of one shape as one."""
        same: dict[Any, list[Step]] = defaultdict(list)  # the same weights
        for step in run:
            w, *others = step.reads
            same[step.op._replace(operands=()), len(others), w.tobytes()].append(step)
        alike: dict[Any, list[list[Step]]] = defaultdict(list)
        for (op, count, _), group in same.items():
            alike[op, count, len(group)].append(group)
        found = []
        for (op, _, vectors), groups in alike.items():
            step = groups[0][0]
            if (batch := len(groups)) * vectors > 1:
                count, rows = op.rows, np.arange(op.rows)
                op = op._replace(rows=batch * vectors * count)
                every = [each for group in groups for each in group]
                w = np.concatenate([group[0].reads[0] for group in groups])
                others = [np.concatenate(a) for a in zip(*[each.reads[1:] for each in every])]
                step = Step(op, self.more(op.rows), (w, *others), (batch, vectors))
                for i, each in enumerate(every):
                    moved[each.first + rows] = step.first + i * count + rows
            found.append(step)
        return found

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
        found: list[Step | Loop] = []
        for i, step in enumerate(steps):
            if i in loops:
                found.append(loops[i])
                self.move(loops[i], i, moved)
            elif not taken[i]:
                found.append(step)
        return found

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
    what = op.what.key() if op.kind == "map" else op.what
    sizes = [len(a) for a in step.reads]
    return op.kind, op.rows, op.lanes, what, op.width, step.shape, *sizes


def stretches(kinds: Array) -> list[tuple[int, int, int]]:
    """Begin, period and number of rounds of what repeats, those first that save most."""
    order = np.argsort(kinds, kind="stable")
    gaps: Counter[int] = Counter()  # how far apart two of a kind are
    for k in (1, 2, 3, 4, 6, 8, 12, 16, 24, 32):
        ahead, behind = order[k:], order[:-k]
        alike = kinds[ahead] == kinds[behind]
        gaps.update((ahead - behind)[alike].tolist())
    found = []
    for period, _ in gaps.most_common(PERIODS):
        same = np.concatenate([[False], kinds[:-period] == kinds[period:], [False]])
        edges = np.flatnonzero(np.diff(same.astype(int)))
        for begin, end in zip(edges[::2].tolist(), edges[1::2].tolist()):
            times = (end - begin) // period + 1
            if times >= FEWEST and (saved := (times - 1) * period) >= SHORTEST:
                found.append((-saved, period, begin, times))
    return [(begin, period, times) for _, period, begin, times in sorted(found)]
