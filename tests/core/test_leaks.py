"""Whatever is done, and however it fails, leaves as many objects as there were before."""

import contextlib
import copy
import functools
import gc
import io
import math
import pickle
import random
import sys
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import pytest

pytest.importorskip("matplotlib")
pytest.importorskip("scipy")

import autograd
import nn
from autograd import Value, dot, gradient, no_grad, primitive
from autograd.core.primitive import TABLE
from autograd.core.sweeps import topological_order
from tests.helpers.builds import printed
from tests.helpers.seen import OPERANDS, OPERATORS
from tests.helpers.tables import named

TIMES = 100
clear_caches = getattr(sys, "_clear_internal_caches", None) or sys._clear_type_cache
COMMON = [None, True, False, NotImplemented, 0, 1, (), "", 1.0, Value, autograd.Primitive]


class Full(io.BytesIO):
    """A file on a disk that is full after some bytes."""

    def write(self, data: Any) -> int:
        if self.tell() + len(data) > 300:
            raise OSError("no space left")
        return super().write(data)


def assert_nothing_is_left(action: Callable[[], object]) -> None:
    """Many runs of an action raise neither the number of memory blocks in use, nor that of
    references to objects that everything refers to. What is kept once, as caches are, isn't
    kept in the next round again: the best of a few rounds counts."""
    for _ in range(10):
        blocks, references = growth_in_a_round(action)
        if not references and abs(blocks) < TIMES // 4:
            return
    pytest.fail(f"{blocks} blocks, {references}")


