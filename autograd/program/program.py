"""A program: the blocks of one recorded trace, run by the kernel or as NumPy that it shows."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Sequence
from functools import cached_property, partial
from typing import Any, NamedTuple

from autograd.program.ir.arrays import Array, np
from autograd.program.ir.program import SOURCES, BlockProgram
from autograd.program.ir.tape import Input, Tape, uncollected
from autograd.program.kernel import kernel
from autograd.program.passes.derivatives import jvp, vjp
from autograd.program.passes.fuse_sums import fuse_sums
from autograd.program.passes.near_ties import guard_near_ties
from autograd.program.passes.reroll import reroll
from autograd.program.passes.simplify import (
    drop_dead,
    drop_units,
    fold_constants,
    merge_equal,
)
from autograd.program.passes.vectorize import vectorize
from autograd.program.targets.c import c_source
from autograd.program.targets.functions import namespace
from autograd.program.targets.instructions import PARTS
from autograd.program.targets.javascript import javascript
from autograd.program.targets.lower import KernelCode
from autograd.program.targets.numpy import Source, compile_source
from autograd.program.targets.runner import Runner

__all__ = ["PASSES", "VALUES", "Program", "Request", "Sweep"]

PASSES = ("fold", "fuse_sums", "reroll", "simplify", "cse")


class Request(NamedTuple):
    """The derivatives that are asked of a program, besides its values.

    Attributes:
        wrt: the names of inputs: the gradient in these.
        along: such names: the derivatives of the outputs along a direction in them are further
            outputs, and the direction's u and x follow the others.
        per_lane: the gradient in each lane is further outputs, input after input.
    """

    wrt: tuple[str, ...] | None = None
    along: tuple[str, ...] | None = None
    per_lane: bool = False


VALUES = Request()


class Program:
    """The passed tape, and the functions that run it.

    Args:
        tape: as recorded.
        inputs: name, rows, and whether each lane has its own, of each input that has rows. Side
            by side, the uniform ones are called u, and the others x.
        answers: what each guard was answered when it was recorded.
        data: the uniform inputs that the re-roll takes for data.
        without: passes to leave out.
        trace: the way of a function that it goes.

    Attributes:
        counts: how many nodes there are after the passes.

    Raises:
        ValueError: no pass has that name.
    """

    @uncollected()
    def __init__(
        self,
        tape: Tape,
        inputs: Sequence[tuple[str, int, bool]],
        answers: Sequence[float] = (),
        data: Collection[int] = (),
        without: Collection[str] = (),
        trace: Any = None,
    ) -> None:
        unknown = set(without) - set(PASSES)
        if unknown:
            raise ValueError(
                f"compile: no pass is called {unknown.pop()!r}; choose of {[*PASSES]}"
            )
        self.counts = {"recorded": len(tape)}
        tape.inputs = [Input(*each) for each in inputs]
        if any(node.op == "atan2" for node in tape.nodes):
            # It sees the sign of a zero, which may be another in a fused sum.
            without = [*without, "fuse_sums"]
        passes = [name for name in PASSES if name not in without]
        if "fold" in passes:
            tape = fold_constants(tape)
        if "fuse_sums" in passes:
            tape = fuse_sums(tape)
        self.counts["fused"] = len(tape)
        self.guards = len(answers)  # those after them are of near ties
        tape, answers = guard_near_ties(tape, answers)
        if "reroll" in passes and not any(each.varies for each in tape.inputs):
            tape = reroll(tape, data)
        if "simplify" in passes:
            tape = drop_units(tape)
        if "cse" in passes:
            tape = merge_equal(tape)
        self.tape = drop_dead(tape)
        self.counts["needed"] = len(self.tape)
        self.inputs, self.trace, self.lanes = [*inputs], trace, self.tape.lanes
        self.answers = np.array(answers, dtype=float).reshape(-1, 1)
        self._sweeps: dict[Any, Sweep] = {}

    @cached_property
    def blocks(self) -> BlockProgram:
        """Its values, in blocks that every target knows."""
        return vectorize(self.tape)

    @cached_property
    def with_scalars(self) -> BlockProgram:
        """The same for the kernel, which knows lists of single operations."""
        return vectorize(self.tape, with_lists=True)

    def differentiate(self, request: Request, with_lists: bool = False) -> BlockProgram:
        """Its values in blocks, and the derivatives that are asked for.

        Args:
            with_lists: whether lists of single operations may be among them.

        Raises:
            NotImplementedError: with a direction, an operation's rule is not generic.
        """
        blocks = self.with_scalars if with_lists else self.blocks
        if request.along is not None:
            blocks = jvp(blocks, request.along)
        if request.wrt is not None:
            blocks = vjp(blocks, request.wrt, request.per_lane)
        return blocks

    # ------------------------------------------------------------------ running

    def sweep(self, request: Request = VALUES) -> Sweep:
        """Return the sweep that is asked for.

        Raises:
            NotImplementedError: with a direction, an operation's rule is not generic.
        """
        if request not in self._sweeps:
            self._sweeps[request] = Sweep(self, request)
        return self._sweeps[request]

    # ------------------------------------------------------------------ looking at it

    def graph(self, **options: Any) -> Any:
        """The function's graph (`autograd.Graph`), at the numbers that it was recorded with."""
        return self.trace.graph(**options)

    def source(self, target: str = "numpy") -> str:
        """Its value and its gradient in all inputs as text.

        Args:
            target: "numpy"; or, for one sample, each number by itself, "javascript" or "c",
                which needs nothing else. The stages on the way to them are "tape", an operation
                on numbers a line; "program", an operation on rows a line; and "kernel", the
                instructions of the native kernel for value and gradient.

        Raises:
            ValueError: the target is none of these.
            NotImplementedError: of C and the kernel, an operation's rule is for floats only, or
                there is no kernel; NumPy takes such operations one by one.
            UntranslatableError: of JavaScript, an operation's rules cannot be translated.
        """
        if target == "tape":
            return f"{self.tape}\n"
        if target == "javascript":
            return javascript(self.trace.tape)
        if target == "c":
            return c_source(self.trace.tape)
        gradient = Request(wrt=tuple([each.name for each in self.tape.inputs]))
        if target == "program":
            return f"{self.blocks}\n\n{self.differentiate(gradient)}\n"
        if target == "kernel":
            native = _native_code(self, gradient)
            if native is None:
                raise NotImplementedError("source: the native kernel cannot run this program")
            return f"{native}\n"
        if target == "numpy":
            sources = [Source(self.blocks), Source(self.differentiate(gradient))]
            return "\n\n\n".join(["\n".join(each.lines) for each in sources]) + "\n"
        raise ValueError(
            'source: target must be "numpy", "javascript", "c", "tape", "program" or "kernel", '
            f"got {target!r:.80}"
        )

    def jax(self) -> Callable[..., Any]:
        """Return a pure function for JAX's `jit`, `vmap`, `grad` and sharding.

        It takes what the compiled function takes (arrays, or what holds them; samples are rows)
        and gives the same, with `reduce`. Values from outside are constants, as they are now.
        JAX differentiates it, forward and reverse, by the rules of the table. What repeats is a
        loop. Where the function would go another way than it was recorded, or eager would
        raise, the results are NaN or infinite. JAX counts numbers below 2.3e-308 as 0.

        Raises:
            ImportError: JAX is missing.
            RuntimeError: JAX is set to 32 bits.
            NotImplementedError: an operation's rule is for floats only; or there are more than
                4,000 operations that are in no loop.
        """
        from autograd.program.targets.jax_function import function

        return function(self)

    def onnx(self, path: str | os.PathLike[str]) -> None:
        """Write what it computes as an ONNX model in 64 bits.

        The inputs have the names of the function's arguments: all numbers of an argument in a
        row, or with samples a row for each. The output is "value", where onnxruntime may give
        0.0 for -0.0, and where softplus and logsumexp are right to 1e-15 or so in absolute
        terms. Other things are as for `jax`.

        Raises:
            ImportError: ONNX is missing.
            NotImplementedError: an operation's rule is for floats only; or ONNX lacks it in 64
                bits, as it does `hypot`, `erf`, `log1p` and the inverse functions.
            OSError: the file cannot be written.
        """
        from autograd.program.targets.onnx import write

        write(self, path)

    def stats(self) -> dict[str, int]:
        """How large it is: the nodes recorded, fused and needed; and the instructions."""
        count = sum([op.kind not in SOURCES for op in self.blocks.ops])
        return {**self.counts, "instructions": count}

    def __repr__(self) -> str:
        varies = any(lanes for _, _, lanes in self.inputs)
        each = f" × {self.lanes} lanes" if self.lanes else ", lanes" if varies else ""
        n = self.stats()["instructions"]
        made = f"{n} instruction{'s' * (n != 1)}{each}"
        return f"<program: {self.counts['recorded']} nodes → {made}>"


