"""The check of a program: rounding never fails it, errors do; and near a tie f decides."""

import math
from collections.abc import Callable
from random import Random
from typing import Any

import pytest

import autograd
from autograd import Value
from autograd.core.operand import primal
from autograd.program import compile
from autograd.program.trace.verify import compare, difference
from tests.helpers.tables import table

Step = tuple[str, tuple[int, ...], float]
UNARY = "exp", "log", "tanh", "sin", "sqrt", "abs", "relu"
BINARY: dict[str, Callable[[Any, Any], Any]] = dict(
    table(
        """
"add" | lambda a, b: a + b
"sub" | lambda a, b: a - b
"mul" | lambda a, b: a * b
"div" | lambda a, b: a / b
"pow" | autograd.pow
"max" | autograd.maximum
""",
        globals(),
    )
)
CONSTANT: dict[str, Callable[..., Any]] = dict(
    table(
        """
"power" | autograd.pow
"times" | lambda a, c: a * c
"plus" | lambda a, c: a + c
"lost digits" | lambda a, c: (a + 1e9 * c) - 1e9 * c
"near" | lambda a, c: a * (1.0 + 1e-9 * c) - a
""",
        globals(),
    )
)
WIDE = "sum", "dot"
OPERATIONS = [*UNARY, *BINARY, *CONSTANT, *WIDE]


def computed(step: Step, xs: list[Any]) -> Any:
    op, args, c = step
    given = [xs[i] for i in args]
    if op in UNARY:
        return getattr(autograd, op)(*given)
    if op in BINARY:
        return BINARY[op](*given)
    if op in CONSTANT:
        return CONSTANT[op](*given, c)
    half = len(given) // 2
    if op == "dot":
        return autograd.dot(given[:half], given[half:], c)
    total: Any = c
    for x in given:
        total = total + x
    return total


def program(random: Random, terms: int = 3) -> tuple[Callable[[Any], Any], list[float]]:
    """A straight line of operations, many of which cancel, and a point in its domain."""
    scale = random.choice([1.0, 1.0, 1.0, 1e8, 1e-8])
    point = [scale * random.uniform(-2.0, 2.0) for _ in range(random.choice([1, 2, 3, 5]))]
    steps: list[Step] = []
    numbers = [*point]
    for _ in range(random.choice([5, 10, 20, 50, 100])):
        op = random.choice(OPERATIONS)
        count = 1 + (op in BINARY) + (op in WIDE) * random.choice([1, 3, 7, 19])
        args = tuple(
            [
                max(0, len(numbers) - 1 - int(random.expovariate(0.25)))
                if random.random() < 0.7
                else random.randrange(len(numbers))
                for _ in range(count)
            ]
        )
        c = random.choice([random.uniform(-3.0, 3.0), float(random.randint(1, 9)), 0.1, 0.5])
        try:
            number = primal(computed((op, args, c), numbers))
        except (ValueError, ArithmeticError):
            continue
        if 1e-30 < abs(number) < 1e30:
            steps.append((op, args, c))
            numbers.append(number)

    def f(xs: Any) -> Any:
        found = [*xs]
        for step in steps:
            found.append(computed(step, found))
        return autograd.sum(found[-terms:]) if terms > 1 else found[-1]

    return f, point


def plain(random: Random) -> tuple[Callable[[Any], Any], list[float]]:
    """A small network, in which nothing cancels."""
    weights = [[random.gauss(0.0, 0.7) for _ in range(5)] for _ in range(6)]

    def f(xs: Any) -> Any:
        hidden = [autograd.tanh(autograd.dot(row[:4], xs, row[4])) for row in weights]
        return (autograd.sum(hidden) - 0.3) ** 2 + autograd.logsumexp(hidden)

    return f, [random.gauss(0.0, 1.0) for _ in range(4)]