def growth_in_a_round(action: Callable[[], object]) -> tuple[int, dict[str, int]]:
    watched = [*COMMON, *TABLE.values()]

    def often(times: int) -> None:
        for _ in range(times):
            with contextlib.suppress(Exception):
                action()
        gc.collect()
        clear_caches()  # of attributes, which keep the names that were asked for

    often(10)
    references = [sys.getrefcount(each) for each in watched]
    blocks = sys.getallocatedblocks()
    often(TIMES)
    grown = sys.getallocatedblocks() - blocks
    now = [sys.getrefcount(each) for each in watched]
    changes = {
        repr(each): after - before for each, before, after in zip(watched, references, now)
    }
    return grown, {name: n for name, n in changes.items() if abs(n) >= TIMES // 2}


def leaf() -> Value:
    return Value(0.5, label="x")


def small() -> Value:
    """A graph with every kind of node: one, two and many operands, numbers, labels."""
    x, w = leaf(), Value(2)
    y = (x * w + 1).tanh() / 3 - dot([x, w, 1], [w, 2.0, x], w) ** 2
    z: Value = 2**y + (1 / w) * autograd.sum([x, 1, y]) + y.maximum(x, 1).relu()
    z.label = "z"
    return z


def every(use: Callable[[Any], object], things: Iterable[Any]) -> None:
    for x in things:
        with contextlib.suppress(Exception):
            use(x)


def swapped(apply: Callable[[Any, Any], object], x: Any) -> object:
    return apply(x, small())


def training() -> None:
    model = nn.MLP(2, [3, 1], activation="tanh")
    optimizer = nn.Adam(model.parameters())
    for _ in range(2):
        loss = nn.mse_loss([model([0.1, 0.2]), model([1.0, -1.0])], [0.5, 1.0])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()


def paused() -> None:
    with no_grad():
        small()
        with no_grad():
            small().log()


ACTIONS = named(
    """
build: small
repr: lambda: (repr(small()), str(small()), format(small(), '.3f'))
read: lambda: [getattr(small(), name) for name in ('op', 'inputs', 'partials', '_prev')]
operands: lambda: [y.operands for y in topological_order(small())[0]]
backward twice: lambda: every(small().backward, [1.0, 2])
zero_grad: lambda: small().zero_grad()
gradient: lambda: (lambda y: gradient(y, topological_order(y)[1]))(small())
second gradient: lambda: (lambda y: gradient(y, topological_order(y)[1],
    create_graph=True)[0].backward())(small())
hessian: lambda: autograd.hessian(lambda v: v[0] * v[1] + v[0].exp())([0.1, 0.2])
deepcopy: lambda: copy.deepcopy([small(), leaf(), small()])
pickle: lambda: pickle.loads(pickle.dumps((small(), {'x': leaf()})))
pickle that fails: lambda: pickle.dumps((small(), lambda: None))
pickle to a full disk: lambda: pickle.dump(small(), Full())
deepcopy that fails: lambda: copy.deepcopy([small(), (y for y in [leaf()])])
unpickling that fails: lambda: pickle.loads(pickle.dumps(small())[:-20])
unknown primitive: lambda: pickle.loads(pickle.dumps(small()).replace(b'\\x8c\\x04tanh',
    b'\\x8c\\x04tunh'))
no_grad: paused
no_grad decorator: no_grad()(small)
nan: lambda: autograd.sqrt((leaf() - 0.5) ** 2 * small()).backward()
set label: lambda: every(lambda y: setattr(y, 'label', f'y{y.data}'), [small(), leaf()])
init again: lambda: Value.__init__(small(), 3, label='y')
init again on many: lambda: Value.__init__(dot([leaf()], [leaf()]), 3)
operation on numbers: lambda: [TABLE['exp'](1), TABLE['dot'](1, 2, 3)]
wide: lambda: dot([leaf()] * 300, [leaf() for _ in range(300)], 1).backward()
training: training
""",
    Full=Full,
    TABLE=TABLE,
    Value=Value,
    autograd=autograd,
    copy=copy,
    dot=dot,
    every=every,
    gradient=gradient,
    leaf=leaf,
    no_grad=no_grad,
    paused=paused,
    pickle=pickle,
    small=small,
    topological_order=topological_order,
    training=training,
)
USES: dict[str, Callable[[Any], object]] = {
    "value": Value,
    "data": lambda x: setattr(small(), "data", x),
    "grad": lambda x: setattr(small(), "grad", x),
    "seed": lambda x: small().backward(x),
    "dot": lambda x: dot([small(), x], [x, 2.0]),
    "maximum": lambda x: small().maximum(x),
    "atan2": lambda x: small().atan2(x),
    **{apply.__name__: functools.partial(apply, small()) for apply in OPERATORS},
    **{f"r{apply.__name__}": functools.partial(swapped, apply) for apply in OPERATORS},
}
PARTIALS: list[Any] = [(), (1.0,), (1.0, 2.0), [1, True], (1.0,) * 3, ("x", 1.0)]


@pytest.fixture(autouse=True, scope="module")
def _little_to_collect() -> Iterator[None]:
    """Keep what the test runner has allocated out of the collector's work."""
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()


@pytest.mark.parametrize("action", ACTIONS.values(), ids=ACTIONS.keys())
def test_actions(action: Callable[[], object]) -> None:
    assert_nothing_is_left(action)


@pytest.mark.parametrize("use", USES.values(), ids=USES.keys())
def test_odd_operands(use: Callable[[Any], object]) -> None:
    assert_nothing_is_left(lambda: every(use, OPERANDS))


@pytest.mark.parametrize("variadic", [False, True])
def test_own_operations(variadic: bool) -> None:
    """Their rules fail, or give what is odd."""

    def giving(x: Any) -> Callable[..., Any]:
        def rule(*operands: object) -> Any:
            if x is KeyError:
                raise x
            return x

        return rule

    def use(x: Any) -> None:
        for result, slopes in ((x, (1.0, 1.0) if variadic else 1.0), (2.0, x)):
            rules = [giving(slopes)] * (2 - variadic)
            op = primitive("own", giving(result), *rules, variadic=variadic)
            with contextlib.suppress(Exception):
                op(leaf(), small()).backward()
            del TABLE["own"]

    assert_nothing_is_left(lambda: every(use, [KeyError, *PARTIALS, *OPERANDS]))


@pytest.mark.parametrize("name", TABLE)
def test_every_operation(name: str) -> None:
    points = [0.0, -0.0, 1.0, -2.5, 1e308, math.inf, math.nan]
    arity = TABLE[name].arity or 3

    def use() -> None:
        x = Value(rng.choice(points))
        operands: list[Any] = [rng.choice([x, Value(1.0), rng.choice(points), 2])] * arity
        operands[rng.randrange(arity)] = x
        TABLE[name](*operands).backward()

    rng = random.Random(name)
    assert_nothing_is_left(use)


RESIDENT = """
import resource
from tests.core.test_leaks import small as graphs, training
def peak(times):
    for _ in range(times):
        {1}()
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
before = peak({0} // 10)
print(peak({0}) - before)
"""


@pytest.mark.parametrize(
    ("times", "use", "kilobytes"),
    [
        (20_000, "graphs", 256),
        pytest.param(300_000, "graphs", 512, marks=pytest.mark.soak),
        pytest.param(10_000, "training", 512, marks=pytest.mark.soak),
    ],
)
def test_the_process_does_not_grow(times: int, use: str, kilobytes: int) -> None:
    """Also where memory is not Python's own: a byte lost in an operation would show."""
    pytest.importorskip("resource")
    assert int(printed(RESIDENT.format(times, use))) < kilobytes
