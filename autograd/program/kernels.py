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
    """The kernel's module for this machine, or None where there is none to use.

    AUTOGRAD_KERNEL asks for a narrower one, or with "numpy" for none.

    Warns:
        RuntimeWarning: it was compiled from another source than the one beside it.
    """
    return _load("numpy" if binaries.pure() else os.environ.get("AUTOGRAD_KERNEL", ""))


@functools.cache
def _load(asked: str) -> Any:
    try:
        base = importlib.import_module("autograd.program.kernel_base")
        fitting = [name for name, has in zip(KERNELS, (*base.supported(), True)) if has]
        found = [name for name in fitting if asked in ("", name)]
        module = importlib.import_module(f"autograd.program.kernel_{found[0]}")
    except (ImportError, IndexError):
        return None
    source = os.path.join(os.path.dirname(__file__), "kernel.c")
    if os.path.exists(source) and binaries.hashed(source) != module.SOURCE:
        warnings.warn(
            f"{module.__file__} was not compiled from the kernel.c beside it, so programs run "
            "in NumPy; to compile it, run: python -m pip install -e .",
            RuntimeWarning,
            stacklevel=4,
        )
        return None
    return module