def asked(f: Callable[[Any], Any], xs: list[float], v: list[float]) -> dict[str, Any]:
    """The numbers that a program gives by each method, as `compare` takes them."""
    fast = compile(f, verify=False)
    value, gradient = fast.value_and_grad(xs)
    _, tangent = fast.jvp((xs,), (v,))
    curved = fast.hvp(xs, v)
    return {
        "value_and_grad": ([value], [([1.0], gradient)], [0]),
        "jvp": ([value, tangent], [], [0], v),
        "hvp": ([value, tangent], [([0.0, 1.0], curved)], [0], v),
    }


@pytest.mark.parametrize("made", [program, plain])
def test_rounding_is_no_difference(made: Any) -> None:
    compared = 0
    for seed in range(50):
        random = Random(seed)
        f, xs = made(random)
        try:
            calls = asked(f, xs, [random.uniform(-1.0, 1.0) for _ in xs])
        except (ValueError, ArithmeticError):  # a derivative that does not exist
            continue
        compared += 1
        for method, call in calls.items():
            assert compare(f, [xs], *call) is None, (seed, method)
    assert compared > 40


def test_planted_errors_are_differences() -> None:
    for seed in range(12):
        random = Random(seed)
        f, xs = plain(random)
        calls = asked(f, xs, [random.uniform(-1.0, 1.0) for _ in xs])
        for method, (values, slopes, *more) in calls.items():
            for i in range(len(values)):
                wrong = [x * (1.0 + 1e-6 * (k == i)) for k, x in enumerate(values)]
                assert compare(f, [xs], wrong, slopes, *more), method
            for seeds, numbers in slopes:
                for factor in (1.0001, 0.0, -1.0):
                    i = random.randrange(len(numbers))
                    other = [x * (factor if k == i else 1.0) for k, x in enumerate(numbers)]
                    assert compare(f, [xs], values, [(seeds, other)], *more), method


def test_each_number_has_a_bound_of_its_own() -> None:
    def f(x: Any) -> Any:
        return [x * 1e12, x * 3.0]

    assert compare(f, [1.0], [1e12, 3.0]) is None
    assert compare(f, [1.0], [1e12, 3.0001])


def test_a_slope_along_a_direction_may_cancel() -> None:
    for slope, wrong in [(2.0**-40 + 2.0**-52, False), (1.1 * 2.0**-40, True)]:
        told = compare(lambda x, y: 3.0 * x - y, [1.0, 2.0], [1.0, slope], (), [0, 1],
                       [1.0, 3.0 - 2.0**-40])  # fmt: skip
        assert bool(told) == wrong


def test_rows_of_a_jacobian() -> None:
    f: Callable[..., Any] = lambda x, y: [x[0] * y, x[1] / y, 2.0]  # noqa: E731
    given = [6.0, 5.0 / 3.0, 2.0]
    rows = [([1.0, 0.0, 0.0], [3.0, 0.0, 2.0]), ([0.0, 1.0, 0.0], [0.0, 1 / 3, -5.0 / 9.0])]
    assert compare(f, [[2.0, 5.0], 3.0], given, rows, [0, 1]) is None
    assert compare(f, [[2.0, 5.0], 3.0], given, [(rows[1][0], rows[0][1])], [0, 1])
    constant = [([0.0, 0.0, 1.0], [0.0, 0.0])]
    assert compare(f, [[2.0, 5.0], 3.0], given, constant, [0]) is None


def test_exceptions_are_differences_but_at_the_domains_edge() -> None:
    root: Callable[[Any], Any] = lambda x: autograd.sqrt(0.1 * x[0] + 0.2 - x[1])  # noqa: E731
    with pytest.raises(ValueError):
        root([1.0, 0.3000000000000001])
    assert compare(root, [[1.0, 0.3000000000000001]], [1e-9]) is None
    assert compare(root, [[-1.0, 0.2]], [1e-9])
    assert compare(lambda x: [][x > 0.0], [1.0], [1.0])
    assert compare(lambda x: [x, x], [1.0], [1.0])


