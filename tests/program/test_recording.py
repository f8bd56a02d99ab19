"""A program must not in silence go the wrong way, or keep an old number."""

import copy  # noqa: F401  (rows name it)
import functools
import itertools
import math
import random
import threading
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import autograd
from autograd import Value, log, primitive, where
from autograd.core.operand import primal
from autograd.core.primitive import TABLE
from autograd.program import compile
from tests.helpers.agreement import TARGETS, agrees
from tests.helpers.tables import column

pytestmark = TARGETS


def test_lanes_are_split_by_the_way_they_go() -> None:
    fast = compile(lambda x: x * x if x > 0.0 else -x, in_axes=(0,))
    assert fast([1.0, -2.0, 3.0, 0.0]) == [1.0, 2.0, 9.0, 0.0]
    assert len(fast.programs) == 2
    assert fast([-1.0, -1.0]) == [1.0, 1.0]
    assert len(fast.programs) == 2
    assert fast.jacobian([1.0, -2.0, 3.0]) == [2.0, -1.0, 6.0]


def test_a_loop_that_asks() -> None:
    def halvings(x: Any) -> Any:
        count = 0
        while x > 1.0:
            x, count = x / 2.0, count + 1
        return x + count

    fast = compile(halvings, in_axes=(0,))
    xs = [0.3, 5.0, 1.0, 9.0, 2.5]
    assert fast(xs) == [halvings(x) for x in xs]
    assert len(fast.programs) == 4


QUESTIONS = column(
    """
lambda x: x * int(x)
lambda x: x * round(x) + round(x, 1)
lambda x: x * round(x, 0)
lambda x: x * (1.0 if x else 2.0)
lambda x: x * max(x, 1.5)
lambda x: x * (x >= 1.0)
lambda x: x * sum([x > t for t in (0.0, 1.0, 2.0)])
lambda x: x * [1.0, 3.0][x > 1.0]
lambda x: x * 2.0 if (x > 1.0) == True else x
lambda x: x * 2.0 if not (x < 1.0 or x > 2.0) else x
lambda x: x if (x > 0.5) & (x < 2.0) else 3.0 * x
lambda x: x * (math.floor(x) + math.ceil(x))
lambda x: x * math.trunc(x)
lambda x: x * 2.0 if x.data > 1.0 else x
lambda x: x * (2.0 if max(x.data, 1.5) == x.data else 1.0)
lambda x: x * int(x.data)
lambda x: x * 2.0 if abs(-x.data) > 1.0 < 2.0 * x.data - x.data ** 2 + x.data else x
lambda x: x * float(x > 1.0) + int(x > 0.0) - (x > 2.0) / 2 + 3 * (x < 1.0)
lambda x: x * 2.0 if repr(x > 1.0) == 'True' and hash(x > 0.0) else x
lambda x: x * ((x > 1.0) == (x < 3.0))
lambda x: x * 2.0 if x < math.inf and x == 1.25 else x
lambda x: x * 2.0 if x != 0.25 and x != None else x
lambda x: x * [0.25, 2.75, -1.5].index(x) if x in [0.25, 2.75, -1.5] else x
lambda x: x * sum((x > np.array([0.0, 1.0])).tolist())
lambda x: x * (np.array([0.0, 1.0]) < x).sum()
""",
    math=math,
    np=np,
)


@pytest.mark.filterwarnings("ignore:compile")  # of what reads numbers out
@pytest.mark.parametrize(
    "f",
    QUESTIONS,
)
def test_questions(f: Callable[..., Any]) -> None:
    xs = [1.25, 0.25, 2.75, -1.5, 1.75, 3.125]
    assert compile(f, in_axes=(0,))(xs) == [primal(f(Value(x))) for x in xs]


def test_where_does_not_branch() -> None:
    fast = compile(lambda x: where(x > 0.0, x * 2.0, x * 3.0), in_axes=(0,))
    assert fast([1.0, -1.0, 0.0]) == [2.0, -3.0, 0.0]
    assert len(fast.programs) == 1
    assert fast.jacobian([1.0, -1.0, 0.0]) == [2.0, 3.0, 3.0]
    logs = compile(lambda x: where(x > 0.0, lambda: log(x), 0.0), in_axes=(0,))
    assert logs([1.0, -1.0]) == [0.0, 0.0]


def whole(x: Any) -> float:
    """The whole part of a number, which is another way for each."""
    n = 0.0
    while x >= n + 1.0:
        n += 1.0
    return n


