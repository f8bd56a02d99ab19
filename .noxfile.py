"""The longer checks, a session each: `nox -f .noxfile.py --list`.

`nox -f .noxfile.py -s site` runs one, in a virtual environment of its own. The gate, which
must pass before a change lands, is `.ci/run`.
"""

import shlex
import shutil
from pathlib import Path

import nox

nox.options.default_venv_backend = "venv"
nox.options.reuse_existing_virtualenvs = True
FRAMEWORKS = (".[dask,dev,jax,onnx,optuna]", "onnxruntime", "pyarrow", "torch")


def install(session: nox.Session, *packages: str, **variables: str) -> None:
    """Install this checkout, editable, and packages beside it."""
    session.install("--editable", *packages, env=variables)


def run(session: nox.Session, *command: str, **variables: str) -> None:
    """Run a command where matplotlib opens no window."""
    session.run(*command, env={"MPLBACKEND": "Agg", **variables})


@nox.session
def slow(session: nox.Session) -> None:
    """Pages in Chromium, installs, kills and what else takes longest: 6 minutes."""
    install(session, ".[test]")
    fetch = "from docs.live import pyodide; print(pyodide())"
    folder = str(session.run("python", "-c", fetch, silent=True)).strip()
    run(session, "python", "-m", "pytest", "-m", "slow and not soak", PYODIDE=folder)


@nox.session
def soak(session: nox.Session) -> None:
    """The tests that take minutes or gigabytes each."""
    install(session, ".[test]")
    run(session, "python", "-m", "pytest", "-m", "soak")


@nox.session
def frameworks(session: nox.Session) -> None:
    """The suite beside JAX, PyTorch, ONNX, Dask and Optuna: 6 minutes."""
    install(session, *FRAMEWORKS)
    run(session, "python", "-m", "pytest")


@nox.session
def interpreted(session: nox.Session) -> None:
    """The whole suite on the interpreted build: 8 minutes."""
    install(session, ".[test]")
    run(session, "python", "-m", "pytest", AUTOGRAD_PURE="1")


@nox.session(python="3.13")
def without_compiler(session: nox.Session) -> None:
    """The whole suite on Python 3.13, installed without a C compiler: 8 minutes."""
    install(session, ".[test]", CC="/nonexistent")
    run(session, "python", "-m", "autograd", "doctor")
    run(session, "python", "-m", "pytest", "--ignore=tests/build", "--ignore=tests/docs")


@nox.session
def coverage(session: nox.Session) -> None:
    """Branch coverage of `autograd` and `nn` by both builds and the slow part: 20 minutes."""
    install(session, *FRAMEWORKS)
    pytest = ("python", "-m", "pytest", "--cov", "--cov-append", "--cov-report=")
    run(session, "coverage", "erase")
    run(session, *pytest, "--cov-fail-under=0")
    run(session, *pytest, "--cov-fail-under=0", "-m", "slow and not soak")
    run(session, *pytest, "--cov-report=term:skip-covered", AUTOGRAD_PURE="1")


@nox.session
def site(session: nox.Session) -> None:
    """The site, built with `.[docs]` alone, and then what its tests say of it: 2 minutes."""
    install(session, ".[docs]")
    run(session, "python", "-m", "docs")
    install(session, ".[test]")
    run(session, "python", "-m", "pytest", "tests/docs")


@nox.session
def demos(session: nox.Session) -> None:
    """Every demo, in its quick form: 3 minutes."""
    install(session, ".[demos]")
    names = session.run(
        "python", "-c", "from demos.__main__ import DEMOS; print(*DEMOS)", silent=True
    )
    for demo in str(names).split():
        out = f"{session.create_tmp()}/{demo}"
        run(session, "python", "-m", "demos", demo, "--quick", "--out", out)


@nox.session
def sanitizers(session: nox.Session) -> None:
    """The kernels under gcc's sanitizers; `-- --no-suites` runs random functions alone."""
    install(session, ".[test]")
    run(session, "python", "-m", "tests.sanitizers", *session.posargs)


@nox.session
def mutation(session: nox.Session) -> None:
    """The mutants that no test notices: hours; `-- nn/losses.py --one-in 10` tries fewer."""
    install(session, ".[dev]")
    run(session, "python", "-m", "tests.mutation", *session.posargs)


@nox.session
def wheels(session: nox.Session) -> None:
    """A source distribution and a pure wheel, installed alone and tested: 3 minutes."""
    session.install("build", "twine")
    folder = Path(session.create_tmp())
    shutil.rmtree(folder / "dist", ignore_errors=True)
    run(session, "python", "-m", "build", f"--outdir={folder / 'dist'}", AUTOGRAD_PURE="1")
    packages = sorted((folder / "dist").iterdir())
    run(session, "twine", "check", "--strict", *map(str, packages))
    project = nox.project.load_toml("pyproject.toml")
    command = shlex.split(project["tool"]["cibuildwheel"]["test-command"])
    checkout = folder / "checkout"  # has the tests alone, so that what is installed is imported
    shutil.rmtree(checkout, ignore_errors=True)
    shutil.copytree("tests", checkout / "tests")
    shutil.copy("pyproject.toml", checkout)
    session.install(*nox.project.dependency_groups(project, "wheel"))
    for package in packages:
        session.install("--force-reinstall", "--no-deps", str(package))
        with session.chdir(checkout):
            run(session, *command)
