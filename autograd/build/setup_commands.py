"""How setuptools compiles the modules listed in pyproject.toml: all of them, or none.

Nothing here is needed at run time. A compiler, Python's headers or Cython may be missing, or
fail, or AUTOGRAD_PURE may be set: the package is then installed interpreted, and the record
beside the sources says why (`python -m autograd doctor` shows it).
"""

from __future__ import annotations

import os
import runpy
import shlex
import shutil
import sys
import sysconfig
from pathlib import Path

from setuptools.command.bdist_wheel import bdist_wheel
from setuptools.command.build_ext import build_ext
from setuptools.command.sdist import sdist

__all__ = ["BuildExtensions", "BuildSource", "BuildWheel", "compiler_flags"]

# Run by its path: to import it would import the package, whose binaries are not there yet.
BUILD = runpy.run_path(str(Path(__file__).with_name("binaries.py")))

# For gcc and clang. No multiplication is fused with an addition: the bits are the same
# wherever the library of C is. Kernels read the floating-point flags themselves.
FLAGS = ("-O3", "-g0", "-DNDEBUG", "-ffp-contract=off")
CORE = ("-fno-tree-slp-vectorize",)
SMALL = {"table": ("-O2",)}  # a smaller wheel, and as fast
KERNELS = {  # and what they are for; those of no vectors are left out on other processors
    "kernel_base": (),
    "kernel_avx2": ("-mavx2",),
    "kernel_avx512": ("-mavx512f", "-mavx512dq", "-mprefer-vector-width=512"),
}
KERNEL = ("-fno-math-errno", "-fno-trapping-math")


def compiler_flags(name: str) -> list[str]:
    """Return the options of gcc and clang for the module of this full name."""
    stem = name.rpartition(".")[2]
    rest = (*KERNEL, *KERNELS[stem]) if stem in KERNELS else (*CORE, *SMALL.get(stem, ()))
    return [*FLAGS, *rest]


class BuildExtensions(build_ext):
    """Compile every module anew and record from what, or leave none compiled."""

    def finalize_options(self) -> None:
        """Nothing old is reused; generated C stays out of the sources."""
        super().finalize_options()
        self.force = True
        self.cython_c_in_temp = True
        if not self.plat_name.endswith(("x86_64", "amd64")):
            unfit = [f"autograd.program.kernel.{name}" for name in KERNELS if KERNELS[name]]
            self.extensions = [each for each in self.extensions if each.name not in unfit]
        for extension in self.extensions:
            if extension.optional:  # a kernel; it tells what it was compiled from
                source = BUILD["hashed"](os.path.dirname(extension.sources[0]))
                extension.define_macros.append(("SOURCE", f'"{source}"'))

    def build_extensions(self) -> None:
        """Compile all; CFLAGS have the last word.

        On Windows clang-cl is taken where it is, since Microsoft's compiler has no vectors
        and can't build a kernel; it does not know the flags, and says so.
        """
        windows = self.compiler.compiler_type == "msvc"
        if windows:
            self.compiler.initialize(self.plat_name)
            self.compiler.cc = shutil.which("clang-cl") or self.compiler.cc
        for extension in self.extensions:
            told = compiler_flags(extension.name)
            told = [f"/clang:{flag}" for flag in told] if windows else told
            if sys.platform == "linux":  # no names of what is static, no tables to unwind calls
                extension.extra_link_args = ["-s"]
                told.append("-fno-asynchronous-unwind-tables")
            extension.extra_compile_args = told + shlex.split(os.environ.get("CFLAGS", ""))
        super().build_extensions()

    def run(self) -> None:
        """Compile, in the sources for an editable install, else in the build folder."""
        sources = [Path(folder) for folder in BUILD["FOLDERS"]]
        folders = [
            each if self.inplace else Path(self.build_lib, "autograd", each.name)
            for each in sources
        ]
        self._remove_binaries(folders)
        records = [BUILD["fingerprint"](str(each)) for each in sources]
        if failure := self._unwanted() or self._failure():
            records = [f"{BUILD['NOTHING']}{failure}"] * len(sources)
            self.warn(f"the package will run interpreted; {records[0]}")
            self._remove_binaries(folders)
            self.extensions = []
            self.distribution.ext_modules = []
        for folder, record in zip(folders, records):
            folder.mkdir(parents=True, exist_ok=True)
            Path(folder, BUILD["RECORD"]).write_text(record, encoding="utf-8")

    @staticmethod
    def _unwanted() -> str:
        """Why nothing is to be compiled, or nothing."""
        if BUILD["pure"]():
            return "AUTOGRAD_PURE was set"
        if sysconfig.get_config_var("Py_GIL_DISABLED"):
            return "the compiled build needs the GIL, and this Python is free-threaded"
        return ""

    def _failure(self) -> str:
        """Compile; return why that failed, or nothing."""
        try:
            super().run()
        except Exception as error:
            return f"{type(error).__name__}: {error}"
        return ""

    @staticmethod
    def _remove_binaries(folders: list[Path]) -> None:
        for folder in filter(Path.exists, folders):
            for name in [*BUILD["binaries"](str(folder)), BUILD["RECORD"]]:
                Path(folder, name).unlink(missing_ok=True)


class BuildWheel(bdist_wheel):
    """A wheel whose tag names a platform only if it holds something compiled for it."""

    def run(self) -> None:
        """Build first, since the tag depends on it, and leave out what only builds."""
        self.run_command("build")
        build = Path(self.get_finalized_command("build").build_lib)
        (build / "autograd/build/setup_commands.py").unlink()
        self.skip_build = True  # or it would compile all once more
        self.root_is_pure = not self.distribution.has_ext_modules()
        super().run()


class BuildSource(sdist):
    """The source distribution, with the tests and the demos."""

    def make_distribution(self) -> None:
        """Add what no package contains."""
        self.filelist.extend(["CHANGELOG.md", "CITATION.cff", ".github/SECURITY.md"])
        self.filelist.extend([".github/CONTRIBUTING.md"])
        self.filelist.graft("demos")
        self.filelist.graft("tests")
        self.filelist.global_exclude("*.py[co]")
        super().make_distribution()
