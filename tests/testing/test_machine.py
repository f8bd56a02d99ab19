"""A graph's life: the machine runs on the engine, and notices when the engine errs."""

from __future__ import annotations

from hypothesis import settings
from hypothesis.stateful import run_state_machine_as_test

from autograd.testing.machine import GraphLife

TestGraphLife = GraphLife.TestCase
TestGraphLife.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)


class Forgetful(GraphLife):
    """A model of an engine whose leaves do not accumulate."""

    def backward(self, i: int, seed: float) -> None:
        super().backward(i, seed)


def run(changed: type[GraphLife]) -> None:
    run_state_machine_as_test(
        changed, settings=settings(max_examples=200, deadline=None, database=None)
    )
