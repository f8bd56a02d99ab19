"""How often the checker errs, with the rules as they are and with planted errors."""

from __future__ import annotations

import math
import random
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import pairwise
from typing import Any

import numpy as np

import nn.losses  # noqa: F401  (it defines primitives as a user would)
from autograd import Value, gradient
from autograd.core.primitive import RESERVED, TABLE, Primitive
from autograd.core.sweeps import topological_order
from autograd.testing import GradientError, check_jacobian, check_vjp, gradcheck
from autograd.testing.recorded import node_cases
from autograd.testing.report import Case
from tests.helpers.programs import OPERANDS, SAFE, Listing, decode
from tests.helpers.tables import table

__all__ = [
    "NAMES",
    "measure",
    "measure_arrays",
    "measure_by_hand",
    "measure_programs",
    "planted",
    "random_point",
    "random_program",
    "replaced",
    "verdict",
]

# `detach` has no derivative by definition, which differences don't know.
NAMES = sorted(RESERVED - {"detach"} | {name for name in TABLE if name.startswith("nn.")})
Plant = Callable[[float], float]
PLANTS: dict[str, Plant] = {"x 1.0001": lambda d: d * 1.0001, "sign": lambda d: -d}


@contextmanager
def planted(name: str, change: Plant) -> Iterator[Primitive]:
    """The primitive with every partial changed, also on Values."""
    op = TABLE[name]

    def changed(rule: Callable[..., Any]) -> Callable[..., Any]:
        if op.variadic:
            return lambda out, *xs: tuple([change(d) for d in rule(out, *xs)])
        return lambda out, *xs: change(rule(out, *xs))

    with replaced(op, [changed(rule) for rule in op.rules]) as wrong:
        yield wrong


@contextmanager
def replaced(op: Primitive, rules: Sequence[Callable[..., Any]]) -> Iterator[Primitive]:
    """The primitive with other rules, in the table for the time of the block."""
    names = "symbol variadic strong_zero domain kink latex doc defaults textbook_rule traits"
    wrong = Primitive(op.name, op.value, tuple(rules), *[getattr(op, n) for n in names.split()])
    TABLE[op.name] = wrong
    try:
        yield wrong
    finally:
        TABLE[op.name] = op


def random_number(rng: random.Random) -> float:
    sign = rng.choice([1.0, -1.0])
    kind = rng.random()
    if kind < 0.45:
        return sign * rng.uniform(0.0, 4.0)
    if kind < 0.6:
        return sign * float(10.0 ** rng.uniform(-12.0, 0.0))
    if kind < 0.75:
        return sign * float(10.0 ** rng.uniform(0.0, 12.0))
    if kind < 0.8:
        return sign * float(10.0 ** rng.uniform(-150.0, -12.0))
    if kind < 0.85:
        return sign * float(10.0 ** rng.uniform(12.0, 150.0))
    if kind < 0.95:
        return sign * (1.0 - float(10.0 ** rng.uniform(-16.0, -1.0)))
    return rng.choice([0.0, 1.0, -1.0, 2.0, -2.0, 0.5, math.pi])


def random_point(name: str, rng: random.Random) -> list[Any]:
    """Operands at which the primitive has a finite value; Values where it has a derivative."""
    op = TABLE[name]
    while True:
        count = op.arity or OPERANDS.get(name, 5 if name == "nn.cross_entropy" else 3)
        xs = [random_number(rng) for _ in range(count)]
        first = 0
        if name == "take" or name == "where":
            xs[0] = float(rng.randrange(2))
        elif name == "nn.cross_entropy":
            xs[:2] = [float(rng.randrange(3)), rng.choice([0.0, 0.1])]
            first = 2
        elif name == "nn.huber_loss":
            xs[1] = abs(xs[1])
        elif name.startswith("nn.binary_cross_entropy"):
            xs[1] = rng.choice([0.0, 1.0, rng.random()])
        operands = [*xs[:first], *map(Value, xs[first:])]
        try:
            if math.isfinite(op(*operands).data):
                return operands
        except (ValueError, ArithmeticError):
            continue


def random_program(rng: random.Random, longest: int = 12) -> Listing:
    """As the strategy draws them, without Hypothesis."""
    head = rng.randbytes(2 * rng.randint(1, 4))
    codes = [rng.randbytes(6) for _ in range(rng.randint(1, longest))]
    return decode(head, codes, sorted(SAFE))


def cases(name: str, operands: list[Any]) -> list[Case]:
    """Return what the checker says of each partial of the primitive there."""
    return node_cases([TABLE[name](*operands)])


def at_a_corner(case: Case) -> bool:
    """Whether any of an interval of derivatives would be right."""
    corner = case.decision.corner
    return corner is not None and corner[0] < corner[1]


