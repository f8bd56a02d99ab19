"""The kernel gives what Python's math and NumPy give, and the same bits on every machine."""

import contextlib
import importlib
import itertools
import math
import struct
from array import array
from collections.abc import Callable
from typing import Any
from unittest.mock import Mock

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import autograd
from autograd import primitive
from autograd.core.primitive import TABLE
from autograd.program import compile
from autograd.program import kernel as kernels
from autograd.program.kernel import KERNELS
from autograd.program.passes.derivatives import vjp
from autograd.program.program import Program as Compiled
from autograd.program.program import Request
from autograd.program.targets.functions import namespace
from autograd.program.targets.lower import KernelCode
from autograd.rules.arrays import composed
from tests.helpers.native import FORMULAS, base, run, same_bits
from tests.helpers.programs import Listing, programs
from tests.helpers.tables import column, named

FITTING = [name for name, has in zip(KERNELS, (*base.supported(), True)) if has]
MODULES = [
    importlib.import_module(f"autograd.program.kernel.kernel_{name}") for name in FITTING
]

GRID = [
    *(0.0, 5e-324, 2.3e-308, 1e-300, 1e-16, 1e-8, 0.1, 0.35, 0.5, 0.7, 1.0, 1.5, 2.0, 2.5),
    *(3.7, 17.0, 22.1, 37.5, 353.0, 707.9, 708.1, 709.9, 745.0, 746.0, 1e10, 1e300, math.inf),
]
GRID += [-x for x in GRID]
NAN = [*GRID, math.nan]
CLOSE = {"exp": 1, "expm1": 2, "log": 1, "log1p": 2, "tanh": 3, "hypot": 1}  # ulp
CLOSE |= {"bell": 2, "sigmoid": 2}


EXPECTED = named(
    """
lt: lambda a, b, c: float(a < b)
le: lambda a, b, c: float(a <= b)
gt: lambda a, b, c: float(a > b)
ge: lambda a, b, c: float(a >= b)
eq: lambda a, b, c: float(a == b)
ne: lambda a, b, c: float(a != b)
copy: lambda a, b, c: a
add: lambda a, b, c: a + b
sub: lambda a, b, c: a - b
mul: lambda a, b, c: a * b
div: lambda a, b, c: a / b
neg: lambda a, b, c: -a
abs: lambda a, b, c: abs(a)
reciprocal: lambda a, b, c: 1.0 / a
rsqrt: lambda a, b, c: 1.0 / math.sqrt(a)
maximum: lambda a, b, c: b if b > a else a
minimum: lambda a, b, c: b if b < a else a
where: lambda a, b, c: b if a else c
strong_zero: lambda a, b, c: 0.0 if a == 0.0 else a * b
if_positive: lambda a, b, c: a if b > 0.0 else 0.0
muladd: lambda a, b, c: c + a * b
rint: lambda a, b, c: math.copysign(round(a), a) if math.isfinite(a) else a
floor: lambda a, b, c: math.copysign(math.floor(a), a) if math.isfinite(a) else a
ceil: lambda a, b, c: math.copysign(math.ceil(a), a) if math.isfinite(a) else a
trunc: lambda a, b, c: math.copysign(math.trunc(a), a) if math.isfinite(a) else a
hypot: lambda a, b, c: math.hypot(a, b)
refuse: lambda a, b, c: TABLE["sqrt"](-1.0) if b else a
""",
    math=math,
    TABLE=TABLE,
)


def _expected(name: str, *operands: float) -> float | None:
    """Return what Python gives, or None if it raises."""
    name = name.removeprefix("slow_")
    try:
        if name in EXPECTED:
            return float(EXPECTED[name](*operands))
        entry = TABLE[name]
        return float(entry.value(*operands[: entry.arity]))
    except (ValueError, ArithmeticError):
        return None


@pytest.mark.parametrize("name", FORMULAS)
def test_a_formula_is_that_of_python(name: str) -> None:
    triples = list(itertools.product(NAN, [0.5, *NAN[::6]], [2.0, -0.0, math.inf]))
    columns = [list(column) for column in zip(*triples)]
    first, _ = run(MODULES[0], name, columns, lanes=True)
    for module, lanes in itertools.product(MODULES, (True, False)):
        again, _ = run(module, name, columns, lanes)
        assert same_bits(again, first)
    for operands, got in zip(triples, first.tolist()):
        wanted = _expected(name, *operands)
        if wanted is None or not all(map(math.isfinite, operands)):
            if wanted is None and all(map(math.isfinite, operands)):
                for module, count in itertools.product(MODULES, (1, 3)):
                    assert not run(module, name, [[x] * count for x in operands], False)[1]
            continue
        within = CLOSE.get(name, 0) * math.ulp(wanted)
        same = struct.pack("d", got) == struct.pack("d", wanted)
        assert same or (within and abs(got - wanted) <= within), (operands, got, wanted)


