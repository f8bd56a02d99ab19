"""Graphs as deep as memory allows, in a process with a small C stack and recursion limit.

`python -m tests.helpers.deep 100000` builds each shape with about as many nodes, puts it
through each of its trials and prints a line for it; `test_deep.py` reads the lines.
Recursion anywhere, in Python or in C, would end the process.
"""

import copy
import pickle
import random
import sys
import threading
from collections.abc import Callable

import autograd
from autograd import Value, dot, gradient, primitive

__all__ = ["SHAPES", "TRIALS"]

# In bytes. From 3.12 on Python's own objects may free each other some thousand calls deep.
STACK = 64 * 1024 if sys.version_info < (3, 12) else 8 * 1024 * 1024
CALLS = 80  # deep
relay = primitive("relay", lambda a, b, c: a, *[lambda out, a, b, c: 1.0] * 3)
Shape = Callable[[int, Value], Value]
Trial = Callable[[Value, Value], None]


def chained(step: Callable[[Value, Value], Value], nodes: int = 1) -> Shape:
    def shape(n: int, x: Value) -> Value:
        y = x
        for _ in range(n // nodes):
            y = step(y, x)
        return y

    return shape


def named(y: Value, x: Value) -> Value:
    y = y + 1.0
    y.label = "a sum"
    y = y.maximum(x, 0.5)
    y.label = "a maximum"
    return y


def narrow_and_wide(y: Value, x: Value) -> Value:
    y = autograd.sum([y, x, x]) * 0.25
    y = autograd.logsumexp([x, y]) - x
    return autograd.clip(y, -1.0, 1.0)


def tree(n: int, x: Value) -> Value:
    level = [x * 0.5 for _ in range(n // 2)]
    while len(level) > 1:
        level = [a + b for a, b in zip(level[::2], level[1::2])]
    return level[0]


def comb(n: int, x: Value) -> Value:
    """A chain of sums, each with a chain of its own on the side."""
    y = x
    for _ in range(n // 100):
        y = SHAPES["chain"](98, x) + y
    return y


def tangle(n: int, x: Value) -> Value:
    rng = random.Random(1)
    nodes = [x] * 8
    for _ in range(n // 2):
        nodes[rng.randrange(8)] = rng.choice(nodes) * 0.5 + rng.choice(nodes)
    return autograd.sum(nodes)


SHAPES: dict[str, Shape] = {
    "chain": chained(lambda y, x: y + 1.0),
    "chain_of_second_operands": chained(lambda y, x: x * y),
    "chain_of_functions": chained(lambda y, x: y.sin()),
    "chain_of_dots": chained(lambda y, x: dot([y, 0.5], [0.5, x], x)),
    "chain_of_own": chained(lambda y, x: relay(y, x, 2.0)),
    "chain_of_names": chained(named, 2),
    "narrow_and_wide": chained(narrow_and_wide, 5),
    "ladder": chained(lambda y, x: y * 0.5 + y * 0.5, 3),
    **{shape.__name__: shape for shape in (tree, comb, tangle)},
}


def backward(x: Value, y: Value) -> None:
    assert gradient(y, x) == twice(x, y) / 2.0
    y.zero_grad()
    assert (x.grad, y.grad) == (0.0, 0.0)


def twice(x: Value, y: Value) -> float:
    y.backward()
    y.backward()
    return x.grad


def deepcopied(x: Value, y: Value) -> None:
    z, twin = copy.deepcopy((y, x))
    assert twice(x, y) == twice(twin, z)


def pickled(x: Value, y: Value) -> None:
    z, twin = pickle.loads(pickle.dumps((y, x)))
    assert twice(x, y) == twice(twin, z)


def differentiated_again(x: Value, y: Value) -> None:
    slope = gradient(y, x, create_graph=True)
    assert slope.data == gradient(y, x)
    if slope.op is not None:
        slope.backward()


def released_in_disorder(x: Value, y: Value) -> None:
    order, _ = autograd.core.sweeps.topological_order(y)
    random.Random(2).shuffle(order)
    while order:
        order.pop()


def made_a_leaf(x: Value, y: Value) -> None:
    Value.__init__(y, 3.0)
    assert (y.data, y.inputs, y.operands, y.partials, y.label) == (3.0, (), (), (), None)


TRIALS: dict[str, Trial] = {
    trial.__name__: trial
    for trial in (
        *(backward, deepcopied, pickled),
        *(differentiated_again, released_in_disorder, made_a_leaf),
    )
}


def stand(shape: str, trial: str, n: int) -> None:
    """One trial of one shape, freed in the end to the last node."""
    x = Value(0.5)
    alone = sys.getrefcount(x)
    y = SHAPES[shape](n, x)
    TRIALS[trial](x, y)
    del y
    assert sys.getrefcount(x) == alone


def run(n: int, pairs: list[tuple[str, str]]) -> None:
    sys.setrecursionlimit(CALLS)
    for shape, trial in pairs:
        print(shape, trial, end=" ", flush=True)
        try:
            stand(shape, trial, n)
        except Exception as error:
            print(f"{type(error).__name__}: {error}", flush=True)
        else:
            print("passed", flush=True)


if __name__ == "__main__":
    chosen = [pair.split(":") for pair in sys.argv[2:]]
    every = [(shape, trial) for trial in TRIALS for shape in SHAPES]
    threading.stack_size(STACK)
    arguments = (int(sys.argv[1]), [(s, t) for s, t in chosen] or every)
    thread = threading.Thread(target=run, args=arguments)
    thread.start()
    thread.join()
