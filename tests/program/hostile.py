"""Saved programs with something else in them, under a right checksum.

As a command, `python -m tests.program.hostile 100000` tries so many, and says how they end.
"""

import json
import math
import random
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

import autograd
from autograd import load_program
from autograd.files import CHECKSUM, with_checksum
from autograd.program import compile
from autograd.program.trace.observe import WHOLE

ODD: list[Any] = [
    *(
        -1,
        0,
        1,
        2,
        7,
        64,
        2**31,
        2**63,
        int("-1" + "0" * 4000),
        True,
        None,
        "",
        "nan",
        "inf",
        "x",
        [],
        {},
    ),
    *(0.0, -0.0, 0.5, 1e308, [0], [[]], ["list", [0]], ["array", [0, 10**12]], {"a": 1}),
    *(*WHOLE, "lt", "const", "input", "lane", "over", "gather", "dot", "take", "sum", "where"),
    *("maximum", "pow", "exp", "__class__", "float", "mean", "dict", "tuple", "array"),
]
W = {"w": [0.5, -1.5], "b": 0.25}
X = [[0.5, 0.1], [3.0, -1.0], [-0.5, 0.3], [2.0, -2.0]]


def f(w: Any, x: Any) -> Any:
    """Branches, conditions, wide operations and all that is asked of a number."""
    total = autograd.dot(w["w"], x, w["b"]) + autograd.where(x[0] > w["b"], x[1], -x[1])
    if total > 1.0:
        return {"y": [total.tanh(), 2.0], "z": (autograd.sqrt(total - 1.0), math.inf)}
    scale = int(total) + round(x[0], 1) + math.floor(x[1])
    return {"y": [total * scale, 2.0], "z": (autograd.fsum([*x, total]), math.inf)}


def saved(f: Callable[..., Any], calls: list[Any], in_axes: Any = None) -> Any:
    """What a compiled function saves after these calls."""
    fast = compile(f, in_axes)
    for args in calls:
        fast(*args)
    with tempfile.TemporaryDirectory() as folder:
        fast.save(f"{folder}/program")
        return json.loads(Path(f"{folder}/program").read_bytes())


def written(content: Any, path: Path) -> None:
    """Put it into a file, under its checksum."""
    whole = json.dumps({**content, CHECKSUM: "0" * 8})
    path.write_bytes(with_checksum(whole.encode()))


def mutant(content: Any, rng: random.Random) -> Any:
    """A copy in which something is replaced, left out, doubled or swapped."""
    content = json.loads(json.dumps(content))
    for _ in range(rng.choice((1, 1, 1, 2, 3))):
        places = [*_places(content)]
        parent, key = rng.choice(places)
        other, there = rng.choice(places)
        how = rng.randrange(5)
        if how == 0:
            del parent[key]
        elif how == 1 and type(parent) is list:
            parent.insert(key, json.loads(json.dumps(parent[key])))
        elif how == 2:
            parent[key] = json.loads(json.dumps(other[there]))
        elif how == 3 and type(parent[key]) in (int, float):
            parent[key] += rng.choice((-1, 1, 1000))
        else:
            parent[key] = json.loads(json.dumps(rng.choice(ODD)))
    return content


def _places(tree: Any) -> Iterator[tuple[Any, Any]]:
    for key in tree if type(tree) is dict else range(len(tree)):
        if key != CHECKSUM:
            yield tree, key
            if type(tree[key]) in (list, dict):
                yield from _places(tree[key])


def outcome(content: Any, args: tuple[Any, ...], path: Path) -> str:
    """How it ends to load such a file and to call what was loaded.

    Raises:
        AssertionError: the compiled function gives another result than the loaded one.
        Anything else: loading fails in another way than a damaged file may.
    """
    written(content, path)
    try:
        loaded: Any = load_program(path)
    except (ValueError, LookupError) as error:
        loaded = error
    if isinstance(loaded, Exception):
        assert type(loaded) in (ValueError, LookupError), loaded
        assert str(loaded).startswith(str(path))
        return "refused"
    with np.errstate(all="ignore"):
        eager = _result(loaded.f, *args)
        if loaded.in_axes is not None:
            return "has lanes"
        got = _result(loaded, *args)
    assert _alike(got, eager), (got, eager)
    return f"raises {eager.__name__}" if isinstance(eager, type) else "the same"


def _result(f: Any, *args: Any) -> Any:
    try:
        return f(*args)
    except (ValueError, ArithmeticError, TypeError, IndexError) as error:
        return type(error)


def _alike(a: Any, b: Any) -> bool:
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(_alike(a[key], b[key]) for key in a)
    if isinstance(a, np.ndarray) and isinstance(b, np.ndarray):
        return a.shape == b.shape and _alike(a.tolist(), b.tolist())
    if isinstance(a, list | tuple) and type(a) is type(b):
        return len(a) == len(b) and all(map(_alike, a, b))
    if isinstance(a, type) or isinstance(b, type):
        return a is b
    return bool(a == b or (a != a and b != b) or math.isclose(a, b, rel_tol=1e-9, abs_tol=1e-9))


def main(count: int, seed: int = 1) -> Counter[str]:
    """Try so many files."""
    rng = random.Random(seed)
    found: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(count):
            content, args = rng.choice(FILES)
            found[outcome(mutant(content, rng), args, Path(folder, "program"))] += 1
    return found


def wide(x: Any) -> Any:
    """Wide operations, an array as result, and a number that is read out."""
    slope = (
        2.0 if math.sqrt(x[0].data if isinstance(x[0], autograd.Value) else x[0]) < 1.5 else 3.0
    )
    return np.array([[autograd.maximum(*x) * slope], [autograd.logsumexp(x) ** 1.5]])


FILES = [
    (saved(f, [(W, x) for x in X]), (W, X[0])),
    (saved(wide, [([1.0, 2.0],)]), ([1.0, 2.0],)),
]

if __name__ == "__main__":
    print(main(*map(int, sys.argv[1:])))
