"""How numbers are written in every picture, table and page."""

from __future__ import annotations

import math

__all__ = ["DEFAULT", "check", "show"]

DEFAULT = ".4g"


def show(x: float, spec: str = DEFAULT) -> str:
    """x as pictures write it: short, and always to be told from an integer.

    Args:
        spec: a format specification, as `format` takes it; NaN and infinity are always
            written `nan`, `inf` and `-inf`.

    >>> [show(x) for x in (2.0, -0.0, 1 / 3, 123456.0, 1e-7, math.inf)]
    ['2.0', '-0.0', '0.3333', '1.235e+05', '1e-07', 'inf']
    """
    if not math.isfinite(x):
        return str(x)
    text = format(x, spec)
    return f"{text}.0" if spec == DEFAULT and text.lstrip("-").isdigit() else text


def check(spec: str) -> str:
    """The specification itself, if floats can be written by it.

    Raises:
        TypeError: not a string.
        ValueError: `format` does not take it.
    """
    if not isinstance(spec, str):
        raise TypeError(f"a number format is a string such as '.4g', got {spec!r}")
    try:
        format(1.5, spec)
    except ValueError:
        raise ValueError(f"{spec!r} does not format a float; try '.4g' or '.3f'") from None
    return spec
