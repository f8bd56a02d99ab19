"""Updates: an optimizer's step as a program, with a lane for each parameter."""

from __future__ import annotations

from array import array
from operator import attrgetter
from typing import Any

from autograd.core import float_sweeps
from autograd.program.ir.arrays import Array, np
from autograd.program.plan import MAX_ARRAYS, Workspace
from autograd.program.program import Program
from autograd.program.trace.captured import Captured
from autograd.program.trace.record import record
from autograd.trees import flatten
from nn.optim import Optimizer
from nn.training.state import Copy, preserved_random

__all__ = ["Update"]

STEP = Optimizer.step  # another one may be put in its place
VARYING = {"lr", "param_groups", *Optimizer.__annotations__}


class Update:
    """An optimizer's update as a program, recorded anew when its settings change."""

    def __init__(self, optimizer: Optimizer) -> None:
        self.optimizer = optimizer
        own = sorted(vars(optimizer).keys() - VARYING)
        self._setting = attrgetter("__class__", "step", "_update", "_alike", *own)
        self._settings: Any = None
        self._guard: Captured | None = None  # of an update that isn't the library's

    def program(self) -> Program | None:
        """Return the program for the present settings; None if `step` can't be recorded."""
        optimizer = self.optimizer
        settings = self._setting(optimizer)
        if self._settings != settings or not (self._guard is None or self._guard.same()):
            rules = optimizer._update, optimizer._numbers
            library = all(getattr(rule, "__module__", "") == "nn.optim" for rule in rules)
            self._guard = None if library else Captured(optimizer._update)
            self._settings = None
            self._program = self._recorded()
            self._space: Any = self._program and Workspace(self._program)
            rows = 1 + len(optimizer.buffers) + (not optimizer._alike)
            self._fits = self._program is not None and 1 + rows <= MAX_ARRAYS
            self._settings = settings
        return self._program

    def step(self, data: Array, gradient: Array) -> bool:
        """Do what `optimizer.step` does with this gradient, if the parameters' data is this.

        False, with nothing done, if something is not finite.
        """
        optimizer = self.optimizer
        runner, x, numbers, _, steps = self.arguments(data, gradient)
        if runner is None:
            float_sweeps.exchange(optimizer.params, data, data, gradient)
            optimizer.step()
            return True
        if runner.run(x, numbers):
            return False
        after, *rows = self._space.numbers.out
        buffers = {name: array("d", row) for name, row in zip(optimizer.buffers, rows)}
        others = [(optimizer, "buffers", buffers), (optimizer, "steps", steps)]
        float_sweeps.exchange(optimizer.params, data, after, gradient, others)
        return True

    def arguments(self, data: Array, gradient: Array) -> tuple[Any, ...]:
        """How the step is made from these arrays, as the kernel's `train` takes it.

        The runner of its program, its x and u, and what becomes of which optimizer's `steps`.
        Without a runner, which takes so many arrays at most, the optimizer has to make it.
        """
        optimizer = self.optimizer
        self.program()
        if not self._fits:
            return None, None, None, None, None
        numbers, own = self.numbers()
        x = data, gradient, *optimizer.buffers.values(), *own
        if not self._space.lanes:
            self._space.run(numbers, np.concatenate([np.atleast_2d(each) for each in x]))
        return self._space.runner, x, numbers, optimizer, optimizer.steps + 1

    def numbers(self, optimizer: Optimizer | None = None) -> tuple[list[float], list[Array]]:
        """The numbers of a step: those of all parameters, or an array with each one's own."""
        optimizer = optimizer or self.optimizer
        if optimizer._alike:
            return optimizer._next_numbers(), []
        return [], [np.array(optimizer._class_numbers()).T[:, optimizer._class_of].copy()]

    def _recorded(self) -> Program | None:
        optimizer = self.optimizer
        sizes = {len(optimizer.params), *map(len, optimizer.buffers.values())}
        step = vars(optimizer).get("step", type(optimizer).step)
        if step is not STEP or len(sizes) > 1:
            return None
        state = None if self._guard is None else Copy(optimizer._update, optimizer=optimizer)
        try:
            if state is None:
                return self._record(optimizer)
            with preserved_random():
                return state.unchanged(self._record, state.copies["optimizer"])
        except (TypeError, ValueError):
            changed = state and state.difference()
            if changed:
                raise ValueError(
                    f"the update changes {changed} when it runs: keep that in the optimizer"
                ) from None
            return None

    def _record(self, optimizer: Optimizer) -> Program | None:
        uniform, own = self.numbers(optimizer)
        size = 2 + len(optimizer.buffers)
        state = [0.5 + i / 8.0 for i in range(size + sum(map(len, own)))]
        varying = [False] * len(uniform) + [True] * len(state)
        numbers, rebuild = flatten((uniform, *state), "the numbers of an update")

        def following(uniform: list[Any], *state: Any) -> tuple[Any, ...]:
            if not own:
                return optimizer._next(uniform, *state)
            return *optimizer._next(state[size:], *state[:size]), state[size]

        recording = record(following, numbers, rebuild, varying, (), Captured(following), False)
        if recording.guards or recording.closed:
            return None
        inputs = [("numbers", len(uniform), False), ("state", len(state), True)]
        return Program(recording.tape, [each for each in inputs if each[1]])
