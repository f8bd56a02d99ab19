"""The kernels under gcc's sanitizers of addresses and undefined behaviour.

`python -m tests.sanitizers` builds each kernel that the machine runs anew, into a folder of its
own, and runs the tests of compiled functions, and random functions by every method; with
`--no-suites` these alone. The first report ends it, with the place in the sources.
"""

from __future__ import annotations

import argparse
import importlib
import os
import subprocess
import sys
import sysconfig
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import autograd.program.kernel
from autograd.build import binaries
from autograd.build.setup_commands import compiler_flags
from autograd.program.kernel import KERNELS

ROOT = Path(__file__).parents[1]
FOLDER = "AUTOGRAD_SANITIZED"  # the variable that names where the kernels are
TESTS = ["tests/program", "tests/nn/training/test_compile.py"]
# Without a kernel; and what compares times, or fills a machine's memory.
LEFT_OUT = "not ([numpy or linear or share or test_jax or test_onnx)"
SANITIZED = ["-O1", "-g", "-UNDEBUG", "-fno-omit-frame-pointer"]
SANITIZED += ["-fsanitize=address,undefined", "-fno-sanitize-recover=all"]
OPTIONS = {  # CPython frees nothing at its end; gcc 12 misaligns vectors for the other
    "ASAN_OPTIONS": "detect_leaks=0:detect_stack_use_after_return=0",
    "UBSAN_OPTIONS": "print_stacktrace=1",
}

if folder := os.environ.get(FOLDER):  # as a plugin of pytest, or before the random functions
    autograd.program.kernel.__path__.insert(0, folder)


def build(name: str, folder: Path) -> None:
    """Compile a kernel as setuptools does, but for the sanitizers."""
    source = ROOT / "autograd/program/kernel/module.c"
    flags = [*compiler_flags(f"autograd.program.kernel.kernel_{name}"), f"-DNAME=kernel_{name}"]
    flags += [f'-DSOURCE="{binaries.hashed(str(source.parent))}"', *SANITIZED]
    flags += ["-shared", "-fPIC", f"-I{sysconfig.get_path('include')}"]
    out = folder / f"kernel_{name}{binaries.SUFFIX}"
    subprocess.run(["gcc", *flags, str(source), "-lm", "-o", str(out)], check=True)


def library(name: str) -> str:
    """The path of a library of gcc."""
    found = subprocess.run(["gcc", f"-print-file-name={name}"], capture_output=True, check=True)
    return found.stdout.decode().strip()


def check(name: str, folder: Path, examples: int, suites: bool) -> tuple[str, bool]:
    """Return what a kernel's tests and random functions print, and whether all went well."""
    preloaded = " ".join(map(library, ["libasan.so", "libstdc++.so"]))
    variables = {FOLDER: str(folder), "AUTOGRAD_KERNEL": name, "LD_PRELOAD": preloaded}
    environment = {**os.environ, **variables, **OPTIONS}
    environment.pop("AUTOGRAD_PURE", None)
    pytest = ["-m", "pytest", "-p", "tests.sanitizers", "-n0", "-q", "--capture=sys"]
    text = ""
    for command in (
        *([[*pytest, "-k", LEFT_OUT, *TESTS]] if suites else []),
        ["-m", "tests.sanitizers", "--functions", str(examples)],
    ):
        done = subprocess.run(
            [sys.executable, *command],
            cwd=ROOT,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        text += done.stdout
        if done.returncode:
            return text, False
    return text, True


def functions(count: int) -> None:
    """Random functions by every method, with the kernel that is asked for."""
    from hypothesis import given, settings

    from tests import conftest  # the settings of all tests  # noqa: F401
    from tests.helpers.agreement import Case, cases

    calls = 0

    @settings(max_examples=count)
    @given(cases())
    def every_method(case: Case) -> None:
        nonlocal calls
        calls += case.check()

    every_method()
    kernel = importlib.import_module(
        f"autograd.program.kernel.kernel_{os.environ['AUTOGRAD_KERNEL']}"
    )
    assert str(kernel.__file__).startswith(os.environ[FOLDER])
    print(f"{calls} calls of {count} random functions")


def main() -> int:
    """Check all kernels; 1 if something was reported."""
    parser = argparse.ArgumentParser(prog="python -m tests.sanitizers", description=__doc__)
    parser.add_argument("--examples", type=int, default=100, help="random functions a kernel")
    parser.add_argument("--suites", action=argparse.BooleanOptionalAction, default=True)
    parser.add_argument("--functions", type=int, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.functions:
        functions(chosen.functions)
        return 0
    base = importlib.import_module("autograd.program.kernel.kernel_base")
    names = [name for name, has in zip(KERNELS, (*base.supported(), True)) if has]
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(os.cpu_count()) as pool:
        [*pool.map(lambda name: build(name, Path(folder)), names)]  # tests look for all
        options = Path(folder), chosen.examples, chosen.suites
        done = pool.map(lambda name: check(name, *options), names)
        for name, (text, well) in zip(names, done):
            print(f"== {name}: {'no report' if well else 'FAILED'}\n{text}", flush=True)
            if not well:
                return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
