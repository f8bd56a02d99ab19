"""PNG and PDF, made from the SVG by vl-convert, which brings its own fonts."""

from __future__ import annotations

import math
import re

__all__ = ["render"]

SCALE = 2.0  # pixels of a PNG, for one of the SVG
MOST_PIXELS = 5e7  # a larger PNG is scaled down: it would need gigabytes
SIZE = re.compile(r'width="(\d+)" height="(\d+)"')


def render(svg: str, kind: str) -> bytes:
    """A static picture, as `svg.draw` gives it, as a ".png" or ".pdf".

    Raises:
        ImportError: the package `vl-convert-python` is missing.
    """
    try:
        import vl_convert
    except ImportError as error:
        raise ImportError(
            f"a picture as {kind} needs the `viz` extra: pip install 'scalar-autograd[viz]'; "
            "an .svg does not need this part of it"
        ) from error
    if kind == ".pdf":
        return vl_convert.svg_to_pdf(svg)
    (size,) = SIZE.findall(svg)[:1]
    pixels = math.prod(map(int, size))
    return vl_convert.svg_to_png(svg, scale=min(SCALE, math.sqrt(MOST_PIXELS / pixels)))
