"""Every primitive in the browser against Python, number by number."""

import json
import math
import random
import struct
from typing import Any

import pytest

import nn
from autograd.core.primitive import TABLE, Primitive, primitive
from autograd.javascript import UntranslatableError, module

# fmt: off
EXACT = ["neg", "add", "sub", "mul", "div", "mod", "floordiv", "identity", "square",
         "reciprocal", "abs", "sign", "relu", "leaky_relu", "maximum", "minimum", "clip",
         "where", "take", "sqrt", "rsqrt", "sum", "dot", "hypot"]  # hypot by exact squares
# fmt: on
# By what values may differ in ulp: the browser's exp and the like and C's are each within 1 ulp
# or so of the truth, so 1; what combines several of them, or their squares, differs by more.
SEVERAL = {"bell": 3, "logsumexp": 3, "silu": 3, "normal_cdf": 3, "gelu": 8, "erfc": 2}
SEVERAL |= {"cbrt": 2, "cbrt_slope": 3, "nn.binary_cross_entropy_with_logits": 4}
OWN = [name for name in TABLE if "." not in name or name.startswith("nn.")]
EVALUATE = """(cases) => cases.map(([name, xs]) => {
  const read = (x) => (typeof x === "number" ? x : Number(x.replace("inf", "Infinity")));
  const entry = table[name];
  try {
    const operands = xs.map(read);
    const out = entry.value(...operands);
    const partials = entry.variadic
      ? entry.partials(out, ...operands) : entry.partials.map((rule) => rule(out, ...operands));
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
    special = [0.0, -0.0, 1.0, -1.0, 0.5, -2.0, 3.0, 1e-310, 5e-324, 1e308, -745.0, 710.0]
    special += [math.inf, -math.inf, math.nan, 0.84375, 1.25, 6.0]
    found = []
    for _ in range(120):
        n = entry.arity or (2 * chance.randrange(4) + 1 if entry.name == "dot" else 4)
        xs = [
            chance.choice([chance.gauss(0, 2), chance.uniform(-1, 1), chance.choice(special)])
            for _ in range(n)
        ]
        if entry.name == "nn.cross_entropy":
            xs = [1.0, chance.choice([0.0, 0.1]), *[chance.gauss(0, 3) for _ in range(3)]]
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


def test_a_primitive_of_a_user_is_translated() -> None:
    scale = 3.0
    entry = primitive("tests.cubed", lambda x: scale * x**3, lambda out, x: 9.0 * x * x)
    text = module([entry])
    assert "value: (x) => 3 * power(x, 3)" in text.replace("scale", "3")
    assert "partials: [(out, x) => 9 * x * x]" in text


def test_what_is_opaque_says_why() -> None:
    entry = primitive("tests.opaque", json.dumps, lambda out, x: 1.0)
    with pytest.raises(UntranslatableError, match=r"tests\.opaque: "):
        module([entry])
    entry = primitive("tests.looks_up", lambda x: {1.0: 2.0}[x], lambda out, x: 1.0)
    with pytest.raises(UntranslatableError, match=r"tests\.looks_up: `\{1.0: 2.0\}`"):
        module([entry])


def test_no_text_ends_the_script() -> None:
    name = "tests.hostile"
    entry = primitive(name, lambda x: x, lambda out, x: 1.0, domain="</script><b>")
    assert "</script>" not in module([entry])
