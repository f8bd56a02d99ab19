"""A Value behaves like the float it holds, for all floats, to the last bit.

Every operation of the table, in every spelling that it has, against what `float` and `math`
give or raise. What they lack has a reference here that is computed in another way.
"""

import math
import operator
import struct
from collections.abc import Callable, Iterator
from itertools import product
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import autograd
from autograd import Value
from autograd.core.primitive import RESERVED, TABLE
from autograd.testing import strategies
from tests.helpers.graphs import OPERATORS, spelled
from tests.helpers.tables import named

INF, NAN = math.inf, math.nan
HUGE, TINY, SMALL = 1.7976931348623157e308, 5e-324, 2.2250738585072014e-308
SPECIAL = [
    *(0.0, -0.0, 1.0, -1.0, 0.5, -0.5, 2.0, 3.0, -3.0, 0.1, INF, -INF, NAN),
    *(HUGE, -HUGE, TINY, -TINY, SMALL, -SMALL),
    *(709.782712893384, 709.8, -745.2, 1024.0, 2.0**53),
]
numbers = st.floats() | st.sampled_from(SPECIAL) | st.floats(-30.0, 30.0) | strategies.numbers()
integers = st.integers(-3, 3) | st.integers(-(2**1030), 2**1030) | st.booleans()
Rule = Callable[..., Any]


def power(x: float, p: float) -> float:
    result = x**p
    if isinstance(result, complex):
        raise ValueError("a complex number")
    return float(result)


def clipped(x: float, low: float, high: float) -> float:
    if low > high:
        raise ValueError("an empty interval")
    return min(max(x, low), high)


def extremum(best: Rule) -> Rule:
    return lambda *xs: NAN if any(map(math.isnan, xs)) else best(xs)


def summed(*xs: float) -> float:
    return math.fsum(xs)


def dotted(bias: float, *both: float) -> float:
    half = len(both) // 2
    terms = [bias, *map(operator.mul, both[:half], both[half:])]
    if all(map(math.isfinite, both)) and any(map(math.isinf, terms[1:])):
        opposite = {math.copysign(1.0, x) for x in terms if math.isinf(x)}
        if len(opposite) == 2 and math.isfinite(bias):
            raise OverflowError("of products of finite numbers")
    try:
        return math.fsum(terms)
    except ValueError:
        return NAN


FROM_MATH = """
exp exp2 expm1 log log2 log10 log1p sqrt cbrt sin cos tan asin acos atan sinh cosh tanh
asinh acosh atanh erf erfc atan2 hypot
"""
EXACT: dict[str, Rule] = {name: getattr(math, name) for name in FROM_MATH.split()} | named(
    """
neg: operator.neg
abs: abs
identity: float
square: lambda x: x * x
reciprocal: lambda x: 1.0 / x
sign: lambda x: x if x == 0.0 or x != x else math.copysign(1.0, x)
relu: lambda x: x if x > 0.0 or x != x else 0.0
leaky_relu: lambda x, slope: x if x > 0.0 else slope * x
elu: lambda x, alpha: x if x > 0.0 else alpha * math.expm1(x)
add: operator.add
sub: operator.sub
mul: operator.mul
mod: operator.mod
floordiv: operator.floordiv
div: operator.truediv
pow: power
clip: clipped
where: lambda chosen, x, y: x if chosen else y
take: lambda index, *xs: xs[int(index)]
maximum: extremum(max)
minimum: extremum(min)
sum: summed
dot: dotted
""",
    **globals(),
)
CLOSE = ["sigmoid", "softplus", "normal_cdf", "bell", "silu", "gelu", "logsumexp"]  # to 4 ulp
SAME_IN_NUMPY = """
exp exp2 expm1 log log2 log10 log1p sqrt cbrt sin cos tan sinh cosh tanh square reciprocal
add hypot
"""
ARC = ["asin", "acos", "atan", "asinh", "acosh", "atanh", "atan2"]
NUMPY: dict[str, str] = {
    **{name: name for name in SAME_IN_NUMPY.split()},
    **{name: f"arc{name[1:]}" for name in ARC},
    "neg": "negative",
    "abs": "absolute",
    "sub": "subtract",
    "mul": "multiply",
    "div": "true_divide",
    "pow": "power",
}


def outcome(f: Rule, *operands: Any) -> tuple[str, bytes | None]:
    """The bits of the result (all NaNs are one), or the type of the error."""
    try:
        result = f(*operands)
    except (ArithmeticError, ValueError, IndexError) as error:
        return type(error).__name__, None
    data = result.data if type(result) is Value else result
    assert type(data) is float
    return "float", struct.pack("<d", NAN if math.isnan(data) else data)


