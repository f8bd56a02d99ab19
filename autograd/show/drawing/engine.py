"""The layout engine: a Graphviz `dot` that is found, run, and stopped if it takes too long.

It is given sizes and gives back places. No text of the graph goes through it, so no label
can break a layout, and every engine draws the same picture.
"""

from __future__ import annotations

import functools
import importlib.metadata
import json
import os
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

__all__ = ["HINT", "Layout", "LayoutError", "find", "lay_out", "run"]

VARIABLE = "AUTOGRAD_DOT"
HINT = "for a picture, install a layout engine: pip install 'scalar-autograd[viz]'"

Point = tuple[float, float]


class LayoutError(RuntimeError):
    """There is no layout engine, or it failed or took too long; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Layout:
    """Places in points (1/72 inch), from the upper left corner.

    Attributes:
        size: width and height of the whole.
        boxes: the centre of each box, by its id.
        edges: by id: the points of the Bézier curves, and the centre of the text.
        clusters: left, top, width and height, by the cluster's path.
    """

    size: Point
    boxes: dict[str, Point]
    edges: dict[str, tuple[list[Point], Point | None]]
    clusters: dict[str, tuple[float, float, float, float]]


def find(setting: str | None = None) -> str | None:
    """The engine's command, None if there is none.

    Looked for in this order: `setting`, the environment variable AUTOGRAD_DOT (each a path,
    or a name on PATH), the graphviz-pure package of this environment, `dot` on PATH.

    Raises:
        LayoutError: what is set is not a command.
    """
    for source, name in (("engine", setting), (VARIABLE, os.environ.get(VARIABLE))):
        if name:
            command = shutil.which(name)
            if command is None:
                raise LayoutError(f"{source} is {name!r}, which is not a command here")
            return command
    return _pure() or shutil.which("dot")


@functools.cache
def _pure() -> str | None:
    """The executable of the graphviz-pure package, which PATH may miss."""
    try:
        files = importlib.metadata.files("graphviz-pure") or []
    except importlib.metadata.PackageNotFoundError:
        return None
    commands = [str(file.locate()) for file in files if Path(file).stem == "graphviz-pure"]
    return next((found for found in map(shutil.which, commands) if found), None)


def run(source: str, form: str, setting: str | None, timeout: float) -> bytes:
    """What the engine makes of DOT source.

    Args:
        form: its output format, such as "png".
        setting: the command, found if None.
        timeout: in seconds.

    Raises:
        LayoutError: there is no engine, it failed or took longer.
    """
    command = find(setting)
    if command is None:
        raise LayoutError(f"there is no layout engine; {HINT}")
    name = Path(command).name
    try:
        done = subprocess.run(
            [command, f"-T{form}"], input=source.encode(), capture_output=True, timeout=timeout
        )
    except subprocess.TimeoutExpired:
        raise LayoutError(
            f"the layout took more than {timeout:g} s and was stopped; draw less "
            "(collapse='layer', a smaller max_nodes or depth), or give it a longer timeout"
        ) from None
    except OSError as error:
        raise LayoutError(f"{command} cannot be run: {error.strerror}") from error
    if done.returncode != 0 or not done.stdout:
        said = done.stderr.decode(errors="replace").strip()[:300] or "no output"
        raise LayoutError(f"{name} -T{form} failed with status {done.returncode}: {said}")
    return done.stdout


def lay_out(source: str, setting: str | None, timeout: float) -> Layout:
    """Places for DOT source whose nodes, edges and clusters have the attribute `id`.

    Raises:
        LayoutError: as `run`.
    """
    drawn = json.loads(run(source, "json0", setting, timeout))
    _, _, width, height = _numbers(drawn["bb"])
    objects: Sequence[dict[str, Any]] = drawn.get("objects", [])

    def points(text: str) -> list[Point]:
        pairs = [_numbers(pair) for pair in text.split()]
        return [(round(x, 2), round(height - y, 2)) for x, y in pairs]

    clusters = {}
    for item in objects:
        if "bb" in item and "id" in item:
            left, bottom, right, top = _numbers(item["bb"])
            clusters[item["id"]] = (left, height - top, right - left, top - bottom)
    edges = {}
    for edge in drawn.get("edges", []):
        if "pos" not in edge:  # with splines=false
            continue
        tip, _, curve = edge["pos"].removeprefix("e,").partition(" ")
        label = points(edge["lp"])[0] if "lp" in edge else None
        edges[edge["id"]] = (points(curve) + points(tip), label)
    return Layout(
        size=(width, height),
        boxes={item["id"]: points(item["pos"])[0] for item in objects if "pos" in item},
        edges=edges,
        clusters=clusters,
    )


def _numbers(text: str) -> list[float]:
    return [float(part) for part in text.split(",")]
