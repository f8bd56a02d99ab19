"""Kernels: the compiled ones that are there, and which of them this machine runs."""

from __future__ import annotations

import functools
import importlib
import os
import warnings
from typing import Any

from autograd.build import binaries

__all__ = ["KERNELS", "kernel"]

KERNELS = ("avx512", "avx2", "base")  # from wide vectors to narrow ones


def kernel() -> Any:
    """The kernel's module for this machine, or None where programs run in NumPy.

    AUTOGRAD_KERNEL asks for a narrower one, or with "numpy" for none.

    Raises:
        ValueError: AUTOGRAD_KERNEL asks for one that is not here.

    Warns:
        RuntimeWarning, once: it is missing, though the rest of the package was compiled, or it
            was compiled from another source than the one beside it.
    """
    return _load("numpy" if binaries.pure() else os.environ.get("AUTOGRAD_KERNEL", ""))


@functools.cache
def _load(asked: str) -> Any:
    kernels, wrong = _available() if asked != "numpy" else ({"numpy": None}, "")
    if asked not in ("", *kernels):
        there = ", ".join([*kernels, "numpy"])
        raise ValueError(f"AUTOGRAD_KERNEL must be one of {there}, or unset, got {asked!r:.80}")
    module = kernels[asked] if asked else next(iter(kernels.values()), None)
    folder = os.path.dirname(__file__)
    sources = os.path.exists(os.path.join(folder, "module.c"))
    if module and sources and binaries.hashed(folder) != module.SOURCE:
        wrong = f"{module.__file__} was not compiled from the sources beside it"
        module = None
    if wrong and (module is None or not asked):
        instead = module.__name__.rpartition(".")[2] if module else "NumPy"
        warnings.warn(
            f"{wrong}, so programs run in {instead}, which is slower; to compile it, run: "
            f"{binaries.install_command()}",
            RuntimeWarning,
            stacklevel=4,
        )
    return module


def _available() -> tuple[dict[str, Any], str]:
    """The kernels that this machine runs, from the widest on; and what is wrong with them."""
    base = _imported("base")
    supported = () if isinstance(base, ImportError) else base.supported()
    fitting = [name for name, has in zip(KERNELS, supported) if has]
    modules = {name: _imported(name) for name in (*fitting, "base")}
    kernels = {k: each for k, each in modules.items() if not isinstance(each, ImportError)}
    missing = [
        f"the kernel {k!r} is missing ({modules[k]})" for k in modules if k not in kernels
    ]
    compiled = binaries.describe_build()[0] == "compiled"  # else a kernel is not expected
    return kernels, missing[0] if missing and compiled else ""


def _imported(name: str) -> Any:
    """The module of a kernel, or why it can't be imported."""
    try:
        return importlib.import_module(f"autograd.program.kernel.kernel_{name}")
    except ImportError as error:
        return error