def test_more_ways_than_are_recorded_are_told_once() -> None:
    fast = compile(lambda x: x * whole(x), in_axes=(0,), reduce="sum")
    xs = [i + 0.5 for i in range(100)]
    assert fast(xs) == sum([x * int(x) for x in xs])
    assert fast.grad(xs[::-1]) == [*range(99, -1, -1)]
    assert len(fast.programs) < 64
    with pytest.warns(RuntimeWarning) as told:
        assert fast(xs * 60) == 60.0 * sum([x * int(x) for x in xs])
    assert [each.filename for each in told] == [__file__]


def test_where_a_derivative_taken_inside_is_zero() -> None:
    relu = compile(lambda x: x * autograd.grad(autograd.relu)(x), in_axes=(0,))
    assert relu([2.0, -1.0, 3.0]) == [2.0, 0.0, 3.0]
    half = autograd.primitive("half", lambda x: x * x / 2.0, lambda out, x: x, strong_zero=True)
    fast = compile(lambda x: x + autograd.grad(half)(x), in_axes=(0,))
    assert fast([0.0, 2.0]) == [0.0, 4.0]


@pytest.mark.parametrize("generator", [random, np.random])
def test_random_numbers_that_seldom_matter_are_refused(generator: Any) -> None:
    draw = generator.random
    for f in (lambda x: x * (draw() >= 1e-9), lambda x: x * (generator.random() >= 1e-9)):
        fast = compile(f)
        with pytest.warns(RuntimeWarning, match="it draws random numbers"):
            assert fast(4.0) == 4.0
        assert fast.value_and_grad(4.0) == (4.0, 1.0)
        assert fast.programs == []
    once: list[float] = []

    def prepared(x: Any) -> Any:
        if not once:
            once.append(draw())
        return x * once[0]

    assert compile(prepared)(2.0) == 2.0 * once[0]


@pytest.mark.parametrize("lanes", [False, True])
def test_f_runs_twice_at_a_first_call(lanes: bool) -> None:
    runs = itertools.count()

    def f(x: Any) -> Any:
        next(runs)
        return autograd.exp(x) * x if x > 0.0 else x

    xs = [1.0, 2.0, 3.0] if lanes else 1.0
    for checked, method in itertools.product((True, False), ("__call__", "jacobian")):
        fast = compile(f, in_axes=0 if lanes else None, verify=checked)
        runs = itertools.count()
        getattr(fast, method)(xs)
        assert next(runs) == 1 + checked


def test_logs_and_counters_are_f_s_own() -> None:
    log: list[float] = []
    calls = {"n": 0}

    def f(x: Any) -> Any:
        log.append(1.0)
        calls["n"] += 1
        return x * x

    fast = compile(f)
    assert [fast(x) for x in (1.0, 2.0, 3.0)] == [1.0, 4.0, 9.0]
    assert len(log) == calls["n"] == 2
    assert fast.recordings == ["the first call"]


@pytest.mark.parametrize("kind", ["attribute", "list", "dict"])
def test_a_weight_that_f_makes_is_read_in_each_call(kind: str) -> None:
    class Model:
        pass

    model: Any = Model()
    held: Any = {} if kind == "dict" else []

    def f(x: Any) -> Any:
        if kind == "attribute":
            if not hasattr(model, "w"):
                model.w = Value(2.0)
            return x * model.w
        if not held:
            if kind == "dict":
                held["w"] = Value(2.0)
            else:
                held.append(Value(2.0))
        return x * (held["w"] if kind == "dict" else held[0])

    fast = compile(f)
    assert [fast(3.0), fast(3.0)] == [6.0, 6.0]
    w = model.w if kind == "attribute" else held["w"] if kind == "dict" else held[0]
    w.data = 5.0
    assert fast(3.0) == 15.0
    assert fast.grad(3.0) == 5.0


def test_a_counter_in_the_result_is_told() -> None:
    calls = {"n": 0.0}

    def f(x: Any) -> Any:
        calls["n"] += 1.0
        return x * calls["n"]

    with pytest.raises(ValueError, match="itself gives"):
        compile(f)(2.0)


def test_nodes_are_found_in_sets_and_dicts() -> None:
    v, w = Value(2.0), Value(2.0)
    known = {v: 3.0, w: 4.0}

    def f(x: Any) -> Any:
        sums = {x + v: 5.0, x + w: 6.0}
        return x * known[v] + len({v, w}) + sum(sums.values())

    assert compile(f, in_axes=(0,))([1.0, 2.0]) == [16.0, 19.0]


