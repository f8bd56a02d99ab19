"""Updates: an optimizer's step as a program, with a lane for each parameter."""

from __future__ import annotations

from operator import attrgetter
from typing import Any

from autograd.core import floats
from autograd.program.arrays import Array, np
from autograd.program.program import Program
from autograd.program.record import record
from autograd.trees import flatten
from nn.optim import Optimizer

__all__ = ["Update"]

VARYING = {"params", "_lr", "steps", "buffers"}  # what changes from step to step


class Update:
    """An optimizer's update as a program, recorded anew when its settings change."""

    def __init__(self, optimizer: Optimizer) -> None:
        self.optimizer = optimizer
        self._setting = attrgetter("__class__", *sorted(vars(optimizer).keys() - VARYING))
        self._settings: Any = None

    def program(self) -> Program | None:
        """That of the optimizer's settings; None if its `step` can't be recorded."""
        optimizer = self.optimizer
        if self._settings != self._setting(optimizer):
            self._settings, self._program = self._setting(optimizer), self._recorded()
            self._sweep: Any = self._program and self._program.sweep()
            self._out = np.empty((1 + len(optimizer.buffers), len(optimizer.params)))
            self._rows = [*self._out]
            self._runs: Any = None
        return self._program

    def numbers(self) -> list[float]:
        """Those of the next step, the same for all parameters."""
        self.optimizer.steps += 1
        try:
            return self.optimizer._all_numbers()
        finally:
            self.optimizer.steps -= 1

    def step(self, data: Array, gradient: Array) -> None:
        """What `optimizer.step` does with this gradient, if the parameters' data is this.

        It is left to do it where a program can't, or something is not finite.
        """
        optimizer = self.optimizer
        runs, x, numbers = self.at_once(data, gradient)
        done = bool(runs) and runs.run(x, numbers) is not None and np.isfinite(self._out).all()
        after = self._rows[0] if done else data
        floats.exchange(optimizer.params, data, after, gradient)
        if not done:
            optimizer.step()
            return
        optimizer.steps += 1
        for buffer, row in zip(optimizer.buffers.values(), self._rows[1:]):
            np.frombuffer(buffer)[:] = row

    def at_once(self, data: Array, gradient: Array) -> tuple[Any, ...]:
        """How the step is made from these arrays: runs of its program, their x and u.

        Without runs, the optimizer has to make it.
        """
        if self.program() is None or self._sweep.runs is None:
            return None, None, None
        numbers = self.numbers()
        x = data, gradient, *self.optimizer.buffers.values()
        if self._runs is None:
            u = self._sweep.memory()[0]
            self._runs = self._sweep.runs(len(data), u, x, None, self._out, None, None, 1)
        return self._runs, x, numbers

    def _recorded(self) -> Program | None:
        optimizer = self.optimizer
        sizes = {len(optimizer.params), *map(len, optimizer.buffers.values())}
        if type(optimizer).step is not Optimizer.step or len(sizes) > 1:
            return None
        uniform = self.numbers()
        state = [0.5 + i / 8.0 for i in range(2 + len(optimizer.buffers))]
        varying = [False] * len(uniform) + [True] * len(state)
        numbers, rebuild = flatten((uniform, *state), "the numbers of an update")
        try:
            recording = record(optimizer._next, numbers, rebuild, varying)
        except (TypeError, ValueError):
            return None
        if recording.guards or recording.closed or not recording.sure:
            return None
        return Program(recording.tape, len(uniform), len(state))
