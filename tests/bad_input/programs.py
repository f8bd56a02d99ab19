"""Mistakes with compiled functions, and what they refuse to be made of."""

import functools
import math  # noqa: F401  (rows name these)
import os
import sys  # noqa: F401
from collections.abc import Callable, Iterator
from fractions import Fraction  # noqa: F401
from importlib.util import find_spec
from typing import Any
from unittest import mock

import numpy as np

import autograd
from autograd import Value, compile  # noqa: F401
from autograd.core.primitive import TABLE
from autograd.program import Compiled
from autograd.rules.expression import UntranslatableError  # noqa: F401
from tests.bad_input.rows import *

NAME = "autograd.compile"
square, pairs = compile(lambda x: x * x), compile(lambda x, y: x * y, in_axes=(0, 0))
sums = compile(pairs.f, in_axes=(0, 0), reduce="sum")
with_numpy = mock.patch.dict(os.environ, AUTOGRAD_KERNEL="numpy")
MASKED = np.ma.masked_array([1.0, 2.0, 3.0], [False, True, False])


class Loud(float):
    """A number that adds otherwise."""

    def __add__(self, other: Any) -> Any:
        return float(self) + other + 100.0


@functools.partial(compile, in_axes=0, reduce="sum")
def parting(x: Any) -> Any:
    """Results that are built in several ways."""
    if x > 0.0:
        return {"a": x, "b": [3.0 * x, x]}
    if x > -1.5:
        return {"a": x}
    return {"b": [3.0 * x, x], "a": x} if x > -2.5 else {"a": [x, 3.0 * x], "b": x}


def named(x: Any, slope: Any = 2.0, shift: Any = 1.0) -> Any:
    """A line."""
    return slope * x + shift


def sets(x: Any) -> Any:
    """It changes a number."""
    x.data = 3.0
    return x


def backward(x: Any) -> Any:
    """It makes a pass of its own."""
    y = x * x
    y.backward()
    return y


def ladder(x: Any) -> Any:
    """Another way for each whole part."""
    n = 0.0
    while not x < n + 1.0 and n < 40.0:
        n += 1.0
    return x * n


def compiled_once() -> Compiled:
    """It has a program."""
    square(2.0)
    return square


def changing() -> None:
    """A number that is another one at each call."""
    scale = 0.0
    fast = compile(lambda x: x * scale)
    for i in range(20):
        scale = float(i)
        fast(2.0)


def repeated(f: Callable[..., Any], first: Any, *args: Any, **options: Any) -> None:
    """Calls until a check finds something."""
    fast = compile(f, **options)
    fast(first)
    for _ in range(3_000_000):
        fast(*args or [first])


def unseen(f: Callable[..., Any], *args: Any, method: str = "__call__", **more: Any) -> None:
    """A number changes that no guard sees, in the calls of a program."""
    k = np.zeros(200_000)
    call = getattr(compile(lambda *xs: f(float(k[0]), *xs), **more), method)
    call(*args)
    k[0] = 1.0
    for _ in range(3_000_000):
        call(*args)


@mock.patch.dict(TABLE)
def twins() -> None:
    """Two operations of one name, of which a program uses the first."""
    fast = compile(autograd.primitive("twin", lambda x: 2.0 * x, lambda out, x: 2.0))
    fast(3.0)
    autograd.primitive("twin", lambda x: 5.0 * x, lambda out, x: 5.0)
    fast(3.0)


@mock.patch.dict(TABLE)
def ruled(target: Callable[[Any], Any], *rules: Any) -> None:
    """The program of an own operation, in another language."""
    fast = compile(autograd.primitive("own", *rules))
    fast(2.5)
    target(fast.program)


def as_c(program: Any) -> None:
    """Its source in C."""
    program.source("c")


def as_jax(program: Any, *args: Any) -> None:
    """A call of a program as a JAX function."""
    with __import__("jax").enable_x64(True):
        program.jax()(*args)


def jaxed(f: Callable[..., Any], args: Any, others: Any, in_axes: Any = None) -> None:
    """The same with other arguments than it was recorded with."""
    fast = compile(f, in_axes)
    fast(*args)
    as_jax(fast.program, *others)