@pytest.mark.parametrize("name", ["exp", "expm1", "log", "log1p", "tanh"])
def test_functions_of_a_vector_are_close(name: str) -> None:
    rng = np.random.default_rng(1)
    x = np.concatenate(
        [rng.normal(size=4000) * scale for scale in (1e-9, 1e-3, 0.5, 3.0, 200.0)]
    )
    x = np.abs(x) if name == "log" else x[x > -1.0] if name == "log1p" else x
    got, well = run(MODULES[0], name, [x.tolist()] * 3, lanes=True)
    assert well
    wanted = np.array([getattr(math, name)(each) for each in x.tolist()])
    assert (np.abs(got - wanted) <= CLOSE[name] * np.spacing(np.abs(wanted))).all()


def _sweeps(compiled: Any, wrt: range, lanes: range) -> tuple[Compiled, list[KernelCode]]:
    program = compiled.program
    names = [name for name, _, varies in program.inputs if len(lanes if varies else wrt)]
    blocks = vjp(program.blocks, names)
    return program, [KernelCode(blocks, module) for module in MODULES]


def _swept(sweep: KernelCode, lanes: int, u: Any, x: Any, *others: Any) -> None:
    """Run it once; `u` holds the inputs only."""
    whole = np.array(sweep.start)
    whole[: len(u)] = u
    sweep.program.runner(lanes, whole, x, *others).run(x)


def _results(sweep: KernelCode, u: Any, x: Any, threads: int = 1) -> list[Any]:
    """Outputs and gradients of the mean over the lanes."""
    lanes = x.shape[1]
    ops = [sweep.ops[v] for name, v in sweep.blocks.results.items() if name[:2] != "d_"]
    columns = lanes if any(op.lanes for op in ops) else 1
    out = np.empty((sum(op.rows for op in ops), columns))
    d_u, d_x = np.empty(len(u)), np.empty(x.shape)
    seed = np.full((1, 1), 1.0 / lanes)
    _swept(sweep, lanes, u, (x,), seed, out, d_u, d_x, None, threads)
    return [out, d_u, d_x]


@given(programs())
def test_random_programs_have_the_same_bits_everywhere(program: Listing) -> None:
    starts = program.starts
    rng = np.random.default_rng(len(starts))
    x = np.array(starts[1:])[:, None] * rng.uniform(0.9, 1.1, (len(starts) - 1, 37))
    fast = compile(lambda w, x: program(w, *x), in_axes=(None, 0), reduce="sum")
    try:
        fast(starts[0], x.T)
        _, sweeps = _sweeps(fast, range(1), range(len(x)))
    except (ValueError, ArithmeticError, NotImplementedError, RuntimeError):
        return
    u = np.array(starts[:1])
    first = _results(sweeps[0], u, x)
    for sweep in sweeps[1:]:
        assert all(map(same_bits, _results(sweep, u, x), first))
    few = _results(sweeps[0], u, np.ascontiguousarray(x[:, 5:19]))
    if first[0].shape[1] > 1:
        assert same_bits(few[0], np.ascontiguousarray(first[0][:, 5:19]))


def net(w: Any, x: Any, sizes: tuple[int, ...]) -> Any:
    """Layers of neurons on flat parameters."""
    k, h = 0, list(x)
    for n_in, n_out in itertools.pairwise(sizes):
        outs = []
        for _ in range(n_out):
            s = autograd.dot(w[k : k + n_in], h, w[k + n_in])
            outs.append(s.tanh() if n_out > 9 else s)
            k += n_in + 1
        h = outs
    return autograd.logsumexp(h) - h[0]


SIZES = (7, 10, 13, 9)
COUNT = sum((n_in + 1) * n_out for n_in, n_out in itertools.pairwise(SIZES))
RNG = np.random.default_rng(3)
W, X = RNG.normal(size=COUNT), RNG.normal(size=(1501, 7))


def test_threads_and_machines_do_not_change_a_bit() -> None:
    fast = compile(lambda w, x: net(w, x, SIZES), in_axes=(None, 0), reduce="mean")
    fast(W, X)
    _, sweeps = _sweeps(fast, range(COUNT), range(7))
    x = np.ascontiguousarray(X.T)
    first = _results(sweeps[0], W, x)
    for sweep, threads in itertools.product(sweeps, (1, 2, 3)):
        assert all(map(same_bits, _results(sweep, W, x, threads), first))


@pytest.mark.parametrize("lanes", [1, 8, 121, 127, 128, 129, 256, 480, 3_839, 200_003])
def test_every_lane_is_in_one_block(lanes: int) -> None:
    x = np.arange(float(lanes))
    square = autograd.compile(lambda x, w: x * x + w, in_axes=(0, None))
    assert np.array_equal(square(x, 1.0), x * x + 1.0)
    total = autograd.compile(lambda x, w: x * w, in_axes=(0, None), reduce="sum")
    assert total.value_and_grad(x, 2.0, argnums=1) == (2.0 * x.sum(), x.sum())