def test_values_from_outside_are_read_at_each_call() -> None:
    w = Value(2.0)
    inner = w * w
    fast = compile(lambda x: x * w + inner)
    assert fast(3.0) == 10.0
    w.data = 5.0
    assert fast(3.0) == 19.0
    assert fast.grad(3.0) == 5.0
    assert len(fast.programs) == 1


def test_values_from_outside_keep_their_gradients() -> None:
    v = Value(3.0)
    square = v * v
    (2.0 * square).backward()
    fast = compile(lambda x: x * square + v * x)
    assert [fast.value_and_grad(5.0) for _ in range(4)] == [(60.0, 12.0)] * 4
    assert (square.grad, v.grad) == (2.0, 12.0)


@pytest.mark.parametrize("kind", ["variable", "list", "dict", "partial"])
def test_a_number_that_changes_at_each_call_is_told(kind: str) -> None:
    holders: dict[str, Any] = {"list": [0.0], "dict": {0: 0.0}}
    held: Any = holders.get(kind, [0.0])
    scale = 0.0

    f: Any = lambda x: x * held[0]  # noqa: E731
    if kind == "variable":
        f = lambda x: x * scale  # noqa: E731
    elif kind == "partial":
        f = functools.partial(lambda held, x: x * held[0], held)
    fast = compile(f)
    for i in range(1, 11):
        assert fast(2.0) == 2.0 * (i - 1)
        scale = held[0] = float(i)
    names = {"variable": "scale", "partial": r"args\[0\]\[0\]"}
    name = names.get(kind, r"held\[0\]")
    with pytest.warns(RuntimeWarning, match=f"{name} .*9.* .*10") as told:
        assert fast(2.0) == 20.0
    assert [each.filename for each in told] == [__file__]
    scale = held[0] = 11.0
    assert fast(2.0) == fast(2.0) == 22.0
    assert len(fast.recordings) == 12


def test_why_it_was_recorded() -> None:
    large = [1.0]
    fast = compile(lambda x: sum(x) * large[0] if x[0] > 0.0 else x[0])
    for xs in ([1.0], [-1.0], [1.0, 2.0], [3.0, 4.0]):
        fast(xs)
    assert fast.recordings == [
        "the first call",
        "it goes another way",
        "arguments of another kind",
    ]
    large += [0.0] * 100_000
    fast([1.0])
    assert fast.recordings[-1] == "len(large) has changed from 1 to 100001"


def test_another_array_is_another_guard() -> None:
    array = np.arange(6.0).reshape(2, 3).T
    fast = compile(lambda x: x * (array[0, 1] + 10.0 * array[1, 1]))
    assert [fast(1.0) for _ in range(3)] == [43.0] * 3
    array = np.arange(6.0).reshape(3, 2)
    assert [fast(1.0) for _ in range(3)] == [31.0] * 3


def test_lists_that_are_large_or_hold_themselves() -> None:
    long = [2.0] * 100_001
    lists: list[list[Any]] = [[1.0], [1.0]]
    for each in lists:
        each.append(each)
    held = {"list": lists[0]}
    fast = compile(lambda x: x * long[0] * held["list"][0], verify=False)
    assert fast(1.0) == 2.0
    long[0] = 3.0  # is not looked at again
    assert fast(1.0) == 2.0
    held["list"] = lists[1]  # holds the same
    assert fast(1.0) == 2.0
    lists[1][0] = 2.0
    assert fast(1.0) == 6.0
    here = lists[0]
    fast = compile(lambda x: x * here[0])
    assert fast(1.0) == 1.0
    here = lists[1]
    assert fast(1.0) == 2.0


def test_a_zero_has_the_sign_of_the_way_that_a_rule_takes() -> None:
    rule = lambda x: x * 0.0 if x > 1.0 else x * -0.0  # noqa: E731
    op = primitive("tests.signed_zero", rule, lambda out, x: 0.0)
    found = compile(lambda x: op(x), in_axes=0)([2.0, 0.5])
    assert [math.copysign(1.0, x) for x in found] == [1.0, -1.0]


def test_a_rule_may_raise_anything_where_no_comparison_holds() -> None:
    def positive(x: Any) -> Any:
        if x > 0.0:
            return 1.5
        raise error

    op = primitive("tests.positive_or_raise", positive, lambda out, x: 0.0)
    for error in (ValueError("no"), IndexError("no"), AssertionError("no"), KeyError("no")):
        fast = compile(lambda x: x if op(x) > 1.0 else -x, in_axes=0, verify=False)
        assert fast([1.0, 2.0]) == [1.0, 2.0]
        each = compile(op, in_axes=0, verify=False)
        assert each([1.0, 2.0]) == [1.5, 1.5]
        for compiled in (fast, each):
            with pytest.raises(type(error)):
                compiled([1.0, -1.0])


