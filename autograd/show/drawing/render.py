"""PNG and PDF, made from the SVG by vl-convert, which brings its own fonts."""

from __future__ import annotations

__all__ = ["render"]

SCALE = 2.0  # pixels of a PNG, for one of the SVG
MOST = 40e6  # pixels of a PNG; a larger picture is drawn smaller


def render(svg: str, kind: str, size: tuple[float, float]) -> bytes:
    """A static picture of this size, as `svg` gives it, as a ".png" or ".pdf".

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
    return vl_convert.svg_to_png(svg, scale=min(SCALE, (MOST / (size[0] * size[1])) ** 0.5))