def test_threads_share_twelve_blocks() -> None:
    total = autograd.compile(lambda x, w: x * w, in_axes=(0, None), reduce="sum", threads=2)
    x = np.zeros(12 * 480)
    x[0], x[6 * 480 :: 8] = 1e16, 1.0  # one by one they would be lost
    assert total.value_and_grad(x, 1.0, argnums=1)[1] == 1e16 + 360.0


# ---------------------------------------------------------------- which kernel


@pytest.mark.parametrize("name", FITTING)
def test_a_narrower_kernel_can_be_asked_for(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AUTOGRAD_KERNEL", name)
    assert kernels.kernel().__name__ == f"autograd.program.kernel.kernel_{name}"
    monkeypatch.setenv("AUTOGRAD_PURE", "1")
    assert kernels.kernel() is None


@pytest.mark.parametrize("asked", ["this", "numpy,base", "BASE"])
def test_a_kernel_that_is_not_here_is_an_error(
    asked: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AUTOGRAD_KERNEL", asked)
    for _ in range(2):
        with pytest.raises(ValueError):
            compile(lambda x: x * x)(2.0)


def test_a_rule_that_is_not_generic_runs_in_numpy() -> None:
    halved = primitive("halved_", lambda x: math.ldexp(x, -1), lambda out, x: 0.5)
    fast = compile(lambda x: halved(x) * x)
    assert fast.value_and_grad(3.0) == (4.5, 3.0)
    assert fast.program.sweep(Request(("x",))).native is None


def _parts(f: Callable[..., Any], *args: Any, in_axes: Any = None) -> tuple[KernelCode, Any]:
    """The sweep of a gradient, and what it gives the kernel to make a program of."""
    fast = compile(f, in_axes)
    fast(*args)
    program, given = fast.program, Mock(OPERATIONS=base.OPERATIONS)
    blocks = vjp(program.with_scalars, [name for name, *_ in program.inputs])
    return KernelCode(blocks, given), given.Program.call_args.args


PARTS = column(
    """
_parts(lambda w: sum(w) * autograd.dot(w[:3], w[3:], 1.0) + w[0].sin().cos(), [0.5] * 6)
_parts(lambda w: [autograd.logsumexp([3.0 * x for x in w]), *[x.tanh() for x in w]], W[:9])
_parts(lambda w, x: net(w, x, SIZES), W, X[:40], in_axes=(None, 0))
_parts(lambda x, w: autograd.dot([x, x], [w, w], 3.0) * w.sin(), X[0], 2.0, in_axes=(0, None))
_parts(lambda w, xs: sum((w * x).tanh() for x in xs), 0.5, [0.1] * 9)
""",
    **globals(),
)


@settings(max_examples=1000)
@given(
    st.sampled_from(PARTS),
    st.sampled_from(MODULES),
    st.integers(0, 5),
    st.integers(0, 10_000),
    st.integers(-3, 300) | st.integers(-(2**31), 2**31 - 1),
)
def test_a_program_stays_within_its_memory(
    made: tuple[KernelCode, Any], module: Any, which: int, place: int, number: int
) -> None:
    """With any number in its code it is refused or runs; sanitizers see what it touches."""
    it, given = made
    parts = [[*part] for part in given]
    start, lanes = array("d", it.start), it.blocks.lanes or 11
    if which < 4 or (which == 4 and number <= 300):
        parts[which][place % len(parts[which])] = number
    else:
        start = start[: place % len(start)]
        parts[4][2] = len(start)
    ints = parts[:4]
    results = [it.ops[v] for name, v in it.blocks.results.items() if name[:2] != "d_"]
    roots, columns = sum(op.rows for op in results), any(op.lanes for op in results)
    with contextlib.suppress(RuntimeError, ValueError):
        program = module.Program(*[array("i", part) for part in ints], tuple(parts[4]))
        out = np.empty((roots, lanes if columns else 1))
        rows = sum(it.ops[v].rows for v in it.blocks.inputs() if it.ops[v].lanes)
        x = (np.ones((rows, lanes)),)
        program.runner(lanes, start, x, np.ones(results[0].rows), out, None, None, None, 2).run(
            x
        )


def test_definitions_are_the_table_s() -> None:
    points = np.array([-800.0, -37.5, -2.0, -0.1, 0.0, 0.3, 5.0, 800.0])
    space = namespace()
    for name in filter(composed, TABLE):
        rule = space[name]
        more = {"leaky_relu": [0.1], "elu": [0.7], "clip": [-1.0, 1.0]}
        more |= {"gaussian": [0.5], "exp_of_difference": [1.0]}
        extra = more.get(name, [])
        for x in points.tolist():
            try:
                wanted = TABLE[name].value(x, *extra)
            except (ValueError, ArithmeticError):
                continue
            with np.errstate(all="ignore"):
                got = float(rule(np.array(x), *map(np.array, extra)))
            assert got == pytest.approx(wanted, rel=1e-14, abs=1e-320)