def measure(count: int, seed: int = 0) -> Counter[tuple[str, str]]:
    """Verdicts by what was planted, "nothing" included, at `count` points a primitive.

    Left out: partials that the plant does not change or that are not finite; kinks.
    """
    rng = random.Random(seed)
    found: Counter[tuple[str, str]] = Counter()
    for name in NAMES:
        for _ in range(count):
            xs = random_point(name, rng)
            right = cases(name, xs)
            for case in right:
                found["nothing", case.decision.verdict] += 1
            for plant, change in PLANTS.items():
                with planted(name, change):
                    wrong = cases(name, xs)
                for before, after in zip(right, wrong, strict=True):
                    if 1e-300 < abs(before.analytic) < math.inf and not at_a_corner(before):
                        found[plant, after.decision.verdict] += 1
    return found


def measure_programs(count: int, seed: int = 0, order: int = 1) -> Counter[tuple[str, str]]:
    """Verdicts of `gradcheck` on random programs, as they are and with one rule x 1.0001.

    A planted error counts as found if the report names the primitive.
    """
    rng = random.Random(seed)
    found: Counter[tuple[str, str]] = Counter()
    for _ in range(count):
        program = random_program(rng)
        report = gradcheck(program, *program.starts, order=order)
        found["nothing", report.verdict] += 1
        name = rng.choice(program.steps).name
        with planted(name, PLANTS["x 1.0001"]):
            order_of_nodes, _ = topological_order(program.record()[1])
            changed = [
                node for node in order_of_nodes if node.op is TABLE[name] and any(node.partials)
            ]
            if changed:
                report = gradcheck(program, *program.starts)
                verdict = report.verdict if report.primitive in (name, None) else "other"
                found["x 1.0001", verdict] += 1
    return found


def measure_by_hand(count: int, seed: int = 0) -> Counter[tuple[str, str]]:
    """Verdicts on random programs in floats alone, with the gradient as if written by hand.

    The planted error is in one component that is not small beside the others.
    """
    rng = random.Random(seed)
    found: Counter[tuple[str, str]] = Counter()
    for _ in range(count):
        program = random_program(rng)
        leaves, root = program.record()
        right = gradient(root, leaves)

        def f(xs: list[float], program: Listing = program) -> float:
            return float(program(*xs))

        xs = list(program.starts)
        report = gradcheck(f, xs, gradient=lambda xs, right=right: right)
        found["nothing", report.verdict] += 1
        worst = max(zip(map(abs, right), range(len(xs))))[1]
        wrong = [g * (1.0001 if i == worst else 1.0) for i, g in enumerate(right)]
        if wrong != right:
            report = gradcheck(f, xs, gradient=lambda xs, wrong=wrong: wrong)
            found["x 1.0001", report.verdict] += 1
    return found


ELEMENTWISE: list[tuple[Any, Any]] = table(
    """
np.tanh | lambda x: 1.0 - np.tanh(x) ** 2
np.sin | np.cos
lambda x: x * np.exp(-0.5 * x * x) | lambda x: (1.0 - x * x) * np.exp(-0.5 * x * x)
np.arctan | lambda x: 1.0 / (1.0 + x * x)
lambda x: np.log1p(x * x) | lambda x: 2.0 * x / (1.0 + x * x)
""",
    globals(),
)


def random_array_function(rng: random.Random) -> tuple[Any, Any, Any]:
    """A chain of matrices and elementwise functions in NumPy, its Jacobian, and a point."""
    draw = np.random.default_rng(rng.randrange(2**32))
    sizes = [rng.randint(1, 12) for _ in range(rng.randint(2, 4))]
    layers = [
        (draw.normal(size=(after, before)) / before**0.5, *rng.choice(ELEMENTWISE))
        for before, after in pairwise(sizes)
    ]

    def f(x: Any) -> Any:
        for matrix, g, _ in layers:
            x = g(matrix @ x)
        return x

    def jacobian(x: Any) -> Any:
        result = np.eye(sizes[0])
        for matrix, g, slope in layers:
            x = matrix @ x
            result = slope(x)[:, None] * (matrix @ result)
            x = g(x)
        return result

    return f, jacobian, draw.normal(size=sizes[0])


def verdict(check: Callable[..., Any], *xs: Any, **options: Any) -> str:
    """Return the verdict of a check that raises."""
    try:
        check(*xs, **options)
    except GradientError as error:
        return error.report.verdict
    return "pass"


def measure_arrays(count: int, seed: int = 0) -> Counter[tuple[str, str]]:
    """Verdicts of `check_jacobian` and `check_vjp`; the error is in the largest element."""
    rng = random.Random(seed)
    found: Counter[tuple[str, str]] = Counter()
    for _ in range(count):
        f, right, x = random_array_function(rng)

        def wrong(x: Any, right: Any = right) -> Any:
            result = right(x)
            result.flat[np.argmax(abs(result))] *= 1.0001
            return result

        for plant, jacobian in (("nothing", right), ("x 1.0001", wrong)):
            found[plant, verdict(check_jacobian, f, x, jacobian=jacobian)] += 1
            vjp = lambda x, u, jacobian=jacobian: jacobian(x).T @ u  # noqa: E731
            found[plant, verdict(check_vjp, f, x, vjp=vjp)] += 1
    return found
