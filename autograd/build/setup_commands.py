"""How setuptools compiles the modules listed in pyproject.toml: all of them, or none.

Nothing here is needed at run time. A compiler, Python's headers or Cython may be missing, or
fail, or AUTOGRAD_PURE may be set: the package is then installed interpreted, and the record
beside the sources says why (`python -m autograd doctor` shows it).
"""

from __future__ import annotations

import os
import runpy
import shlex
from pathlib import Path

from setuptools.command.bdist_wheel import bdist_wheel
from setuptools.command.build_ext import build_ext
from setuptools.command.sdist import sdist

__all__ = ["BuildExtensions", "BuildSource", "BuildWheel"]

# Run by its path: to import it would import the package, whose binaries are not there yet.
BUILD = runpy.run_path(str(Path(__file__).with_name("binaries.py")))


class BuildExtensions(build_ext):
    """Compile every module anew and record from what, or leave none compiled."""

    def finalize_options(self) -> None:
        """Nothing old is reused; generated C stays out of the sources."""
        super().finalize_options()
        self.force = True
        self.cython_c_in_temp = True
        for extension in self.extensions:  # CFLAGS have the last word
            extension.extra_compile_args += shlex.split(os.environ.get("CFLAGS", ""))
            if extension.optional:  # a kernel; it tells what it was compiled from
                source = BUILD["hashed"](os.path.dirname(extension.sources[0]))
                extension.define_macros.append(("SOURCE", f'"{source}"'))

    def run(self) -> None:
        """Compile, in the sources for an editable install, else in the build folder."""
        sources = [Path(folder) for folder in BUILD["FOLDERS"]]
        folders = [
            each if self.inplace else Path(self.build_lib, "autograd", each.name)
            for each in sources
        ]
        self._remove_binaries(folders)
        records = [BUILD["fingerprint"](str(each)) for each in sources]
        if failure := "AUTOGRAD_PURE was set" if BUILD["pure"]() else self._failure():
            records = [f"{BUILD['NOTHING']}{failure}"] * len(sources)
            self.warn(f"the package will run interpreted; {records[0]}")
            self._remove_binaries(folders)
            self.extensions = []
            self.distribution.ext_modules = []
        for folder, record in zip(folders, records):
            folder.mkdir(parents=True, exist_ok=True)
            Path(folder, BUILD["RECORD"]).write_text(record, encoding="utf-8")

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
        """Build first: what could be compiled decides the tag."""
        self.run_command("build")
        self.root_is_pure = not self.distribution.has_ext_modules()
        super().run()


class BuildSource(sdist):
    """The source distribution, with the tests and the demos."""

    def make_distribution(self) -> None:
        """Add what no package contains."""
        self.filelist.extend(["CHANGELOG.md", ".github/CONTRIBUTING.md"])
        self.filelist.graft("demos")
        self.filelist.graft("tests")
        self.filelist.global_exclude("*.py[co]")
        super().make_distribution()