class Sweep:
    """A program with the derivatives of one request, and what runs it.

    Rows of inputs are uniform or have a number for each lane; so are those of results. A result
    that is uniform has one column.

    Attributes:
        native: the code for the kernel, if there is one and it knows all operations.
        runner: makes what runs with the same arrays, of the kernel or of NumPy.
        start: what is uniform before a run; the inputs come first.
        inputs, lane_inputs: how many rows the uniform inputs have, and the others.
        places: where the numbers of each input lie.
        outputs, roots: how many rows the outputs have, and these with the guards.
        has_lanes: whether a root has lanes.
        seed_varies: whether the seed has a number for each lane.
        has_slopes: whether there is a gradient in the inputs.
        differentiates_lanes: whether there is one in inputs that have lanes.
        lanes: how many lanes there are, if that is known.
        guards, answers: how many guards f itself has, and the answers of these and of ties.
    """

    @uncollected()
    def __init__(self, program: Program, request: Request) -> None:
        self.answers, self.guards, self.lanes = program.answers, program.guards, program.lanes
        self.native = _native_code(program, request)
        blocks = self.native.blocks if self.native else program.differentiate(request)
        self.places = blocks.places()
        self.inputs = sum([len(place.rows) for place in self.places if not place.varies])
        self.lane_inputs = sum([len(place.rows) for place in self.places if place.varies])
        self.runner: Callable[..., Any]
        if self.native:
            self.runner, self.start = self.native.program.runner, np.array(self.native.start)
        else:
            function = compile_source(Source(blocks), namespace())
            self.runner, self.start = partial(Runner, function, blocks), np.zeros(self.inputs)
        self.describe_results(blocks, request)

    def describe_results(self, blocks: BlockProgram, request: Request) -> None:
        """Note the rows of the results, and which have lanes."""
        results = blocks.results
        roots = [blocks.ops[results[name]] for name in ("out", "checks") if name in results]
        output = roots[0]
        self.outputs, self.roots = output.rows, sum([root.rows for root in roots])
        self.has_lanes = any(root.lanes for root in roots)
        self.seed_varies = output.lanes and not request.per_lane
        self.has_slopes = request.wrt is not None and not request.per_lane
        self.differentiates_lanes = any(
            place.varies and f"d_{place.name}" in results for place in self.places
        )

    def memory(self, lanes: int) -> Memory:
        """The arrays for a runner."""
        u = _aligned(len(self.start))
        u[:] = self.start
        out = np.empty((self.roots, lanes if self.has_lanes else 1))
        d_u = u[self.native.gradient :][: self.inputs] if self.native else np.zeros(self.inputs)
        d_x = np.zeros((self.lane_inputs, lanes)) if self.differentiates_lanes else None
        return Memory(u, out, d_u, d_x)


class Memory(NamedTuple):
    """The arrays of a runner.

    Attributes:
        u: what is uniform; it begins with the inputs.
        out: a row for each output and guard.
        d_u, d_x: the gradient in the uniform inputs, and in those that have lanes.
    """

    u: Array
    out: Array
    d_u: Array
    d_x: Array | None


def _native_code(program: Program, request: Request) -> KernelCode | None:
    """The code for the kernel; None if there is no kernel, or it lacks an operation."""
    module = kernel()
    if module is None:
        return None
    try:
        return KernelCode(program.differentiate(request, with_lists=True), module)
    except NotImplementedError:
        return None


def _aligned(count: int) -> Array:
    """An array that begins with a line of the cache."""
    array = np.empty(count + PARTS)
    address = array.__array_interface__["data"][0] // array.itemsize
    return array[-address % PARTS :][:count]
