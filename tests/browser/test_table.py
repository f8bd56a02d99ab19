"""Every primitive in the browser against Python, number by number."""

import math
import operator
import random
import struct
from typing import Any

import pytest

import nn
from autograd import elu, hypot, maximum, sum
from autograd.core.define import primitive
from autograd.core.primitive import TABLE, Primitive
from autograd.javascript import module

# fmt: off
EXACT = ["neg", "add", "sub", "mul", "div", "mod", "floordiv", "identity", "detach",
         "square", "reciprocal", "abs", "sign", "relu", "leaky_relu", "maximum", "minimum",
         "clip", "where", "take", "sqrt", "rsqrt", "sum", "dot",
         "hypot"]  # by exact squares
# fmt: on
# By what values may differ in ulp: the browser's exp and the like and C's are each within 1 ulp
# or so of the truth, so 1; what combines several of them, or their squares, differs by more.
SEVERAL = {"bell": 3, "logsumexp": 3, "silu": 3, "normal_cdf": 3, "gelu": 8, "erfc": 2}
SEVERAL |= {"cbrt": 3, "cbrt_slope": 3, "nn.binary_cross_entropy_with_logits": 4}
EXP = TABLE["exp"]
EDGES = {"pow": [-1.0, -math.inf], "dot": [0.0, 1e200, 1e200, 1e200, -1e200]}
OWN = [name for name in TABLE if "." not in name or name.startswith("nn.")]
EVALUATE = """(cases) => cases.map(([name, xs]) => {
  const read = (x) => (typeof x === "number" ? x : Number(x.replace("inf", "Infinity")));
  const entry = table[name];
  try {
    const operands = xs.map(read);
    const out = entry.value(...operands);
    const partials = Array.isArray(entry.partials)
      ? entry.partials.map((rule) => rule(out, ...operands)) : entry.partials(out, ...operands);
    return [out, ...partials].map(String);
  } catch (error) {
    return error.type ?? String(error);
  }
})"""


def ordinal(x: float) -> int:
    bits: int = struct.unpack("<q", struct.pack("<d", x))[0]
    return bits if bits >= 0 else -(bits & 0x7FFFFFFFFFFFFFFF)


def ulps(a: float, b: float) -> float:
    if math.isnan(a) or math.isnan(b):
        return 0 if math.isnan(a) and math.isnan(b) else math.inf
    return abs(ordinal(a) - ordinal(b))


def cases(entry: Primitive, chance: random.Random) -> list[list[float]]:
    special = [0.0, -0.0, 1.0, -1.0, 0.5, -2.0, 3.0, 1e-310, 5e-324, 1.7e308, -745.0, 710.0]
    special += [math.inf, -math.inf, math.nan, 0.84375, 1.25, 6.0]
    found = [EDGES[entry.name]] if entry.name in EDGES else []
    for _ in range(120):
        n = entry.arity or (2 * chance.randrange(4) + 1 if entry.name == "dot" else 4)
        xs = [
            chance.choice([chance.gauss(0, 2), chance.uniform(-1, 1), chance.choice(special)])
            for _ in range(n)
        ]
        if entry.name == "nn.cross_entropy":
            xs = [1.0, chance.choice([0.0, 0.1]), *[chance.gauss(0, 3) for _ in range(3)]]
        if entry.name == "pow":
            xs[1] = chance.choice([xs[1], -math.inf, 2.0])
        if entry.name == "take":
            xs[0] = float(chance.randrange(-n, n))
        found.append(xs)
    return found


@pytest.fixture(scope="module")
def javascript(chromium: Any) -> Any:
    page = chromium.new_page()
    page.evaluate(f"{module([TABLE[name] for name in OWN])}; globalThis.table = table;")
    yield page
    page.close()


def read(text: str) -> float:
    return float(text.replace("Infinity", "inf"))


