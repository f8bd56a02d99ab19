"""Runs programs and says all that comes of them, every float as its bits.

`python -m tests.helpers.worker` answers one line of JSON with another, so that
`test_builds.py` can ask both builds the same.
"""

import json
import sys
from collections.abc import Callable, Iterator
from typing import Any

import autograd
import nn.losses  # noqa: F401  (it defines operations of its own)
from autograd import Value, gradient
from autograd.build.binaries import describe_build
from autograd.core.primitive import TABLE
from tests.helpers.builds import words_of
from tests.helpers.graphs import OPERATORS

# Not what other tests have defined meanwhile.
NAMES = [
    name
    for name, op in TABLE.items()
    if op.rules[0].__module__.partition(".")[0] in ("autograd", "nn")
]
WAYS = ["operator", "method", "function", "table"]


def answer(question: dict[str, Any]) -> Any:
    if "program" in question:
        return list(run(question["program"]))
    if "point" in question:
        name, points = question["point"]
        return [list(point(name, each)) for each in points]
    return describe_build()[0]


def bits(x: Any) -> str:
    return x.hex() if type(x) is float else repr(x)


def attempt(call: Callable[..., Any], *operands: Any) -> Any:
    """The result, or what the error says."""
    try:
        return call(*operands)
    except Exception as error:
        return words_of(error)


def kept(x: Any) -> list[str]:
    """All that a result holds."""
    if type(x) is not Value:
        return [bits(x)]
    operands = ["Value" if type(c) is Value else bits(c) for c in x.operands]
    return [repr(x), bits(x.data), repr(x.op), *operands, *map(bits, x.partials)]


def number(x: Any) -> Any:
    """JSON has no NaN, infinity or bits: floats come in hexadecimal."""
    return float.fromhex(x) if type(x) is str else x


def meaning(name: str, way: str) -> Callable[..., Any]:
    """An operation as users reach it: by operator, method, or the table."""
    if way == "operator" and name in OPERATORS:
        return OPERATORS[name]
    if way == "method" and hasattr(Value, name):
        return lambda x, *others: (
            getattr(x, name)(*others) if type(x) is Value else TABLE[name](x, *others)
        )
    if way == "function" and not TABLE[name].variadic:
        return getattr(autograd, name, TABLE[name])
    return TABLE[name]


def run(program: dict[str, Any]) -> Iterator[list[str]]:
    """Yield what each step gives, then the gradients of two passes and of `gradient`.

    Steps are (name, way, operands): an operand is the index of an earlier result or a
    number. A step that fails stands as the Value 1.0, so that later steps have theirs.
    """
    leaves = [Value(number(x), label=f"x{i}") for i, x in enumerate(program["starts"])]
    results: list[Any] = list(leaves)
    for name, way, operands in program["steps"]:
        chosen = [results[x] if kind == "result" else number(x) for kind, x in operands]
        result = attempt(meaning(name, way), *chosen)
        yield kept(result)
        results.append(result if type(result) is Value else Value(1.0))
    root = results[-1]
    seed = number(program["seed"])
    yield [str(attempt(lambda: [bits(g) for g in gradient(root, leaves)]))]
    yield [str(attempt(second_derivatives, root, leaves))]
    for _ in range(2):
        yield [str(attempt(root.backward, seed))]
        yield [bits(x.grad) for x in results]
    root.zero_grad()
    yield [repr(x) for x in results]


def second_derivatives(root: Value, leaves: list[Value]) -> list[list[str]]:
    slopes = gradient(root, leaves, create_graph=True)
    return [kept(g) + [bits(d) for d in gradient(g, leaves)] for g in slopes]


def point(name: str, numbers: list[Any]) -> Iterator[list[str]]:
    """One operation on Values, on a mix of Values and numbers, and on numbers."""
    floats = [number(x) for x in numbers]
    for mask in range(2 ** len(floats)):
        operands = [Value(x) if mask >> i & 1 else x for i, x in enumerate(floats)]
        for way in WAYS:
            if way == "operator" and name not in OPERATORS:
                continue
            result = attempt(meaning(name, way), *operands)
            yield kept(result)
            if type(result) is Value:
                outcome = attempt(result.backward)
                yield [str(outcome), *(bits(x.grad) for x in operands if type(x) is Value)]


if __name__ == "__main__":
    for line in sys.stdin:
        print(json.dumps(answer(json.loads(line))), flush=True)
