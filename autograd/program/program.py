"""A program: the instructions of one recorded path, run by the NumPy source that it shows."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING, Any

from autograd.program import arrays
from autograd.program.batch import LANES, Instructions
from autograd.program.gather import gather
from autograd.program.guards import in_order, with_margins
from autograd.program.kernels import kernel
from autograd.program.lower import PADDING, Lowered
from autograd.program.native import Native
from autograd.program.reroll import reroll
from autograd.program.rules import WIDE
from autograd.program.runs import Runs
from autograd.program.share import folds, reduce
from autograd.program.source import Functional, Source
from autograd.program.tangent import tangent
from autograd.program.tape import Tape, uncollected
from autograd.program.to_javascript import javascript

if TYPE_CHECKING:
    from autograd.program.paths import Path

__all__ = ["PASSES", "Program"]

np = arrays.np
Array = arrays.Array
PASSES = ("fold", "gather", "reroll", "simplify", "share")
WRITERS = {"numpy": Source, "jax": Functional}


class Program:
    """What a tape computes, and the functions that run it.

    Args:
        tape: as recorded.
        inputs, lane_inputs: how many inputs are uniform, and how many each lane has.
        answers: what each guard was answered when it was recorded.
        data: the uniform inputs that the re-roll takes for data.
        without: passes to leave out.
        direction: those of the inputs that get a tangent; as many inputs follow then.
        path: the way of a function that it goes.

    Attributes:
        counts: how many nodes there are after the passes.

    Raises:
        ValueError: no pass has that name.
        NotImplementedError: with a direction, an operation's rule is not generic.
    """

    @uncollected()
    def __init__(
        self,
        tape: Tape,
        inputs: int,
        lane_inputs: int,
        answers: Sequence[float] = (),
        data: Collection[int] = (),
        without: Collection[str] = (),
        direction: tuple[Collection[int], Collection[int]] | None = None,
        path: Path | None = None,
    ) -> None:
        unknown = set(without) - set(PASSES)
        if unknown:
            choices = f"choose of {[*PASSES]}"
            raise ValueError(f"compile: no pass is called {unknown.pop()!r}; {choices}")
        self.counts = {"recorded": len(tape)}
        if "atan2" in tape.ops:  # which sees the sign of a zero, and these may change it
            without = [*without, "gather", "simplify"]
        passes = [name for name in PASSES if name not in without]
        if "fold" in passes and folds(tape):
            tape = reduce(tape, ["fold"])
        if "gather" in passes:
            tape = gather(tape, in_order(tape))
        self.counts["gathered"] = len(tape)
        tape, answers = with_margins(tape, answers)
        if direction is not None:
            tape = tangent(tape, *direction, inputs, lane_inputs)
            inputs, lane_inputs = 2 * inputs, 2 * lane_inputs
        if "reroll" in passes:
            tape = reroll(tape, data)
        self.tape = reduce(tape, [name for name in passes if name != "fold"])
        self.counts["needed"] = len(self.tape)
        self.inputs, self.lane_inputs = inputs, lane_inputs
        self.path = path
        self.answers = np.array(answers, dtype=float).reshape(-1, 1)
        numbers = [x for op, x in zip(self.tape.ops, self.tape.values) if op == "const"]
        self._constants = np.array(numbers, dtype=float)
        self._sweeps: dict[Any, Runner] = {}
        self._instructions: Instructions | None = None
        self._for_kernel: Instructions | None = None

    @property
    def instructions(self) -> Instructions:
        """All that can be batched in instructions, as every target knows them."""
        if self._instructions is None:
            self._instructions = Instructions(self.tape, self.inputs, self.lane_inputs)
        return self._instructions

    @property
    def for_kernel(self) -> Instructions:
        """Those for the kernel, which knows single nodes too."""
        if self.lane_inputs or self.tape.lanes:
            return self.instructions
        if self._for_kernel is None:
            self._for_kernel = Instructions(self.tape, self.inputs, 0, ("sum", "dot"))
        return self._for_kernel

    # ------------------------------------------------------------------ running

    def sweep(self, wrt: Sequence[range] | None = None, lanes: Sequence[range] = ()) -> Runner:
        """What gives values, or the gradient in these rows of u and x; the others' is 0."""
        key = None if wrt is None else tuple(wrt), tuple(lanes)
        if key not in self._sweeps:
            rows = None if wrt is None else frozenset(chain(*wrt))
            self._sweeps[key] = Runner(self, rows, frozenset(chain(*lanes)))
        return self._sweeps[key]

    def __getstate__(self) -> dict[str, Any]:
        without: dict[str, Any] = {
            "_sweeps": {},
            "_instructions": None,
            "_for_kernel": None,
            "path": None,
        }
        return vars(self) | without

    # ------------------------------------------------------------------ looking at it

    def graph(self, **options: Any) -> Any:
        """The graph (`autograd.Graph`) that it was recorded from, with the numbers of then.

        Raises:
            RuntimeError: it comes from a pickle, which keeps what runs only.
        """
        if self.path is None:
            raise RuntimeError(
                "a program from a pickle has no graph; draw that of the function"
            )
        return self.path.graph(**options)

    def source(self, target: str = "numpy") -> str:
        """Its value and its gradient in all inputs as source.

        Args:
            target: "numpy"; "jax"; or "javascript", for one sample, each number by itself.

        Raises:
            ValueError: the target is none of these.
            NotImplementedError: an operation's rule is for floats only; NumPy takes these one
                by one, JAX does not.
            UntranslatableError: of JavaScript, an operation's rules cannot be translated.
            RuntimeError: of JavaScript, the program comes from a pickle.
        """
        if target == "javascript":
            if self.path is None:
                raise RuntimeError("a program from a pickle has no JavaScript; compile anew")
            return javascript(self.path.tape)
        if target not in WRITERS:
            raise ValueError(
                f'source: target must be "numpy", "jax" or "javascript", got {target!r:.80}'
            )
        it = self.instructions
        both = [Lowered(it), Lowered(it, range(it.inputs), range(it.blocks[1].size))]
        head = "import jax.numpy as np\n\n\n" if target == "jax" else ""
        each = ["\n".join(WRITERS[target](lowered).lines()) for lowered in both]
        return head + "\n\n\n".join(each) + "\n"

    def jax(self) -> Callable[..., Any]:
        """It as a pure function for JAX's `jit`, `vmap`, `grad` and sharding.

        It takes what the compiled function takes (arrays, or what holds them; samples are rows)
        and gives the same, with `reduce`. Values from outside are constants, as they are now.
        Its derivatives, forward and reverse, are those of the other targets. Where the function
        would go another way than it was recorded, or eager would raise, the results are NaN.

        Raises:
            ImportError: JAX is missing.
            RuntimeError: JAX is set to 32 bits; or the program comes from a pickle.
            NotImplementedError: an operation's rule is for floats only.
        """
        from autograd.program.to_jax import function

        return function(self)

    def onnx(self, path: str | os.PathLike[str]) -> None:
        """Write what it computes as an ONNX model in 64 bits.

        The inputs have the names of the function's arguments: all numbers of an argument in a
        row, or with samples a row for each. The output is "value". Other things are as for
        `jax`.

        Raises:
            ImportError: ONNX is missing.
            RuntimeError: the program comes from a pickle.
            NotImplementedError: an operation's rule is for floats only.
            OSError: the file cannot be written.
        """
        from autograd.program.to_onnx import write

        write(self, path)

    def stats(self) -> dict[str, int]:
        """How large it is.

        The nodes recorded, gathered and needed; instructions; and for a value (of one sample,
        where their number is open) the operations on floats and the bytes of all blocks.
        """
        it = self.instructions
        lanes = [it.lanes or 1 if block.varies else 1 for block in it.blocks]
        flops = 0
        for op in it.code:
            each = (
                2 * op.width if op.op in ("matmul", "dot") else op.width if op.op in WIDE else 1
            )
            flops += each * it.blocks[op.out].size * lanes[op.out] * (op.op != "gather")
        size = 8 * sum([block.size * n for block, n in zip(it.blocks, lanes)])
        return {**self.counts, "instructions": len(it.code), "flops": flops, "bytes": size}

    def __repr__(self) -> str:
        it = self.instructions
        each = f" × {it.lanes} lanes" if it.lanes else ", lanes" if it.blocks[1].size else ""
        n = len(it.code)
        made = f"{n} instruction{'s' * (n != 1)}{each}"
        return f"<program: {self.counts['recorded']} nodes → {made}>"


