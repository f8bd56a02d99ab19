"""The plugin of pytest, in a fresh project of three files."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import Distribution

import mpmath  # noqa: F401  (before runs inside this process, which forget what they import)
import numpy  # noqa: F401
import pytest

from tests.helpers.builds import ROOT

pytest_plugins = ["pytester"]

PROJECT = {  # as the README has it
    "pyproject.toml": """
        [tool.pytest.ini_options]
        addopts = ["--strict-markers"]
        """,
    "gradients.py": """
        import math

        def softplus(x):
            return math.log1p(math.exp(x))

        def slope(x):
            return 1.0 / (1.0 + math.exp(-x))

        def wrong(x):
            return min(slope(x), 0.9)
        """,
    "test_gradients.py": """
        import math

        import numpy as np
        import pytest
        from hypothesis import strategies as st

        from gradients import slope, softplus, wrong

        @pytest.mark.gradient(points=[(-20.0, 20.0)])
        def test_softplus(gradcheck):
            gradcheck(softplus, gradient=slope)

        @pytest.mark.gradient(points=[(-20.0, 20.0)], max_examples=50)
        def test_wrong(gradcheck):
            gradcheck(softplus, gradient=wrong)

        @pytest.mark.gradient(points=["log", st.floats(1.0, 2.0)])
        def test_strategies(gradcheck):
            gradcheck(lambda x, y: x.log() * y)

        def test_array(gradcheck):
            gradcheck(np.sin, np.arange(3.0), jacobian=lambda x: np.diag(np.cos(x)))

        def test_wrong_array(gradcheck):
            gradcheck(np.sin, np.arange(3.0), jacobian=lambda x: np.diag(np.sin(x)))

        def test_hidden(gradcheck):
            gradcheck(lambda x: 1e9 + math.sin(x), 1e-3, gradient=math.cos)

        @pytest.mark.gradient(points=[(1e-4, 1e-3)], max_examples=3)
        def test_hidden_everywhere(gradcheck):
            gradcheck(lambda x: 1e9 + math.sin(x), gradient=math.cos)

        @pytest.mark.gradient
        def test_without_points(gradcheck):
            gradcheck(softplus, gradient=slope)

        @pytest.mark.gradient(points=(-1.0, 1))
        def test_without_a_list(gradcheck):
            gradcheck(softplus, gradient=slope)
        """,
}


@pytest.fixture
def project(pytester: pytest.Pytester) -> pytest.Pytester:
    for name, text in PROJECT.items():
        stem, _, suffix = name.partition(".")
        pytester.makefile(f".{suffix}", **{stem: text})
    return pytester


def test_a_project(project: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(project.path)
    plugins = "no:autograd-testing", "autograd.testing.plugin", "no:randomly"
    options = [f"-p{plugin}" for plugin in plugins]
    result = project.runpytest_inprocess(*options)
    result.assert_outcomes(passed=3, failed=6)
    result.stdout.fnmatch_lines(
        [
            "*fail: a derivative is wrong*",
            "*strategy of Hypothesis or the name of a primitive*got points=(-1.0, 1)",
            "gradcheck: *::test_hidden: of 1 points 1 inconclusive: nothing can be told: *",
        ]
    )
    result.stdout.no_fnmatch_line("gradcheck: *::test_wrong*")
    simplest = next(line for line in result.outlines if "argument 0 = 3.0 " in line)
    assert "(0x1.8" in simplest
    project.runpytest_inprocess(*options, "-k", "softplus").assert_outcomes(
        passed=1, deselected=8
    )


def test_the_entry_point_is_found(project: pytest.Pytester) -> None:
    elsewhere = [path for path in sys.path if path not in ("", str(ROOT))]
    found = Distribution.discover(name="scalar-autograd", path=elsewhere)
    if not any(each.entry_points.select(group="pytest11") for each in found):
        pytest.skip("installed before there was a plugin: run pip install -e . again")
    command = [sys.executable, "-m", "pytest", "-q", "-k", "softplus or test_array"]
    done = subprocess.run(command, cwd=project.path, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


DOUBTS = """
    import math

    import numpy as np
    import pytest

    def naive(x):
        return np.exp(x) / (1.0 + np.exp(x))

    def slope(x):
        e = np.exp(x)
        return e / (1.0 + e) - e * e / (1.0 + e) ** 2

    pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")

    @pytest.mark.gradient(points=[(-30.0, 600.0)])
    def test_nan_gradient(gradcheck):
        gradcheck(naive, gradient=slope)

    @pytest.mark.gradient(points=[(-30.0, 800.0)])
    def test_nan_function(gradcheck):
        gradcheck(naive, gradient=lambda x: 0.25 / np.cosh(0.5 * x) ** 2)

    @pytest.mark.gradient(points=[(-30.0, 800.0)], allow_nan=True)
    def test_nan_allowed(gradcheck):
        gradcheck(naive, gradient=lambda x: 0.25 / np.cosh(0.5 * x) ** 2)

    @pytest.mark.gradient(points=[(-5.0, -1.0)], allow_nan=True)
    def test_nan_everywhere(gradcheck):
        gradcheck(np.log, gradient=lambda x: 1.0 / x)

    @pytest.mark.gradient(points=[(0.0, 1e-5)])
    def test_some_hidden(gradcheck):
        gradcheck(lambda x: 1.0 + math.sin(x) ** 2, gradient=lambda x: math.sin(2.0 * x))

    @pytest.mark.gradient(points=[(1.0, 2.0)])
    def test_counted(gradcheck):
        turns = iter(range(1000))
        gradcheck(math.sin, gradient=lambda x: math.cos(x) + next(turns))

    @pytest.mark.gradient(points=[(1.0, 2.0)])
    def test_never_called(gradcheck):
        pass

    def test_allowed(gradcheck):
        gradcheck(lambda x: 1e9 + math.sin(x), 1e-3, gradient=math.cos, allow_inconclusive=True)

    @pytest.mark.gradient(points=[(None, -1.0), (0.5, math.inf)])
    def test_half_lines(gradcheck):
        gradcheck(lambda x, y: x + y, gradient=lambda x, y: (1.0, 1.0))

    @pytest.mark.gradient(points=[3.0])
    def test_number(gradcheck):
        gradcheck(math.sin, gradient=math.cos)

    @pytest.mark.gradient(points=[(1.0, 2.0, 3.0)])
    def test_triple(gradcheck):
        gradcheck(math.sin, gradient=math.cos)

    @pytest.mark.gradient(points=["sine"])
    def test_name(gradcheck):
        gradcheck(math.sin, gradient=math.cos)
    """


OPTIONS = [
    "-p",
    "no:autograd-testing",
    "-p",
    "autograd.testing.plugin",
    "-p",
    "no:cacheprovider",
]


def test_what_is_not_told_is_said(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(test_doubts=DOUBTS)
    result = pytester.runpytest_inprocess(*OPTIONS)
    result.assert_outcomes(passed=4, failed=8)
    text = result.stdout.str()
    for words in (
        "it is NaN where f is finite",
        "f is nan at 710.0: draw where it is finite, or leave such points out",
        "it differs from call to call; seed what it draws\n",
        "test_never_called has the mark gradient, but does not call the fixture gradcheck",
        "test_nan_allowed: of 25 points",
        "not checked: f is nan there",
        "test_some_hidden: of 25 points",
        "inconclusive: nothing can be told: round-off hides it",
        "test_allowed: of 1 points 1 inconclusive",
        "got points=[3.0]",
        "got (1.0, 2.0, 3.0) in points=[(1.0, 2.0, 3.0)]",
        "no primitive is called 'sine'",
    ):
        assert words in text, words


@pytest.mark.slow
def test_what_is_checked_in_other_processes_is_reported(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(test_doubts=DOUBTS)
    chosen = ["-n", "2", "-k", "nan_gradient or test_allowed"]
    result = pytester.runpytest_subprocess(*OPTIONS, *chosen)
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["gradcheck: *test_allowed: of 1 points 1 inconclusive: *"])