def rows() -> Iterator[Row]:
    """All of them."""
    yield from refusals(
        """
NAME | "a number" | lambda w: compile(3) | TypeError | "takes a function, got 3"
NAME | "axis -1" | lambda w: compile(sum, in_axes=(-1,)) | TypeError |
    "None, an axis or a tuple"
NAME | "axis '0'" | lambda w: compile(sum, in_axes="0") | TypeError | "None, an axis or a tuple"
NAME | "axis 1" | lambda w: compile(sum, in_axes=1)([[1.0]]) | TypeError |
    "array with an axis 1"
NAME | "1 and 2" | lambda w: pairs([Value(1.0)], [2.0, 3.0]) | ValueError |
    "1 samples, another 2"
NAME | "sum" | lambda w: sums.hessian([1.0], [2.0]) | TypeError |
    "without reduce for the Hessian of"
NAME | "max" | lambda w: compile(reduce="max")(sum) | ValueError | "'max'"
NAME | "reduce" | lambda w: compile(sum, reduce="sum") | ValueError |
    "is over samples, and in_axes"
NAME | "threads" | lambda w: compile(sum, threads=0) | ValueError | "must be at least 1, got 0"
NAME | "one" | lambda w: pairs([1.0]) | TypeError | "in_axes is for 2 arguments, 1 were given"
NAME | "2 and 1" | lambda w: pairs([1.0, 2.0], [3.0]) | ValueError |
    "argument 1 has 1 samples, another 2"
NAME | "number" | lambda w: pairs([1.0, 2.0], 3.0) | TypeError | "argument 1 has no samples"
NAME | "Value" | lambda w: pairs([1.0], Value(3.0)) | TypeError |
    "an argument has no samples: give a list"
NAME | "array" | lambda w: pairs([1.0, 2.0], np.array(3.0)) | TypeError |
    "argument 1 has no samples"
NAME | "empty" | lambda w: pairs([], []) | ValueError | "argument 0 is empty"
NAME | "built" | lambda w: pairs([1.0, [2.0]], [3.0, 4.0]) | ValueError | "built in another way"
NAME | "lengths" | lambda w: pairs({"a": [1.0], "b": [1.0, 2.0]}, [3.0]) | ValueError |
    "different lengths"
NAME | "of samples" | lambda w: pairs.grad([1.0], [2.0]) | TypeError |
    'compile with reduce="mean"'
NAME | "of several" | lambda w: compile(lambda x: [x, x]).grad(1.0) | TypeError |
    "returns a single number"
NAME | "argnums" | lambda w: square.grad(1.0, argnums=2) | ValueError | "argnums names"
NAME | "less" | lambda w: parting([1.0, -1.0]) | ValueError | "built in different ways"
NAME | "other order" | lambda w: parting([1.0, -2.0]) | ValueError | "built in different ways"
NAME | "other places" | lambda w: parting([1.0, -3.0]) | ValueError | "built in different ways"
NAME | "of Values" | lambda w: parting([Value(1.0), -2.0]) | ValueError |
    "built in different ways"
NAME | "Jacobian" | lambda w: parting.jacobian([1.0, -2.0]) | ValueError |
    "built in different ways"
NAME | "a list later" | lambda w: compile(lambda x: [x] if x > 0.0 else x, 0)(
    208.0 - np.arange(256.0)) | ValueError | "built in different ways"
NAME | "[[1.0]]" | lambda w: compile(square.f, 0)([1.0] * 200 + [[1.0]]) | ValueError |
    "argument 0[200] is built in another way than argument 0[0]"
NAME | "['a']" | lambda w: compile(square.f, 0)([1.0] * 200 + ["a"]) | TypeError |
    "argument 0[200] is a str"
NAME | "program" | lambda w: compile(sum).program | RuntimeError | "has no program yet"
NAME | "a string" | lambda w: square("x") | TypeError | "argument 0 is a str"
NAME | "an object" | lambda w: compile(sum, 0)(np.array([[1.0, "a"]], dtype=object)) |
    TypeError | "argument 0" | "[1] is a str"
NAME | "Loud" | lambda w: square(Loud(1.0)) | TypeError |
    "argument 0 is a Loud, with operators of its own"
NAME | "[Loud]" | lambda w: square([1.0, Loud(1.0)]) | TypeError | "argument 0[1] is a Loud"
NAME | "masked" | lambda w: square(MASKED) | TypeError | "argument 0[1] is a NoneType"
NAME | "masked samples" | lambda w: compile(square.f, 0)(MASKED) | TypeError |
    "0 is a masked array"
NAME | "no x" | lambda w: compile(named)(slope=3.0) | TypeError |
    "named(x, slope, shift): missing" | "'x'"
NAME | "bias" | lambda w: compile(named)(x=3.0, bias=1.0) | TypeError |
    "named(x, slope, shift): " | "unexpected" | "'bias'"
NAME | "by name" | lambda w: compile(lambda x, *, k: x * k)(x=1.0, k=2.0) | TypeError |
    "'k' can only be given by name"
NAME | "index" | lambda w: compile(lambda w, i: w[i])([1.0, 2.0], 1) | TypeError |
    "autograd.take(xs, i)" | "or xs[int(i)]"
NAME | "an array's" | lambda w: compile(lambda w, i: w[i])(np.ones(2), 1) | IndexError |
    "only integers" | "autograd.take(xs, i)" | "or xs[int(i)]"
NAME | "compared" | lambda w: compile(lambda x: x < "x")(1.0) | TypeError |
    "not supported between"
NAME | "log" | lambda w: compile(autograd.log, 0)([1.0, 2.0, -1.0, 3.0]) | ValueError |
    "log(-1.0)" | "in sample 2$"
NAME | "log in NumPy" | with_numpy(lambda w: compile(autograd.log, 0)([1.0, 2.0, -1.0, 3.0])) |
    ValueError | "log(-1.0)" | "in sample 2$"
NAME | "log of many" | lambda w: compile(autograd.log, 0)(11.0 - np.arange(256.0) % 13.0) |
    ValueError | "in sample 11$"
NAME | "later" | lambda w: compile(autograd.log, 0)(200.0 - np.arange(256.0)) | ValueError |
    "in sample 200$"
NAME | "exp" | lambda w: compile(lambda x: 1.0 / autograd.exp(x), 0)([1.0, 1e3, 2.0]) |
    OverflowError | "exp(" | "in sample 1$"
NAME | "inf - inf" | lambda w: compile(
    lambda x: autograd.sqrt(x) - autograd.sqrt(2.0 * x), 0, "sum").grad([1.0, 0.0]) |
    FloatingPointError | "infinity minus infinity" | "in sample 1$"
NAME | "sets data" | lambda w: compile(sets)(1.0) | ValueError |
    "sets the data of a Value in " | "programs.py:"
NAME | "read" | lambda w: compile(lambda x: x * x.data)(4.0) | RuntimeWarning |
    "is computed by itself, which is slower: it reads a number out of a Value in " |
    "write x.detach() for a number that no derivative" | "x // 1.0 for a whole number"
NAME | "int" | lambda w: compile(lambda w, i: w[int(i)])([1.0, 2.0], 1.0) | RuntimeWarning |
    "autograd.take(xs, i) for xs[int(i)]"
NAME | "grad" | lambda w: compile(lambda x: x * x.grad)(4.0) | RuntimeWarning |
    "reads the grad of a Value in " | "differentiate the compiled function"
NAME | "partials" | lambda w: compile(lambda x: x * (x * x).partials[0])(4.0) |
    RuntimeWarning | "reads the partials of a Value in "
NAME | "copied" | lambda w: compile(lambda x: __import__("copy").copy(x) * x)(4.0) |
    RuntimeWarning | "copies a Value in " | "write x.detach()"
NAME | "hash" | lambda w: compile(lambda x: x * len({x}))(4.0) | RuntimeWarning |
    "hashes a Value, as a set or a dict does in "
NAME | "no_grad" | lambda w: compile(autograd.no_grad()(lambda x: x * x))(4.0) |
    RuntimeWarning | "computes in no_grad() in " | "write x.detach()"
NAME | "a fraction" | lambda w: compile(lambda x: x if x > Fraction(1, 3) else -x)(4.0) |
    RuntimeWarning | "compares a Value with what is no float in " | "with a float"
NAME | "random" | lambda w: compile(lambda x: x * np.random.random())(4.0) |
    RuntimeWarning | "it draws random numbers: draw them outside, and pass them as arguments"
NAME | "is True" | lambda w: compile(lambda x: x if (x > 0.0) is True else -x)(4.0) |
    ValueError | "gives -4.0 where" | "itself gives 4.0"
NAME | "gradient" | lambda w: compile(lambda x: autograd.gradient(x * x, x) * x)(4.0) |
    RuntimeWarning | "calls gradient() for numbers in " | "call it with create_graph=True"
NAME | "backward" | lambda w: compile(backward)(4.0) | RuntimeWarning |
    "calls backward() in " | "by its grad or hvp"
NAME | "ways" | lambda w: compile(ladder, 0)([i + 0.5 for i in range(2100)]) |
    RuntimeWarning | "more than 16 ways" | "'lt' in " | "where" | "by the function itself"
NAME | "changing" | lambda w: changing() | RuntimeWarning |
    "recorded anew" | "10th time since scale has changed from 9" | " to 10"
NAME | "twin" | lambda w: twins() | RuntimeWarning | "it uses a primitive 'twin' where another"
NAME | "unseen" | lambda w: unseen(lambda k, w, x: x * w * (k + 1.0), 2.0, [0.0, 2.0],
    in_axes=(None, 0), reduce="mean") | ValueError | "compiled " | "gives in sample 1 " |
    "itself gives " | "It depends on something " | "an argument, or a Value (verify=False"
NAME | "unseen error" | lambda w: unseen(lambda k, x: {0.0: x}[k], 3.0) | ValueError |
    "raises KeyError"
NAME | "unseen length" | lambda w: unseen(lambda k, x: [x] if k else [x, x], 3.0) |
    ValueError | "2 numbers where"
NAME | "unseen rule" | lambda w: unseen(lambda k, x: x + 1.0 if k else x * x, 3.0) |
    ValueError | "gives 9.0 where" | "itself gives 4.0"
NAME | "unseen slope" | lambda w: unseen(lambda k, x: x + 2.0 if k else x * x, 2.0,
    method="grad") | ValueError | "the derivative 4.0 where " | "itself gives 1.0"
NAME | "not needed" | lambda w: repeated(lambda x: [autograd.log(x), x * 2.0][1], [1.0, 2.0],
    [1.0, -1.0], in_axes=0) | ValueError | "itself raises ValueError('log(-1"
NAME | "kernel" | mock.patch.dict(os.environ, AUTOGRAD_KERNEL="this", AUTOGRAD_PURE="")(
    lambda w: compile(lambda x: x * x)(2.0)) | ValueError | "must be one of " |
    "numpy, or unset, got 'this'"
"program.source" | "value" | lambda w: ruled(as_c, math.gamma, lambda out, x: 1.0) |
    UntranslatableError | "own: its rule can't be read"
"program.source" | "rule" | lambda w: ruled(as_c, lambda x: x, lambda out, x: math.gamma(x)) |
    UntranslatableError | "own: its rule"
"program.jax" | "not there" | mock.patch.dict(sys.modules, jax=None)(
    lambda w: compiled_once().program.jax()) | ImportError |
    "pip install 'scalar-autograd[jax]'"
"program.onnx" | "not there" | mock.patch.dict(sys.modules, onnx=None)(
    lambda w: compiled_once().program.onnx(w.path("a"))) | ImportError |
    "pip install 'scalar-autograd[onnx]'"
""",
        globals(),
    )
    if find_spec("onnx"):
        lost = [bad("no/a", FileNotFoundError, "no/")]
        saved: Call = lambda w, file: compiled_once().program.onnx(w.path(file))
        yield from each("program.onnx", lost, saved)
    if find_spec("jax"):
        yield from in_jax()


