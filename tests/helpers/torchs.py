"""A module and its inputs beside PyTorch's, where that is installed."""

import importlib.util
import inspect
import math
from collections.abc import Iterator
from typing import Any

import pytest

from autograd import Value, dot

FOUND = importlib.util.find_spec("torch") is not None


def numbers(x: Any) -> Any:
    """Floats in the place of Values, in nested lists."""
    if isinstance(x, (list, tuple)):
        return [numbers(part) for part in x]
    return x.data if isinstance(x, Value) else float(x)


def flat(x: Any) -> Iterator[Any]:
    if isinstance(x, (list, tuple)):
        for part in x:
            yield from flat(part)
    else:
        yield x


def leaves(x: Any) -> Any:
    return [leaves(part) for part in x] if isinstance(x, list) else Value(x)


def against_torch(module: Any, name: str, *inputs: Any) -> None:
    """Outputs and gradients of a module are within 1e-12 of those of torch.nn's of this name.

    The module gets as many of the inputs as its PyTorch namesake takes.
    """
    if not FOUND:
        return
    import torch

    kind = getattr(torch.nn, name)
    asked = inspect.signature(kind).parameters
    given = {key: getattr(module, key) for key in asked if hasattr(module, key)}
    if "bias" in given:
        given["bias"] = module.bias is not None
    if name == "LayerNorm":
        given["elementwise_affine"] = module.weight is not None
    if hasattr(module, "bias_ih"):
        given["bias"] = module.bias_ih is not None
    theirs = kind(**given).double()
    for key, tensor in theirs.named_parameters():
        own = [p.data for p in flat(getattr(module, key))]
        tensor.data = torch.tensor(own, dtype=torch.float64).reshape(tensor.shape)
    inputs = inputs[: 2 if name in ("RNNCell", "GRUCell") else None]
    ours = [leaves(x) for x in inputs]
    tensors = [torch.tensor(x, dtype=torch.float64, requires_grad=True) for x in inputs]
    pair = name == "LSTMCell"
    found = [*flat(module(ours[0], ours[1:]) if pair else module(*ours))]
    outs: Any = theirs(tensors[0], tuple(tensors[1:])) if pair else theirs(*tensors)
    out = torch.cat([part.flatten() for part in (outs if pair else [outs])])
    weights = [math.sin(k) for k in range(len(found))]
    dot(found, weights).backward()
    torch.autograd.backward(out, torch.tensor(weights, dtype=torch.float64))
    assert [y.data for y in found] == pytest.approx(out.tolist(), rel=1e-12, abs=1e-14)
    named = [(getattr(module, key), tensor) for key, tensor in theirs.named_parameters()]
    for values, tensor in [*named, *zip(ours, tensors)]:
        expected = tensor.grad.flatten().tolist()
        assert [p.grad for p in flat(values)] == pytest.approx(expected, rel=1e-12, abs=1e-13)
