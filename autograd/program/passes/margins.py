"""Margins: a guard is not decided where rounding could decide it otherwise.

A program adds up in another order than the function, and its `exp` may be a digit off. So
beside a guard that compares such numbers stands another one: their distance is at least the
bound of their rounding errors. A running error analysis makes these bounds (Wilkinson,
"Rounding Errors in Algebraic Processes", 1963; Higham, "Accuracy and Stability of Numerical
Algorithms", 2002, section 3.3): for a node x of a guard's cone a further node e, so that
|program's x - function's x| ≤ e, from those of its operands. These are no first-order
estimates: where a divisor or the operand of a logarithm is lost, e grows without limit.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from autograd.program.ir.block import operand
from autograd.program.ir.nodes import Builder
from autograd.program.ir.rules import with_trait
from autograd.program.ir.tape import LEAVES, Tape
from autograd.program.passes.fuse_sums import fuse_sums
from autograd.program.passes.guards import same_everywhere
from autograd.program.passes.vjp import slope_of
from autograd.rules.expression import COMPARISONS, FLAT, UntranslatableError

__all__ = ["with_margins"]

U = 2.0**-53
ROUNDED = 2.0 * U  # relative: both sides round once
FUNCTION = 16.0 * U  # a few units in the program, and in the C library
LOST = 2.0**-20  # 1 - r is not taken for less
UNKNOWN = 1e100  # no bound

# Factors of a relative error, and sizes that are added to the result's.
LOGARITHMS = {"log": 1.0, "log1p": 1.0, "log2": 1.5, "log10": 0.5}
EXPONENTIALS = {"exp": 0.0, "exp2": 0.0, "expm1": 1.0, "sinh": 1.0, "cosh": 1.0}
STEPS = FLAT | {"sign"}  # to whole numbers

Bound = int | None  # a node, or None for 0
Pairs = list[tuple[Bound, Bound]]  # whose products are added up


def with_margins(tape: Tape, answers: Sequence[float]) -> tuple[Tape, list[float]]:
    """The tape with more guards, and the answers of all.

    Args:
        tape: after sums were fused.
        answers: to each guard, as it was recorded.
    """
    roots = [node for node, _ in tape.roots[tape.outputs :]]
    exact = same_everywhere(tape) if roots else bytearray()
    doubtful = [(node, answer) for node, answer in zip(roots, answers) if not exact[node]]
    if not doubtful:
        return tape, [*answers]
    new = tape.begun()
    margins = _Margins(new, exact)
    margins.bound([node for node, _ in doubtful])
    guards = dict.fromkeys([margins.guard(node, answer) for node, answer in doubtful])
    new.roots = [*tape.roots, *[(node, None) for node in guards]]
    fixed = bytearray([1]) * len(tape) + bytearray(len(new) - len(tape))
    return fuse_sums(new, fixed), [*answers, *[1.0] * len(guards)]


class _Margins(Builder):
    """Appends bounds to a tape.

    Args:
        tape: gets the nodes; it may have lanes.
        exact: for each node so far, whether it is the same bits everywhere.
    """

    def __init__(self, tape: Tape, exact: bytearray) -> None:
        super().__init__(tape)
        self.exact = exact
        traits = ("steady", "exact", "small")
        self.steady, self.basic, self.small = [with_trait(each, tape.ops) for each in traits]
        self.choices = self.steady & self.basic - {"add", "sub"}
        self.bounds: dict[int, Bound] = {}
        self.sizes: dict[int, int] = {}
        self.one = self.number(1.0)

    # ------------------------------------------------------------------ guards

    def guard(self, node: int, answer: float) -> int:
        """The node that is 1 where no rounding decides a guard otherwise."""
        if self.tape.ops[node] in STEPS:
            return self.sure(node)
        return self.apart(self.distance(node, self.number(answer)), [node])

    def sure(self, i: int) -> int:
        """The node that is 1 where no rounding makes a node another whole number."""
        op, args = self.tape.ops[i], self.tape.args[i]
        if op in COMPARISONS:
            return self.apart(self.distance(*args), args)
        far = self.size(args[0]) if op == "sign" else self.from_step(op, args)
        return self.apart(far, args)

    def apart(self, distance: int, operands: Iterable[int]) -> int:
        """Whether a distance is one that no rounding of the operands makes; NaN is none."""
        total = self.total(map(self.bounds.get, operands))
        return self.add("ge", distance, self.number(0.0) if total is None else total)

    def distance(self, a: int, b: int) -> int:
        """How far apart two numbers are; what is one node, rounding can't tell apart."""
        return self.number(UNKNOWN) if a == b else self.size(self.add("sub", a, b))

    def from_step(self, op: str, args: Sequence[int]) -> int:
        """How far an operand is from where its whole number changes."""
        x = args[0]
        if op != "round":
            return self.distance(x, self.add("round", x))
        if len(args) > 1:  # to digits: anywhere
            return self.number(-1.0)
        return self.distance(self.distance(x, self.add("round", x)), self.number(0.5))

    # ------------------------------------------------------------------ bounds

    def bound(self, nodes: Iterable[int]) -> None:
        """Make the bounds of all that these need, in the order of the tape."""
        cone = set(nodes)
        for i in range(len(self.exact) - 1, -1, -1):
            if i in cone and not self.exact[i]:
                cone.update(self.tape.args[i])
        for i in sorted(cone):
            known = self.exact[i] or self.tape.ops[i] in LEAVES
            self.bounds[i] = None if known else self.made(i)

    def made(self, i: int) -> Bound:
        """The bound of a node whose operands have theirs."""
        op, args = self.tape.ops[i], self.tape.args[i]
        errors = [self.bounds[a] for a in args]
        if op == "dot":
            return self.combined(self.dot(args, errors))
        if op == "where":
            return self.chosen(args, errors)
        some = any(e is not None for e in errors)
        if op in STEPS:
            return self.unless(self.sure(i)) if some else None
        if op in ("mod", "floordiv"):
            return self.remainder(op, args, errors) if some else None
        pairs = self.moved(op, i, args, errors) if some else []
        if op in self.small:
            pairs.append((self.one, self.number(FUNCTION)))
        elif op not in self.choices:
            size = self.all_of(args) if op in ("sum", "logsumexp") else self.size(i)
            unit = ROUNDED if op in self.basic else FUNCTION
            unit = ROUNDED * len(args) if op == "sum" else unit
            pairs.append((size, self.number(unit)))
        return self.combined(pairs)

    def moved(self, op: str, i: int, args: Sequence[int], errors: Sequence[Bound]) -> Pairs:
        """The bound that the errors of the operands make; at least one has one."""
        one, first, a = self.one, errors[0], self.size(args[0])
        if op in ("mul", "square"):
            b, second = self.size(args[-1]), errors[-1]
            return [(a, second), (self.total([b, second]), first)]
        if op in ("leaky_relu", "elu"):
            steepest = self.add("maximum", self.size(args[1]), one)
            return [(steepest, first), (self.total([a, first]), errors[1])]
        if op in self.steady:
            return [(one, e) for e in errors]
        if op in ("div", "reciprocal"):
            lost, divisor = errors[-1], self.size(args[-1])
            top = [(one, first if op == "div" else None), (self.size(i), lost)]
            return [(one, self.over(self.combined(top), self.without(divisor, lost)))]
        if op in LOGARITHMS:
            if op == "log1p":
                a = self.size(self.add("add", args[0], one))
            return [(self.number(LOGARITHMS[op]), self.grown(self.over(first, a)))]
        if op in EXPONENTIALS:
            size = self.total([self.size(i), self.number(EXPONENTIALS[op])])
            return [(size, self.grown(first))]
        if op == "sqrt":
            return [(one, self.over(first, self.add("maximum", i, self.number(1e-150))))]
        if op == "pow":
            base = self.add("maximum", a, self.number(1e-300))
            of_base = self.size(args[1]), self.grown(self.over(first, base))
            of_power = self.size(self.add("log", base)), errors[1]
            return [(self.size(i), self.grown(self.combined([of_base, of_power])))]
        return self.first_order(op, i, args, errors)

    def first_order(
        self, op: str, i: int, args: Sequence[int], errors: Sequence[Bound]
    ) -> Pairs:
        """Twice what the partials say, of a function that has no rule here."""
        slots = [operand(k) for k in range(len(args) + 1)]
        pairs: Pairs = []
        for k, error in enumerate(errors):
            if error is None:
                continue
            try:
                slope = self.written(slope_of(op, k, slots[-1], slots[:-1]), [*args, i])
            except UntranslatableError:
                return [(self.one, self.number(UNKNOWN))]
            pairs += [(self.size(slope), error)] * 2
        return pairs

    def dot(self, args: Sequence[int], errors: Sequence[Bound]) -> Pairs:
        """The bound of a bias and products: Σ |w| (e(x) + c |x|) + e(w) (|x| + e(x))."""
        half = len(args) // 2
        # few units, that dots share terms
        unit = self.number(ROUNDED * 2.0 ** (half + 1).bit_length())
        pairs: Pairs = [(self.one, errors[0]), (self.size(args[0]), unit)]
        ws, w_errors = args[1 : 1 + half], errors[1 : 1 + half]
        xs, x_errors = args[1 + half :], errors[1 + half :]
        if self.is_uniform(xs) and not self.is_uniform(ws):
            ws, xs, w_errors, x_errors = xs, ws, x_errors, w_errors
        left, right = [*map(self.size, ws)], [*map(self.size, xs)]
        if not any(e is not None for e in (*w_errors, *x_errors)):
            return [*pairs, (self.add("dot", self.number(0.0), *left, *right), unit)]
        for w, x, d, e in zip(left, right, w_errors, x_errors):
            pairs.append((w, self.combined([(self.one, e), (x, unit)])))
            pairs.append((self.total([x, e]), d))
        return pairs

    def remainder(self, op: str, args: Sequence[int], errors: Sequence[Bound]) -> Bound:
        """The bound of a quotient's whole number, or of what is left."""
        divisor, rest = self.size(args[1]), self.size(self.add("mod", *args))
        count = self.add("add", self.size(self.add("floordiv", *args)), self.one)
        off = self.combined([(self.one, errors[0]), (count, errors[1])]) or self.number(0.0)
        edge = self.add("minimum", rest, self.add("sub", divisor, rest))
        near = self.unless(self.add("ge", edge, off))
        return near if op == "floordiv" else self.total([off, near])

    def chosen(self, args: Sequence[int], errors: Sequence[Bound]) -> Bound:
        """The bound of the operand that a condition chooses; none unless it is sure."""
        condition, unsure = args[0], errors[0]
        if unsure is not None and self.tape.ops[condition] not in COMPARISONS:
            unsure = self.unless(self.apart(self.size(condition), [condition]))
        if errors[1] is errors[2] is None:
            return unsure
        either = [self.number(0.0) if e is None else e for e in errors[1:]]
        return self.total([self.add("where", condition, *either), unsure])

    def unless(self, apart: int) -> int:
        """No bound unless it is apart."""
        return self.add("mul", self.add("sub", self.number(1.0), apart), self.number(UNKNOWN))

    # ------------------------------------------------------------------ nodes, each made once

    def size(self, node: int) -> int:
        if node not in self.sizes:
            const = self.tape.ops[node] == "const"
            number = abs(self.tape.values[node])
            self.sizes[node] = self.number(number) if const else self.add("abs", node)
        return self.sizes[node]

    def all_of(self, nodes: Sequence[int]) -> Bound:
        """The sum of their sizes."""
        return self.total(map(self.size, nodes))

    def is_uniform(self, nodes: Sequence[int]) -> bool:
        """Whether none of them differs from lane to lane."""
        return not any(self.varying[x] for x in nodes)

    def total(self, terms: Iterable[Bound]) -> Bound:
        some = [x for x in terms if x is not None and x != self.numbers.get("0.0")]
        if len(some) < 2:
            return some[0] if some else None
        return self.add("add" if len(some) == 2 else "sum", *some)

    def combined(self, pairs: Sequence[tuple[Bound, Bound]]) -> Bound:
        """The sum of their products."""
        some = [(a, b) for a, b in pairs if a is not None and b is not None]
        alone = self.total([b for a, b in some if a == self.one])
        products = [(a, b) for a, b in some if a != self.one]
        if len(products) < 2:
            return self.total([alone, *[self.add("mul", *both) for both in products]])
        factors, terms = zip(*products)
        bias = self.number(0.0) if alone is None else alone
        return self.add("dot", bias, *factors, *terms)

    def over(self, a: Bound, divisor: int) -> Bound:
        return None if a is None else self.add("div", a, divisor)

    def without(self, size: int, error: Bound) -> int:
        """The least size of a number with this error, but not 0."""
        if error is None:
            return size
        least = self.add("mul", size, self.number(LOST))
        return self.add("maximum", self.add("sub", size, error), least)

    def grown(self, r: Bound) -> Bound:
        """r / (1 - r): what a relative error r makes in a logarithm, or r in an exponential."""
        return None if r is None else self.over(r, self.without(self.number(1.0), r))
