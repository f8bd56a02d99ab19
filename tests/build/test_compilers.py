"""The C sources, compiled by zig's clang: for other systems and processors, where they are not
run, and the kernel for this one, where it gives what the compiler of the build gave."""

import importlib.util
import itertools
import platform
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

pytest.importorskip("setuptools.command.bdist_wheel")

from autograd.build import binaries as build
from autograd.build.setup_commands import compiler_flags
from tests.helpers import native
from tests.helpers.builds import ROOT

KERNEL = "autograd.program.kernel.kernel_base"
QUICK = "autograd.core.traversal"  # which has the headers of the core
TARGETS = ("aarch64-linux-gnu", "x86_64-linux-musl", "aarch64-macos", "x86_64-windows-gnu")
# What Python's own pyconfig.h says on Windows, as far as the headers ask.
WINDOWS = """
#define MS_WIN32
#define MS_WIN64
#define MS_WINDOWS
#define NT_THREADS
#define Py_ENABLE_SHARED
#define HAVE_DECLSPEC_DLL
#define HAVE_STDDEF_H 1
#define HAVE_SYS_TYPES_H 1
#define HAVE_WCHAR_H 1
#define SIZEOF_INT 4
#define SIZEOF_LONG 4
#define SIZEOF_LONG_LONG 8
#define SIZEOF_SHORT 2
#define SIZEOF_SIZE_T 8
#define SIZEOF_VOID_P 8
#define SIZEOF_WCHAR_T 2
#define ALIGNOF_SIZE_T 8
#define ALIGNOF_MAX_ALIGN_T 8
#define SIZEOF_PID_T 4
#define PY_SSIZE_T_MAX LLONG_MAX
#define HAVE_PY_SSIZE_T 1
#include <basetsd.h>
typedef SSIZE_T Py_ssize_t;
"""
# Cython's own text; only what stands in our headers and in the kernel is looked at.
GENERATED = ["-Wno-missing-field-initializers", "-Wno-sign-compare"]
GENERATED += ["-Wno-unused-function", "-Wno-unused-parameter"]

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        importlib.util.find_spec("ziglang") is None, reason="ziglang is not installed"
    ),
    pytest.mark.skipif(
        not Path(sysconfig.get_path("include"), "Python.h").exists(),
        reason="needs Python's headers",
    ),
]


@pytest.fixture(scope="module")
def headers(tmp_path_factory: pytest.TempPathFactory) -> dict[bool, Path]:
    """Python's headers, and the same for Windows."""
    here = Path(sysconfig.get_path("include"))
    there = shutil.copytree(here, tmp_path_factory.mktemp("windows") / "include")
    (there / "pyconfig.h").write_text(WINDOWS)
    return {False: here, True: there}


def translated(name: str, folder: Path) -> Path:
    """The C of a module."""
    if name == KERNEL:
        return ROOT / "autograd/program/kernel/module.c"
    source, out = ROOT / f"{name.replace('.', '/')}.py", folder / "module.c"
    command = [sys.executable, "-m", "cython", "-3", str(source), "-o", str(out)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    return out


@pytest.mark.parametrize(
    "name",
    [
        *(KERNEL, QUICK),
        *(
            pytest.param(name, marks=pytest.mark.soak)
            for name in (*build.MODULES, *build.CALLS)
            if name != QUICK
        ),
    ],
)
def test_no_source_is_for_one_system_only(
    name: str, headers: dict[bool, Path], tmp_path: Path
) -> None:
    source = translated(name, tmp_path)
    kernel = [f"-DNAME={name.rpartition('.')[2]}", '-DSOURCE="x"']
    told = [*compiler_flags(name), "-O0", "-Wall", "-Wextra", "-Werror"]
    told += kernel if name == KERNEL else [f"-I{ROOT / 'autograd/core'}", *GENERATED]
    for target in TARGETS:
        command = [sys.executable, "-m", "ziglang", "cc", "-target", target, *told, "-c"]
        command += [f"-I{headers['windows' in target]}", str(source)]
        done = subprocess.run(
            [*command, "-o", str(tmp_path / "module.o")], capture_output=True, text=True
        )
        assert done.returncode == 0, f"{target}: {done.stderr}"
        assert (tmp_path / "module.o").stat().st_size > 1000


@pytest.mark.skipif(sys.platform != "linux", reason="knows Linux's shared objects")
def test_the_kernel_gives_the_same_and_refuses_the_same(tmp_path: Path) -> None:
    file = tmp_path / "kernel_clang.so"
    command = [sys.executable, "-m", "ziglang", "cc", "-shared", "-fPIC"]
    command += ["-target", f"{platform.machine()}-linux-gnu", *compiler_flags(KERNEL)]
    command += ["-DNAME=kernel_clang", '-DSOURCE="x"', f"-I{sysconfig.get_path('include')}"]
    subprocess.run([*command, str(translated(KERNEL, tmp_path)), "-o", str(file)], check=True)
    spec = importlib.util.spec_from_file_location(file.stem, file)
    assert spec is not None
    assert spec.loader is not None
    spec.loader.exec_module(clangs := importlib.util.module_from_spec(spec))
    points = itertools.product([-2.5, -0.0, 0.5, 3.0, 1e300], repeat=3)
    ours = native.FORMULAS[: native.FORMULAS.index("sin")]  # zig has its own library of C
    for point, name in itertools.product(points, ours):
        columns = [[x] for x in point]
        found, expected = [native.run(m, name, columns, True) for m in (clangs, native.base)]
        assert native.same_bits(found[0], expected[0]), (name, columns)
        assert found[1] == expected[1], (name, columns)
