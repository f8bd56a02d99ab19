"""Programs in C, compiled and called."""

import ctypes
import shutil
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

__all__ = ["built", "needs_compiler"]


COMPILER = shutil.which("cc")


needs_compiler = pytest.mark.skipif(COMPILER is None, reason="needs a C compiler")


FLAGS = ["-std=c99", "-O2", "-Wall", "-Wextra", "-Werror", "-ffp-contract=off"]


Numbers = Sequence[float]


def built(source: str, folder: Path) -> Callable[..., tuple[Any, Any]]:
    """The results and the derivatives of Σ seed · result that the compiled source gives."""
    (folder / "program.c").write_text(source, "utf-8")
    library = folder / "program.so"
    command = [
        str(COMPILER),
        *FLAGS,
        "-shared",
        "-fPIC",
        "-o",
        str(library),
        str(folder / "program.c"),
        "-lm",
    ]
    subprocess.run(command, check=True)
    loaded = ctypes.CDLL(str(library))

    def call(u: Numbers, seed: Numbers, x: Numbers = ()) -> tuple[Any, Any]:
        given, seeds, lane = [(ctypes.c_double * len(xs))(*xs) for xs in (u, seed, x)]
        alone, out, d_u, d_x = [
            (ctypes.c_double * n)(*[1.0] * n) for n in (len(seed), len(seed), len(u), len(x))
        ]
        loaded.value(given, lane, alone)
        loaded.gradient(given, lane, seeds, out, d_u, d_x)
        assert [*map(repr, alone)] == [*map(repr, out)]
        return [*out], [*d_u, *d_x]

    return call
