"""Gradient clipping, with PyTorch's names and results."""

from __future__ import annotations

import math
from collections.abc import Iterable

from autograd import Value
from nn.checks import not_negative, parameter_list, to_float

__all__ = ["clip_grad_norm_", "clip_grad_value_"]


def clip_grad_norm_(params: Iterable[Value], max_norm: float, norm_type: float = 2.0) -> float:
    """Scale the gradients down so that their norm is at most max_norm (Pascanu et al. 2013).

    Args:
        norm_type: p of the p-norm; `math.inf` for the largest absolute value.

    Returns:
        The norm before scaling.

    Raises:
        FloatingPointError: a gradient, or the norm, is infinite or NaN; no gradient was
            changed.
        ValueError: max_norm is negative, norm_type not positive.

    >>> p, q = Value(0.0), Value(0.0)
    >>> p.grad, q.grad = 3.0, 4.0
    >>> clip_grad_norm_([p, q], max_norm=1.0)
    5.0
    >>> round(p.grad, 6), round(q.grad, 6)
    (0.6, 0.8)
    """
    params = parameter_list(params, "clip_grad_norm_")
    max_norm = not_negative(max_norm, "clip_grad_norm_: max_norm")
    norm_type = to_float(norm_type, "clip_grad_norm_: norm_type")
    if not norm_type > 0.0:
        raise ValueError(f"clip_grad_norm_: norm_type must be positive, got {norm_type!r}")
    check_finite_gradients(params, "clip_grad_norm_")
    norm = _norm([abs(parameter.grad) for parameter in params], norm_type)
    scale = max_norm / (norm + 1e-6)
    if scale < 1.0:
        for parameter in params:
            parameter.grad *= scale
    return norm


def clip_grad_value_(params: Iterable[Value], clip_value: float) -> None:
    """Move every gradient into [-clip_value, clip_value].

    Raises:
        ValueError: clip_value is negative.

    >>> p = Value(0.0)
    >>> p.grad = -3.0
    >>> clip_grad_value_([p], 1.0)
    >>> p.grad
    -1.0
    """
    clip_value = not_negative(clip_value, "clip_grad_value_: clip_value")
    for parameter in parameter_list(params, "clip_grad_value_"):
        parameter.grad = min(max(parameter.grad, -clip_value), clip_value)


def _norm(sizes: list[float], norm_type: float) -> float:
    try:
        if norm_type == 2.0:
            norm = math.hypot(*sizes)
        elif math.isinf(norm_type):
            norm = max(sizes, default=0.0)
        else:
            norm = math.fsum([size**norm_type for size in sizes]) ** (1.0 / norm_type)
    except OverflowError:
        norm = math.inf
    if math.isinf(norm):
        raise FloatingPointError(
            f"clip_grad_norm_: the norm of order {norm_type:g} is too large for a float; no "
            "gradient was changed: lower the learning rate, or scale the inputs"
        )
    return norm


def check_finite_gradients(params: list[Value], what: str) -> None:
    """FloatingPointError, naming `what` and the parameter, if a gradient is not finite."""
    for parameter in params:
        if not math.isfinite(parameter.grad):
            raise FloatingPointError(
                f"{what}: the gradient of {parameter!r} is not finite; no parameter was "
                "changed: lower the learning rate, or scale the inputs"
            )