class Runner:
    """Statements and what runs them.

    Attributes:
        native: the sweep in the kernel, if there is one and it knows all operations.
        runs: makes runs with the same arrays, of the kernel or of NumPy.
    """

    native: Native | None = None
    runs: Callable[..., Any]

    @uncollected()
    def __init__(
        self, program: Program, wrt: Collection[int] | None, lanes: Collection[int]
    ) -> None:
        module, self.answers = kernel(), program.answers
        if module is not None:
            with suppress(NotImplementedError):
                self.lowered = Lowered(program.for_kernel, wrt, lanes, fuses=True)
                self.native = Native(self.lowered, module)
                self.runs = self.native.program.runs
                self.start = np.array(self.native.start)
                return
        self.lowered = it = Lowered(program.instructions, wrt, lanes)
        self.start = np.array([0.0] * it.it.inputs + it.it.constants + [0.0] * PADDING)
        source = Source(self.lowered)
        lines = source.lines()
        indices = list(map(np.array, source.indices))
        space: dict[str, Any] = {**arrays.namespace(), "indices": indices}
        exec(compile("\n".join(lines), "<program>", "exec"), space)
        function = space["gradient" if self.lowered.adjoints else "value"]
        self.runs = partial(Runs, function, self.lowered)

    def run(
        self, u: Array, x: Array, seed: Array | None = None, threads: int = 1
    ) -> tuple[Array, Array, Any, Any]:
        """The outputs, a row each; which lanes go this way; the gradient in u and x, or None.

        Args:
            u, x: the inputs; those of the lanes have a row each.
            seed: the adjoint of each output, in each lane; None for values alone.
            threads: how many share the lanes.
        """
        lowered, it = self.lowered, self.lowered.it
        lanes = it.lanes or x.shape[1]
        memory, d_u = self.memory()
        memory[: it.inputs] = u
        out = np.empty((lowered.roots, lanes if lowered.columns else 1))
        d_x = np.empty((len(x), lanes)) if LANES in lowered.adjoints else None
        if seed is None:
            d_u = None
        else:
            seed = np.ascontiguousarray(self.spread(seed))
        parts = (x,) if it.blocks[LANES].size else ()
        runs = self.runs(lanes, memory, parts, seed, out, d_u, d_x, threads)
        if self.native is None:
            runs.compute()
        elif runs.run(parts) is None and np.geterr()["invalid"] == "raise":
            raise FloatingPointError("something is not finite")
        checks = self.picked(out[lowered.outputs :], lowered.places[it.outputs :])
        out = self.picked(out[: lowered.outputs], lowered.places[: it.outputs])
        return out, (checks == self.answers).all(0), d_u, d_x

    def picked(self, rows: Array, places: Sequence[tuple[int, int | None]]) -> Array:
        """The roots at these places, out of rows that hold several in their lanes."""
        if not self.lowered.it.lanes:
            return rows
        return rows[[row for row, _ in places], [lane or 0 for _, lane in places]][:, None]

    def memory(self) -> tuple[Array, Array]:
        """For `runs`: what is uniform, beginning with the inputs, and their gradient."""
        u, inputs = self.start.copy(), self.lowered.it.inputs
        if self.native is None:
            return u, np.empty(inputs)
        return u, u[self.native.slopes :][:inputs]

    def spread(self, seed: Array) -> Array:
        """The seed of each output as one of the rows that hold them."""
        places = self.lowered.places[: self.lowered.it.outputs]
        block = self.lowered.blocks[self.lowered.seed]
        if not block.varies:
            return seed.sum(1, keepdims=True)
        if all(lane is None for _, lane in places):
            return seed
        spread = np.zeros((block.size, self.lowered.it.lanes or 1))
        np.add.at(spread, tuple(zip(*[(row, lane or 0) for row, lane in places])), seed[:, 0])
        return spread
