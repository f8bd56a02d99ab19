"""A program: the instructions of one recorded path, run by the NumPy source that it shows."""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Sequence
from itertools import chain
from typing import Any

from autograd.program import arrays
from autograd.program.batch import Instructions, batch
from autograd.program.emit import PADDING, Emitter
from autograd.program.gather import gather
from autograd.program.reroll import reroll
from autograd.program.share import drop, fold, share, simplify
from autograd.program.tangent import tangent
from autograd.program.tape import Tape

__all__ = ["PASSES", "Program", "prepare"]

np = arrays.np
Array = Any
PASSES: dict[str, Callable[..., Tape]] = {
    "fold": fold,
    "gather": gather,
    "reroll": reroll,
    "simplify": simplify,
    "share": share,
}


def prepare(
    tape: Tape,
    inputs: int,
    lane_inputs: int,
    data: Collection[int] = (),
    without: Collection[str] = (),
    direction: tuple[Collection[int], Collection[int]] | None = None,
) -> tuple[Instructions, dict[str, int]]:
    """The instructions of a tape, and how many nodes there were after each pass.

    Args:
        tape: as recorded.
        inputs, lane_inputs: how many inputs are uniform, and how many each lane has.
        data: the uniform inputs that the re-roll takes for data.
        without: passes to leave out.
        direction: those of the inputs that get a tangent; as many inputs follow then.

    Raises:
        ValueError: no pass has that name.
        NotImplementedError: with a direction, an operation's rule is not generic.
    """
    unknown = set(without) - set(PASSES)
    if unknown:
        raise ValueError(f"compile: no pass is called {unknown.pop()!r}; choose of {[*PASSES]}")
    counts = {"recorded": len(tape)}
    for name, function in PASSES.items():
        if name == "reroll" and direction is not None:
            tape = tangent(tape, *direction, inputs, lane_inputs)
            inputs, lane_inputs = 2 * inputs, 2 * lane_inputs
        if name not in without:
            tape = drop(reroll(tape, data)) if name == "reroll" else function(tape)
        counts[name] = len(tape)
    tape = drop(tape)
    counts["needed"] = len(tape)
    return batch(tape, inputs, lane_inputs), counts


class Program:
    """Instructions and the functions that run them.

    Args:
        instructions: what it does.
        answers: what each guard was answered when it was recorded.
        counts: the nodes after each pass.
    """

    def __init__(
        self, instructions: Instructions, answers: Sequence[float], counts: dict[str, int]
    ) -> None:
        self.instructions, self.counts = instructions, dict(counts)
        self.answers = np.array(answers, dtype=float).reshape(-1, 1)
        self._constants = np.array(instructions.constants, dtype=float)
        self._emitter = Emitter(instructions, arrays.NAMES)
        self._functions: dict[Any, Callable[..., Any]] = {}

    # ------------------------------------------------------------------ running

    def uniform(self, inputs: Array) -> Array:
        """The column of uniform inputs, constants and padding that the functions take."""
        constants = self.instructions.constants
        u = np.zeros((len(inputs) + len(constants) + PADDING, 1))
        u[: len(inputs), 0] = inputs
        u[len(inputs) : len(inputs) + len(constants), 0] = self._constants
        return u

    def value(self, u: Array, x: Array) -> tuple[Array, Array]:
        """The outputs, a row each, and for each lane whether it goes this way."""
        run = self._function("value", self._emitter.value)
        out, checks = run(u, x)
        return out, self.follows(checks)

    def gradient(
        self, key: Hashable, wrt: Sequence[range], lanes: Sequence[range]
    ) -> Callable[[Array, Array, Array], tuple[Array, Array, Array, Array | None]]:
        """The function of u, x and a seed that gives also the adjoints of u and x.

        It returns outputs, checks (see `follows`) and the adjoints; that of x is None if none
        of it is wanted. The seed is the adjoint of each output, in each lane.

        Args:
            key: finds the function again.
            wrt, lanes: the rows of u and x whose adjoints are wanted; the others' are 0.
        """
        return self._function(
            ("gradient", key),
            lambda: self._emitter.gradient(frozenset(chain(*wrt)), frozenset(chain(*lanes))),
        )

    def follows(self, checks: Array) -> Array:
        """For each lane (one, if they do not differ), whether the guards hold."""
        return np.ones(1, bool) if checks is None else (checks == self.answers).all(0)

    def _function(self, key: Any, write: Callable[[], list[str]]) -> Callable[..., Any]:
        found = self._functions.get(key)
        if found is None:
            lines = write()
            space = {**arrays.namespace(), "indices": self._indices()}
            exec(compile("\n".join(lines), "<program>", "exec"), space)
            name = key if isinstance(key, str) else key[0]
            found = self._functions[key] = space[name]
        return found

    def _indices(self) -> list[Array]:
        return [np.array(rows) for rows in self._emitter.indices]

    # ------------------------------------------------------------------ looking at it

    def source(self, wrt: Collection[int] | None = None) -> str:
        """Its value and its gradient in all inputs (or some) as NumPy source."""
        lanes = range(self.instructions.blocks[1].size)
        wrt = range(self.instructions.inputs) if wrt is None else wrt
        parts = [self._emitter.value(), self._emitter.gradient(wrt, lanes)]
        return "\n\n\n".join(["\n".join(lines) for lines in parts]) + "\n"

    def stats(self) -> dict[str, int]:
        """How many nodes each pass left, and how many instructions there are."""
        return {**self.counts, "instructions": len(self.instructions.code)}

    def __repr__(self) -> str:
        it = self.instructions
        each = f" × {it.lanes} lanes" if it.lanes else ", lanes" if it.blocks[1].size else ""
        return f"<program: {self.counts['recorded']} nodes → {len(it.code)} instructions{each}>"