def test_numbers_that_are_not_finite() -> None:
    assert compare(lambda x: x * math.inf, [1.0], [math.inf]) is None
    assert compare(lambda x: x * math.inf, [1.0], [1.0]) is None  # says nothing
    assert compare(lambda x: x * 2.0, [1.0], [math.nan]) is not None
    assert compare(lambda x: x * 2.0, [1.0], [math.inf]) is not None
    assert compare(lambda x: math.nan, [1.0], [math.nan]) is None


@pytest.mark.parametrize(
    ("f", "values", "slopes"),
    table(
        """
lambda x: abs(x * 0.1 + 0.2 - 0.3) | 1e-17 | -0.1
lambda x: autograd.relu(x * 0.1 + 0.2 - 0.3) | 0.0 | 0.0
lambda x: autograd.maximum(0.1 * x + 0.2, 0.3 * x) | 0.3 | 0.1
lambda x: autograd.maximum(0.1 * x + 0.2, 0.3 * x) | 0.3 | 0.3
lambda x: (x * 0.1 + 0.2) // 0.3 | 0.0 | 0.0
lambda x: (x * 0.1 + 0.2) % 0.3 | 0.3 | 0.1
""",
        globals(),
    ),
)
def test_either_side_of_a_kink_within_rounding_is_right(
    f: Any, values: float, slopes: float
) -> None:
    assert compare(f, [1.0], [values], [([1.0], [slopes])], [0]) is None


def test_a_graph_of_others_is_left_as_it_was() -> None:
    weights = [Value(0.1 * i) for i in range(5)]
    for w in weights:
        w.grad = 7.0
    inner = autograd.tanh(autograd.dot(weights, [1.0] * 5, 0.0))
    loss = autograd.exp(inner) * inner
    inner.backward()
    grads = [w.grad for w in weights]
    expected = autograd.gradient(loss, weights)
    value = loss.data
    assert difference("the loss", [loss], weights, [value], [([1.0], expected)]) is None
    wrong = [1.0001 * x for x in expected]
    assert difference("the loss", [loss], weights, [value], [([1.0], wrong)])
    assert [w.grad for w in weights] == grads
    assert inner.grad == 1.0


# ---------------------------------------------------------------- margins

TAKEN, LEFT = 1.0, 2.0


def ends(a: float, b: float) -> list[float]:
    """Two numbers, their neighbours, and what lies between."""
    found = [a, b, 0.5 * (a + b)]
    for x in (a, b):
        found += [math.nextafter(x, math.inf), math.nextafter(x, -math.inf)]
    return found


@pytest.mark.parametrize("lanes", [False, True])
def test_no_near_tie_takes_the_other_branch(lanes: bool) -> None:
    differ = 0
    for seed in range(110):
        random = Random(seed)
        g, point = program(random, terms=1)

        def f(xs: Any, t: Any, g: Callable[[Any], Any] = g) -> Any:
            return xs[0] * (TAKEN if g(xs) > t else LEFT)

        points = [
            [x * (1.0 + 0.01 * random.uniform(-1.0, 1.0)) for x in point] for _ in range(4)
        ]
        try:
            expected = [primal(g([*map(Value, xs)])) for xs in points]
            other = compile(g, 0 if lanes else None, verify=False)
            given = other(points) if lanes else [other(xs) for xs in points]
        except (ValueError, ArithmeticError):
            continue
        differ += sum([a != b for a, b in zip(expected, given)])
        samples = [(xs, t) for xs, a, b in zip(points, expected, given) for t in ends(a, b)]
        if lanes:
            decided = compile(f, (0, 0), verify=False)(*map(list, zip(*samples)))
        else:
            fast = compile(f, verify=False)
            decided = [fast(*sample) for sample in samples]
        assert decided == [f(*sample) for sample in samples], seed
    assert differ > 30
