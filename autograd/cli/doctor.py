"""The state of this installation and its faults: `python -m autograd doctor`."""

from __future__ import annotations

import contextlib
import os
import platform
import sys
import warnings
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version

from autograd.build import binaries as build
from autograd.cli.ending import FAILED, MISUSED, PROGRAM

__all__ = ["examine", "problems", "report"]


def examine(argv: Sequence[str]) -> int:
    """Print the report of `doctor`.

    Returns the exit code: 0 if all is well, 1 if something must be repaired, 2 if there are
    more arguments.
    """
    if len(argv) > 1:
        print(f"usage: {PROGRAM} doctor", file=sys.stderr)
        return MISUSED
    faults = problems()  # before the report imports the kernel, and with it what may be missing
    for label, text in report():
        print(f"{label:10}{text}".rstrip())
    for problem in faults:
        print(f"\nPROBLEM: {problem}")
    return FAILED if faults else 0


def report() -> list[tuple[str, str]]:
    """Return the report, as labels and texts in the order in which they are read.

    >>> dict(report())["build"] in ("compiled", "interpreted")
    True
    """
    name, change = build.describe_build()
    python = f"{platform.python_implementation()} {sys.version.partition(' (')[0]}"
    settings = [f"{k}={x}" for k, x in sorted(os.environ.items()) if k.startswith("AUTOGRAD_")]
    binaries = [os.path.join(f, file) for f in build.FOLDERS for file in build.binaries(f)]
    return [
        ("build", name),
        ("", change),
        ("version", _version("scalar-autograd") or "not installed; run from its sources"),
        ("python", f"{python}, {platform.platform()}"),
        ("settings", ", ".join(settings) or "none"),
        ("package", os.path.dirname(build.PACKAGE)),
        ("binaries", binaries[0] if binaries else "none for this Python"),
        *(("", file) for file in binaries[1:]),
        ("kernel", kernel_name()),
    ]


def kernel_name() -> str:
    """Return the name of the kernel that runs compiled functions."""
    try:
        from autograd.program.kernel import kernel
    except ImportError:
        return "none; pip install 'scalar-autograd[programs]'"
    try:
        module = kernel()
    except ValueError as error:
        return f"none; {error}"
    return module.__name__.rpartition("_")[2] if module else "none; they run in NumPy"


def problems() -> list[str]:
    """Return the faults, each with what to do; empty if all is well."""
    faults = [wrong for folder in build.FOLDERS if (wrong := build.problem(folder))]
    if build.MODULES[-1] not in sys.modules or _version("autograd"):
        faults.append(
            "the distributions 'autograd' and 'scalar-autograd' share this environment, and "
            "overwrite files of each other; make a fresh virtual environment and install one "
            "of them"
        )
    with warnings.catch_warnings(record=True) as warned, contextlib.suppress(ImportError):
        warnings.simplefilter("always")
        from autograd.program.kernel import kernel

        try:
            kernel()
        except ValueError as error:
            faults.append(str(error))
    return faults + [str(warning.message) for warning in warned]


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return ""