def kept(f: Rule, *operands: Any) -> Any:
    """All that the node keeps, numbers as bits; or the error."""
    try:
        y = f(*operands)
    except (ArithmeticError, ValueError) as error:
        return type(error), str(error)
    constants = [x if type(x) is Value else repr(x) for x in y.operands]
    return y.op, repr(y.data), repr(y.partials), constants, y.inputs


def by_method(name: str) -> Rule:
    return lambda x, *others: getattr(x, name)(*others)


def by_numpy(name: str) -> Rule:
    ufunc = getattr(np, NUMPY[name])

    def apply(*operands: Any) -> Any:
        arrays = [np.array([x], dtype=object) for x in operands]
        with np.errstate(all="ignore"):  # else it warns of the flags that arithmetic sets
            return ufunc(*arrays)[0]

    return apply


def spellings(name: str, operands: tuple[Any, ...]) -> Iterator[Rule]:
    """How the operation can be written with these operands, at least one of them a Value."""
    yield TABLE[name]
    if name == "where":
        condition, *branches = operands
        yield lambda *_: autograd.where(bool(condition), *branches)
        yield lambda *_: autograd.where(bool(condition), *[lambda x=x: x for x in branches])
        if type(condition) is Value:
            yield lambda *_: condition.where(*branches)
    elif name == "take":
        index, first, *others = operands
        yield lambda *_: autograd.take([first, *others], int(index))
        if type(first) is Value:
            yield lambda *_: first.take(int(index), *others)
    elif name == "dot":
        bias, *both = operands
        ws, xs = both[: len(both) // 2], both[len(both) // 2 :]
        yield lambda *_: autograd.dot(ws, xs, bias)
        yield lambda *_: autograd.dot(iter(ws), tuple(xs), bias)
        if len(xs) == 1 and type(xs[0]) is Value:
            yield lambda *_: xs[0].dot(*ws, bias)
    elif hasattr(autograd, name):
        yield getattr(autograd, name)
        if TABLE[name].variadic and name != "hypot":
            yield lambda *xs: getattr(autograd, name)(iter(xs))
        if type(operands[0]) is Value:
            yield by_method(name)
    if name in OPERATORS:
        yield OPERATORS[name]
    first_counts = name in ("atan2", "hypot")  # NumPy asks the first operand for its method
    if name in NUMPY and len(operands) == (TABLE[name].arity or 2):
        if first_counts and type(operands[0]) is not Value:
            return
        yield by_numpy(name)


def mixtures(xs: tuple[float, ...]) -> Iterator[tuple[Any, ...]]:
    """The operands as Values and numbers, in every way with a Value among them."""
    for wraps in product([True, False], repeat=len(xs)):
        if any(wraps):
            yield tuple([Value(x) if wrap else x for x, wrap in zip(xs, wraps)])


def same_everywhere(name: str, xs: tuple[float, ...]) -> tuple[str, bytes | None]:
    """The one outcome of all the spellings, which keep the same node."""
    wanted = outcome(TABLE[name], *xs)
    for operands in mixtures(xs):
        for spelling in spellings(name, operands):
            assert outcome(spelling, *operands) == wanted, (name, operands, spelling)
            same_node(name, spelling, operands)
    same_node(name, spelled(name), (Value(xs[0], label="a"),) * len(xs))
    return wanted


def same_node(name: str, spelling: Rule, operands: tuple[Any, ...]) -> None:
    """Check that a spelling of its own, for speed or outside the table, records its entry."""
    # The first operand may be of another type; and NumPy writes these as x * x and 1 / x.
    if name not in ("where", "take", "square", "reciprocal"):
        assert kept(spelling, *operands) == kept(TABLE[name], *operands)


close = st.sampled_from([1.0, -1.0, 0.1, 1e16, -1e16, 2.0**-53, 1e-300]) | st.floats(-2.0, 2.0)
some = st.lists(close, min_size=1, max_size=8)  # so that products cancel, or tie in rounding


@given(bias=close, xs=some, ws=some, n=st.integers(0, 8) | st.sampled_from([63, 64, 65, 200]))
def test_long_dots_and_sums(bias: float, xs: list[float], ws: list[float], n: int) -> None:
    both = [*(xs * n)[:n], *(ws * n)[:n]]
    half = [Value(x) if i % 3 else x for i, x in enumerate(both)]
    for operands in ([Value(x) for x in both], half):
        made = autograd.dot(operands[:n], operands[n:], Value(bias))
        assert made.data.hex() == dotted(bias, *both).hex()
        assert autograd.sum([*operands, bias, made]).data == math.fsum([*both, bias, made.data])


def operands_of(name: str) -> st.SearchStrategy[tuple[float, ...]]:
    if name == "take":
        return st.lists(numbers, min_size=1, max_size=3).flatmap(
            lambda xs: st.tuples(st.integers(-4, 4).map(float), *map(st.just, xs))
        )
    if name == "dot":
        return st.integers(0, 2).flatmap(lambda n: st.tuples(*[numbers] * (2 * n + 1)))
    if TABLE[name].variadic:
        return st.lists(numbers, min_size=1, max_size=3).map(tuple)
    return st.tuples(*[numbers] * len(TABLE[name].rules))


def test_every_named_operation_has_a_reference() -> None:
    assert {name for name in RESERVED if hasattr(autograd, name)} <= set(EXACT) | set(CLOSE)
    assert not set(EXACT) & set(CLOSE)


@pytest.mark.parametrize("name", [*EXACT, *CLOSE])
@settings(max_examples=40)
@given(data=st.data())
def test_the_same_as_float_and_math(name: str, data: st.DataObject) -> None:
    xs = data.draw(operands_of(name))
    assert same_everywhere(name, xs) == outcome(EXACT.get(name, TABLE[name]), *xs)


@pytest.mark.parametrize("name", sorted(set(EXACT) - {"where", "clip", "take", "dot"}))
def test_special_numbers(name: str) -> None:
    for xs in product(SPECIAL, repeat=TABLE[name].arity or 2):
        wanted = outcome(EXACT[name], *xs)
        operands = tuple(map(Value, xs))
        for spelling in spellings(name, operands):
            assert outcome(spelling, *operands) == wanted, (name, xs)
            same_node(name, spelling, operands)


@pytest.mark.parametrize("name", ["add", "sub", "mul", "div", "pow"])
@given(x=numbers, n=integers)
@example(x=2.0, n=10**400)
@example(x=0.0, n=-1)
@example(x=-8.0, n=3)
def test_operators_with_integers(name: str, x: float, n: int) -> None:
    apply = OPERATORS[name]
    rule = EXACT[name]
    a = Value(x)
    if outcome(rule, x, n)[1] is not None:
        assert kept(apply, a, n) == kept(TABLE[name], a, float(n))
    if outcome(rule, n, x)[1] is not None:
        assert kept(apply, n, a) == kept(TABLE[name], float(n), a)
    for spelling in (apply, getattr(autograd, name), by_numpy(name)):
        assert outcome(spelling, Value(x), n) == outcome(rule, x, n)
        assert outcome(spelling, n, Value(x)) == outcome(rule, n, x)
    assert outcome(by_method(name), Value(x), n) == outcome(rule, x, n)


@given(x=numbers, y=numbers)
@example(x=1.0, y=1.0)
@example(x=0.0, y=-0.0)
@example(x=NAN, y=NAN)
def test_comparisons_and_truth(x: float, y: float) -> None:
    for name in ("lt", "le", "gt", "ge", "eq", "ne"):
        compare = getattr(operator, name)
        wanted = compare(x, y)
        assert compare(Value(x), Value(y)) is compare(Value(x), y) is wanted
        assert compare(x, Value(y)) is wanted
    assert bool(Value(x)) is bool(x)


@given(x=numbers)
def test_whole_parts(x: float) -> None:
    def whole(f: Rule, at: Any) -> Any:
        try:
            return f(at)
        except (ValueError, OverflowError) as error:
            return type(error)

    for f in (int, math.floor, math.ceil, math.trunc, round):
        assert whole(f, Value(x)) == whole(f, x)
    assert repr(round(Value(x), 2)) == repr(round(x, 2))
    assert format(Value(x), ".17g") == format(x, ".17g")
    assert repr(+Value(x)) == f"Value({x!r})"


@pytest.mark.parametrize("name", CLOSE)
@pytest.mark.parametrize(
    ("x", "limits"),
    [(INF, (1.0, INF, 1.0, 0.0, INF, INF, INF)), (-INF, (0.0, 0.0, 0.0, 0.0, 0.0, 0.0, -INF))],
)
def test_activations_at_infinity(name: str, x: float, limits: tuple[float, ...]) -> None:
    wanted = limits[CLOSE.index(name)]
    assert same_everywhere(name, (x,)) == outcome(lambda: wanted)
    assert math.isfinite(TABLE[name](Value(x)).partials[0])
    assert same_everywhere(name, (NAN,)) == outcome(lambda: NAN)


@given(xs=st.lists(st.floats(-1e300, 1e300), min_size=1, max_size=6))
def test_the_partials_of_logsumexp_are_shares(xs: list[float]) -> None:
    partials = autograd.logsumexp([Value(x) for x in xs]).partials
    assert abs(math.fsum(partials) - 1.0) <= len(xs) * 2.0**-52
    assert all(0.0 <= partial <= 1.0 for partial in partials)
