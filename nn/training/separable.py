"""Whether the loss of a batch is the mean or the sum of its samples' losses.

A program computes the loss of one sample. So the loss of three is recorded with their outputs
as leaves, and taken apart into terms: what is added up, times its factor. Each term must be
of a single sample, and the same as in that sample's own loss.
"""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from autograd.program.ir.tape import Tape
from autograd.program.trace.record import record
from autograd.trees import flatten
from nn.training.eager_step import Loss

__all__ = ["COUNT", "is_mean"]

MIXED = -2  # of several samples
UNIFORM = -1  # of none
COUNT = 3


def is_mean(loss: Loss, output: Any, target: Any) -> bool:
    """Whether the loss of a batch is the mean of the losses of its samples, not their sum.

    Args:
        loss: a function of outputs and targets.
        output, target: of a sample, as plain numbers.

    Raises:
        TypeError: the loss is no single number.
        ValueError: it is neither mean nor sum, or can't be recorded.

    >>> import nn
    >>> is_mean(nn.mse_loss, 0.0, 1.0)
    True
    """
    kinds: dict[Any, int] = {}
    each = _loss_terms(loss, output, target, 1, kinds)
    batch = _loss_terms(loss, output, target, COUNT, kinds)
    expected: dict[Any, float] = defaultdict(float)
    for (owner, kind), factor in each.items():
        for sample in range(COUNT):
            expected[sample if owner == 0 else owner, kind] += factor
    for mean in (True, False):
        weight = 1.0 / COUNT if mean else 1.0
        if expected.keys() == batch.keys() and all(
            abs(batch[term] - weight * factor) <= 1e-12 * abs(factor)
            for term, factor in expected.items()
        ):
            return mean
    raise ValueError(
        "the loss couples samples: it is neither the mean nor the sum of their losses"
    )


def _loss_terms(
    loss: Loss, output: Any, target: Any, samples: int, kinds: dict[Any, int]
) -> dict[tuple[int, Any], float]:
    """By its sample and kind the factor of each term of the loss of equal samples."""
    numbers, rebuild = flatten(([output] * samples, [target] * samples), "the outputs")
    recording = record(loss, numbers, rebuild, [False] * len(numbers))
    if not recording.single:
        raise TypeError("the loss must be a single number; use one reduction")
    if not recording.sure:
        raise ValueError("the loss can't be recorded at numbers a little apart")
    tape = recording.tape
    inputs = [len(flatten(part, "")[0]) for part in (output, target)]
    owners, found = _owners(tape, samples, inputs, kinds)
    for node, _ in tape.roots[tape.outputs :]:
        if owners[node] == MIXED:
            raise ValueError("the loss couples samples: it compares numbers of several")
    terms: dict[tuple[int, Any], float] = defaultdict(float)
    factors = [0.0] * len(tape)
    factors[tape.roots[0][0]] = 1.0
    for i in range(len(tape) - 1, -1, -1):
        for part, factor in _linear(tape, i) if factors[i] else ():
            if type(part) is int:
                factors[part] += factors[i] * factor
            else:
                owner = _common({owners[k] for k in part})
                if owner == MIXED:
                    raise ValueError(
                        "the loss couples samples: it is no sum over them; of a mean that is "
                        'weighted by class, reduction="sum" is one'
                    )
                terms[owner, tuple([found[k] for k in part])] += factors[i] * factor
    return terms


def _owners(
    tape: Tape, samples: int, inputs: list[int], kinds: dict[Any, int]
) -> tuple[list[int], list[int]]:
    """For each node the sample that it is of, and its kind: a number, equal for those that are
    written alike."""
    owners: list[int] = []
    found: list[int] = []
    for op, args, value in zip(tape.ops, tape.args, tape.values):
        key: Any = (op, value, *[found[a] for a in args])
        owner = _common({owners[a] for a in args})
        if op == "input" and value < samples * sum(inputs):
            part = value >= samples * inputs[0]
            sample, place = divmod(int(value) - part * samples * inputs[0], inputs[part])
            owner, key = sample, ("input", part, place)
        elif op == "input":
            key = ("closed", value - samples * sum(inputs))
        owners.append(owner)
        found.append(kinds.setdefault(key, len(kinds)))
    return owners, found


def _common(owners: set[int]) -> int:
    owners = owners - {UNIFORM}
    return MIXED if len(owners) > 1 else owners.pop() if owners else UNIFORM


def _linear(tape: Tape, i: int) -> list[tuple[Any, float]]:
    """What a node adds up: nodes with their factors, or tuples of nodes that are a term."""
    op, args = tape.ops[i], tape.args[i]
    if op in ("add", "sum"):
        return [(a, 1.0) for a in args]
    if op in ("sub", "neg"):
        signs = (1.0, -1.0) if op == "sub" else (-1.0,)
        return list(zip(args, signs))
    if op == "dot":
        half = len(args) // 2
        pairs = zip(args[1 : 1 + half], args[1 + half :])
        return [(args[0], 1.0), *[part for w, x in pairs for part in _scaled_term(tape, w, x)]]
    if op == "mul":
        return _scaled_term(tape, *args)
    if op == "div" and tape.ops[args[1]] == "const":
        return [(args[0], 1.0 / tape.values[args[1]])]
    if op == "const":
        return [((), tape.values[i])] if tape.values[i] else []
    return [((i,), 1.0)]


def _scaled_term(tape: Tape, a: int, b: int) -> list[tuple[Any, float]]:
    for x, y in ((a, b), (b, a)):
        if tape.ops[x] == "const":
            return [(y, tape.values[x])]
    return [((a, b), 1.0)]
