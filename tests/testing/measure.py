"""How often the checker errs: over the table, with rules as they are and with planted errors.

`python -m tests.testing.measure 10000` prints the figures for 10,000 random programs, 300
functions of arrays, and 400 points a primitive, drawn from everywhere in the domain: mild,
tiny, huge, near its edges and near ties; and what a check costs.
"""

from __future__ import annotations

import math
import random
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from itertools import pairwise
from time import process_time
from typing import Any

import numpy as np

import nn.losses  # noqa: F401  (it defines primitives as a user would)
from autograd import Value, gradient, sin, tanh
from autograd.build.binaries import describe_build
from autograd.core.primitive import RESERVED, TABLE, Primitive
from autograd.core.sweeps import topological_order
from autograd.testing import GradientError, check_jacobian, check_vjp, gradcheck
from autograd.testing.differences import Line, Samples, ladder
from autograd.testing.recorded import node_cases
from autograd.testing.report import Case
from tests.testing.programs import OPERANDS, SAFE, Listing, decode

__all__ = [
    "NAMES",
    "measure",
    "measure_arrays",
    "measure_by_hand",
    "measure_errors",
    "measure_programs",
    "planted",
    "random_point",
    "random_program",
    "replaced",
    "verdict",
]

NAMES = sorted(RESERVED | {name for name in TABLE if name.startswith("nn.")})
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
    names = ("symbol", "variadic", "strong_zero", "domain", "kink", "latex", "doc", "defaults")
    wrong = Primitive(op.name, op.value, tuple(rules), *[getattr(op, n) for n in names])
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
    """What the checker says of each partial of the primitive there."""
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


SMOOTH: list[tuple[Plant, Plant]] = [
    (math.exp, math.exp),
    (math.sin, math.cos),
    (math.atan, lambda x: 1.0 / (1.0 + x * x)),
    (lambda x: 1.0 / x, lambda x: -1.0 / (x * x)),
    (lambda x: x**5, lambda x: 5.0 * x**4),
]
ELEMENTWISE: list[tuple[Any, Any]] = [
    (np.tanh, lambda x: 1.0 - np.tanh(x) ** 2),
    (np.sin, np.cos),
    (lambda x: x * np.exp(-0.5 * x * x), lambda x: (1.0 - x * x) * np.exp(-0.5 * x * x)),
    (np.arctan, lambda x: 1.0 / (1.0 + x * x)),
    (lambda x: np.log1p(x * x), lambda x: 2.0 * x / (1.0 + x * x)),
]


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
    """What a check that raises says."""
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


def _alone(f: Plant, t: float) -> tuple[float]:
    return (f(t),)


def measure_errors(count: int, seed: int = 0) -> list[float]:
    """How many times its estimated error a central difference is off, in ascending order."""
    rng = random.Random(seed)
    found = []
    for _ in range(count):
        x = rng.choice([1.0, -1.0]) * math.exp(rng.uniform(-6.0, 3.0))
        for f, slope in SMOOTH:
            samples = Samples(partial(_alone, f))
            line = Line(samples, x, f(x), 2.0**-52 * abs(f(x)))
            value, error, _ = ladder(line, 0.25 * abs(x))[0]
            found.append(abs(value - slope(x)) / error)
    return sorted(found)


def twenty_operations(x: Any, y: Any) -> Any:
    """Of two inputs: a function whose check is timed."""
    for _ in range(4):
        x, y = tanh(x * 0.5 + y), sin(x - y)
    return x * y


def cost() -> float:
    """Seconds of processor time that a check of `twenty_operations` takes an input."""
    times = []
    for _ in range(20):
        start = process_time()
        gradcheck(twenty_operations, 0.3, 0.2)
        times.append(process_time() - start)
    return min(times) / 2.0


def calls(count: int) -> list[int]:
    """The most an input of random programs took, and those for a Jacobian of 1,000 × 1,000."""
    rng, draw = random.Random(0), np.random.default_rng(0)
    drawn = [random_program(rng) for _ in range(count)]
    reports = [gradcheck(program, *program.starts) for program in drawn]
    matrix, x = draw.normal(size=(1000, 1000)) / 32.0, draw.normal(size=1000)
    slope = lambda x: np.cos(matrix @ x)[:, None] * matrix  # noqa: E731
    large = check_jacobian(lambda x: np.sin(matrix @ x), x, jacobian=slope)
    return [max([report.evaluations for report in reports]), large.evaluations]


def main(count: int) -> None:
    """Print the figures."""
    print(f"{describe_build()[0]} build: {cost() * 1e6:.0f} µs an input of 21 operations")
    errors = measure_errors(count)
    shares = ", ".join([f"{errors[int(q * (len(errors) - 1))]:.2g}" for q in (0.5, 0.99, 1.0)])
    print(f"errors as shares of their estimates, half, 99 % and all below: {shares}")
    most, large = calls(count // 100)
    print(f"calls of f: {most} an input, {large} for a Jacobian of 1,000²")
    few = count * 3 // 100
    for title, measured in (
        (f"{count // 25} points a primitive", partial(measure, count // 25)),
        (f"{count} random programs", partial(measure_programs, count)),
        (f"{count} random programs by hand", partial(measure_by_hand, count)),
        (f"{count // 10} of order 2", partial(measure_programs, count // 10, order=2)),
        (f"{few} functions of arrays, Jacobian and VJP", partial(measure_arrays, few)),
    ):
        print(title, flush=True)
        found = measured()
        for (plant, verdict), times in sorted(found.items()):
            share = times / sum([n for (other, _), n in found.items() if other == plant])
            print(f"  {plant:10}{verdict:14}{times:8}{share:9.2%}")


if __name__ == "__main__":
    main(int(sys.argv[1]))