@pytest.mark.parametrize("name", OWN)
def test_values_and_partials_are_those_of_python(name: str, javascript: Any) -> None:
    entry, chance = TABLE[name], random.Random(name)
    every = cases(entry, chance)
    asked = [[name, [x if math.isfinite(x) else repr(x) for x in xs]] for xs in every]
    assert nn  # its primitives are in the table too
    for xs, found in zip(every, javascript.evaluate(EVALUATE, asked)):
        try:
            out = entry.evaluate(xs, xs)
            if entry.variadic:
                partials = list(entry.partials(out, xs))
            else:
                partials = [entry.partial(slot, out, xs) for slot in range(len(xs))]
        except (ValueError, ArithmeticError, IndexError) as caught:
            raised = type(caught).__name__
        else:
            raised = ""
        if raised:
            assert found == raised, xs
            continue
        assert isinstance(found, list), (xs, found)
        numbers = list(map(read, found))
        most = 0 if name in EXACT else SEVERAL.get(name, 1)
        assert ulps(numbers[0], out) <= most, (xs, numbers[0], out)
        if name in EXACT:
            assert [ulps(a, b) for a, b in zip(numbers[1:], partials)] == [0] * len(partials)
        for a, b in zip(numbers[1:], partials):
            assert a == pytest.approx(float(b), rel=1e-14, abs=2e-16, nan_ok=True), xs


def scaled(scale: float) -> Any:
    def times(x: float) -> float:
        return scale * x

    return times


def names_of_the_script(NEAR: float, math_: float) -> float:  # noqa: N803
    """Names that python.js has itself."""
    power, divide = NEAR * 2.0, math_ - 1.0
    default: float = power + divide
    default /= 4.0
    return default if default > -1e9 else math.inf


def loops(x: float, y: float) -> float:
    total, found = 0.0, [0.0] * 3
    for k, (a, b) in enumerate(zip([x, y, 2.0], (1.0, x, y))):
        found[k] = a * b
        found[-1] += 1.0
        if 0.0 < a <= 1.0 or not b:
            total -= a
    del found[0]
    kept = [each for each in found if each > 0.0]
    return total + sum(*found[:1], *found[1:], len(kept)) if kept else math.floor(total)


def choices(x: float, y: float) -> float:
    return (x or 2.0) + (x > y) + (x and y) * True + (x in (0.0, 1.0)) + (not y)


def finite(x: float) -> float:  # as a function of the script
    x, half = x, 0.5
    return x * half


RULES: list[Any] = [
    *(names_of_the_script, loops, choices, operator.truediv, max),
    *(lambda x, y: scaled(2.0)(x) - scaled(3.0)(y), lambda x, y: abs(-x) % 3.0 + y // 2.0),
    lambda x, y: elu(x) + hypot([x, y]) * float("inf" if x > 5.0 else "0.25"),
    lambda x, y: finite(x) - y,
    lambda x, y: (lambda *rest: maximum(rest) / rest[-1])(x, y),
]


@pytest.mark.parametrize("rule", RULES)
def test_a_rule_of_a_user_gives_what_it_gives_in_python(rule: Any, chromium: Any) -> None:
    entry = primitive("tests.rule", rule, lambda out, x, y: x, lambda out, x, y: x > y)
    page = chromium.new_page()
    page.evaluate(f"{module([entry])}; globalThis.table = table;")
    numbers = [-2.0, 0.0, 0.5, 1.0, 3.0]
    every = [[x, y] for x in numbers for y in numbers]
    found = page.evaluate(EVALUATE, [["tests.rule", xs] for xs in every])
    page.close()
    for xs, each in zip(every, found):
        try:
            expected: Any = float(rule(*xs))
        except (ValueError, ArithmeticError) as caught:
            expected = type(caught).__name__
        else:
            expected = [expected, xs[0], xs[0] > xs[1]]
            each = [float(x) for x in each]
        assert each == expected, xs


def test_a_rule_may_name_the_value_of_an_operation() -> None:
    entry = primitive("tests.named", lambda x: EXP.value(x) + 1.0, lambda out, x: out - 1.0)
    assert "value: (x0) => math.exp(x0) + 1.0," in module([entry])


def test_no_text_ends_the_script() -> None:
    def refuses(x: float) -> float:
        raise ValueError("</script><b>")

    entry = primitive("tests.hostile", refuses, lambda out, x: 1.0)
    assert "</script>" not in module([entry])
