"""Graphviz's `dot`, for `layout="dot"`: found, run, and stopped if it takes too long."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

__all__ = ["HINT", "LayoutError", "find", "graphviz", "run_dot"]

VARIABLE = "AUTOGRAD_DOT"
HINT = "install Graphviz (graphviz.org), or draw without layout='dot'"


class LayoutError(RuntimeError):
    """There is no `dot`, or it failed or took too long; the message says what to do."""


def graphviz() -> Any:
    """The package `graphviz`, which builds DOT and runs the engine.

    Raises:
        LayoutError: it is not installed.
    """
    try:
        import graphviz
    except ImportError as error:
        raise LayoutError(
            "the package graphviz is missing; pip install 'scalar-autograd[viz]'"
        ) from error
    return graphviz


def find(setting: str | None = None) -> str | None:
    """The engine's command, None if there is none.

    Looked for in this order: `setting`, the environment variable AUTOGRAD_DOT (each a path,
    or a name on PATH), `dot` on PATH.

    Raises:
        LayoutError: what is set is not a command.
    """
    for source, name in (("engine", setting), (VARIABLE, os.environ.get(VARIABLE))):
        if name:
            command = shutil.which(name)
            if command is None:
                raise LayoutError(f"{source} is {name!r}, which is not a command here")
            return command
    return shutil.which("dot")


def run_dot(source: str, form: str, setting: str | None, timeout: float) -> str:
    """What the engine makes of DOT source.

    Args:
        form: its output format, such as "json0".
        setting: the command, found if None.
        timeout: in seconds.

    Raises:
        LayoutError: there is no `dot`, it failed or took longer.
    """
    execute = graphviz().backend.execute
    command = find(setting)
    if command is None:
        raise LayoutError(f"there is no `dot`; {HINT}")
    name = Path(command).name
    try:
        done = execute.run_check(
            [command, "-Kdot", f"-T{form}"],
            input=source,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            quiet=True,
            timeout=timeout,
        )
    except subprocess.TimeoutExpired:
        raise LayoutError(
            f"the layout took more than {timeout:g} s and was stopped; draw less "
            "(collapse='layer', a smaller max_nodes or depth), or give it a longer timeout"
        ) from None
    except subprocess.CalledProcessError as error:
        reason = error.stderr.strip()[:300] or "no output"
        raise LayoutError(f"{name} failed with status {error.returncode}: {reason}") from None
    except (OSError, execute.ExecutableNotFound) as error:
        raise LayoutError(f"{command} cannot be run: {error}") from error
    if not done.stdout:
        raise LayoutError(f"{name} gave no output")
    return str(done.stdout)