def test_a_rule_whose_rule_always_raises_somewhere() -> None:
    def never(x: Any) -> Any:
        raise ValueError("never")

    refused = primitive("tests.never", never, lambda out, x: 0.0)
    op = primitive(
        "tests.sometimes", lambda x: refused(x) if x > 0.0 else x, lambda out, x: 1.0
    )
    fast = compile(lambda x: 2.0 * x if op(x) > 1.0 else 3.0 * x, verify=False)
    assert fast(-1.0) == -3.0
    with pytest.raises(ValueError):
        fast(1.0)


def test_a_rule_that_is_a_number() -> None:
    op = primitive(
        "tests.two", lambda x, y: 2.0 if x < 1.0 else y, *[lambda out, x, y: 0.0] * 2
    )
    fast = compile(lambda x: op(0.0, x[0]), verify=False)
    assert fast([3.0]) == 2.0
    assert fast.hessian([3.0]) == [[0.0]]


def test_infinite_derivatives_and_strong_zeros() -> None:
    fast = compile(autograd.sqrt, in_axes=(0,), reduce="sum")
    assert fast.grad([4.0, 0.0, 1.0]) == [0.25, np.inf, 0.5]
    fast = compile(
        lambda x: autograd.sqrt(x) * 0.0 + autograd.relu(-autograd.sqrt(x)), (0,), "sum"
    )
    assert fast.grad([4.0, 0.0]) == [0.0, 0.0]


def test_a_way_that_only_one_number_goes() -> None:

    def f(x: Any) -> Any:
        if x == 0.0:
            return x * 2.0 + x**1.5 + (-x) ** 1.5
        return x + 1.0

    fast = compile(f, in_axes=(0,), reduce="sum")
    assert fast([0.0, 1.0, -1.0, 0.0]) == 2.0
    assert fast.grad([0.0, 1.0, 0.0]) == [2.0, 1.0, 2.0]
    assert len(fast.programs) == 2
    each = compile(lambda x: [f(x), x], in_axes=(0,))
    assert each([0.0, 3.0]) == [[0.0, 0.0], [4.0, 3.0]]
    assert each.jvp(([0.0, 3.0],), ([1.0, 1.0],))[1] == [[2.0, 1.0], [1.0, 1.0]]
    with pytest.raises(TypeError):
        compile(each.f).grad(0.0)


def test_powers() -> None:
    for p in (0.0, 1.0, 2.0, 3.0, 0.5):
        agrees(lambda x, p=p: x**p, [2.0, 0.5, 0.0] if p != 0.5 else [2.0, 0.5], in_axes=(0,))
    assert compile(lambda x: x**0.5).grad(0.0) == math.inf
    assert compile(lambda x: 0.0**x).grad(3.0) == 0.0
    with pytest.raises(ValueError):
        compile(lambda x: (-2.0) ** x).grad(3.0)
    with pytest.raises(ZeroDivisionError):
        compile(lambda x: 7.0 % x)(0.0)


def test_other_threads_compare_meanwhile() -> None:
    other = Value(3.0)
    product = other * 2.0
    answers: list[Any] = []

    def f(x: Any) -> Any:
        asked = threading.Thread(
            target=lambda: answers.extend(
                [other > 1.0, bool(other), other.data, round(other, 1), product.partials]
            )
        )
        asked.start()
        asked.join()
        return x * 2.0 if x > 0.0 else x

    fast = compile(f)
    assert fast(1.0) == 2.0
    path = fast.program.trace
    assert path is not None
    assert [guard.op for guard in path.guards] == ["gt"]
    assert answers[:5] == [True, True, 3.0, 3.0, (2.0,)]
    assert type(answers[0]) is bool


def test_functions_that_say_nothing_of_their_parameters() -> None:
    fast = compile(min)
    assert fast(2.0, 1.0) == 1.0
    assert [node.label for node in fast.program.graph()] == ["x1"]


def test_constants_that_are_no_numbers() -> None:
    assert math.isnan(compile(lambda x: x * float("nan"))(1.0))
    assert compile(lambda x: TABLE["identity"](x) + 1.0)(1.0) == 2.0