def in_jax() -> Iterator[Row]:
    """Mistaken calls of a JAX function."""
    line, of_dict = lambda w, x: w * x[0] + x[1], lambda x: x["a"] * x["b"]
    given, each = (1.0, np.ones((3, 2))), (None, 0)
    yield from refusals(
        """
name | "one" | lambda w: jaxed(line, given, (1.0,), each) | TypeError |
    "takes 2 arguments, 1 were given"
name | "2 numbers" | lambda w: jaxed(line, given, ([1.0, 2.0], given[1]), each) | ValueError |
    "argument 0 has 2 numbers; the program was"
name | "4 numbers" | lambda w: jaxed(line, given, (1.0, np.ones((3, 4))), each) | ValueError |
    "argument 1 has 4 numbers a sample; the program was"
name | "2 and 3" | lambda w: jaxed(pairs.f, ([1.0], [2.0]), (np.ones(2), np.ones(3)), (0, 0)) |
    ValueError | "argument 1 has 3 samples, another 2"
name | "entries" | lambda w: jaxed(of_dict, [{"a": 1.0, "b": 2.0}], [{"a": 1.0}]) | ValueError |
    "entries ['a']; the program was " | "['a', 'b']"
name | "a list" | lambda w: jaxed(of_dict, [{"a": 1.0, "b": 2.0}], [[1.0]]) | TypeError |
    "with a dict of ['a', 'b'], got a list"
name | "value" | lambda w: ruled(as_jax, math.gamma, lambda out, x: 0.0) | UntranslatableError |
    "own: its rule"
name | "rule" | lambda w: ruled(as_jax, lambda x: x * x, lambda out, x: math.gamma(x)) |
    UntranslatableError | "own: its rule"
name | "32 bits" | lambda w: compiled_once().program.jax() | RuntimeError |
    "jax_enable_x64"
""",
        {**globals(), **locals(), "name": "program.jax"},
    )
