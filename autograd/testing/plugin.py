"""A plugin of pytest: the fixture `gradcheck`, and the mark `gradient`.

@pytest.mark.gradient(points=[(0.1, 10.0)])
def test_log(gradcheck):
    gradcheck(numpy.log, gradient=lambda x: 1.0 / x)
"""

from __future__ import annotations

import math
from collections.abc import Callable, Generator
from dataclasses import replace
from functools import partial
from typing import Any

import pytest

from autograd import testing
from autograd.testing.decide import FAIL
from autograd.testing.report import GradientError, Report, raised
from autograd.testing.verdicts import Fault, Remark

BY_HAND = ("jacobian", "vjp", "jvp", "hessian")
REPORTS = pytest.StashKey[list[Report]]()
POINTS = (
    "the mark gradient takes points=[(0.1, 10.0), ...], for each argument (low, high), a "
    "strategy of Hypothesis or the name of a primitive, as 'log', for its domain"
)


def pytest_configure(config: pytest.Config) -> None:
    """Register the mark, and the list of undecided points."""
    config.pluginmanager.register(Undecided())
    config.addinivalue_line(
        "markers",
        "gradient(points, max_examples=25, allow_nan=False): gradcheck is called without a "
        "point, and draws it: for each argument from (low, high), a strategy of Hypothesis or "
        "the domain of the primitive of a name; where f is not finite it fails, or leaves the "
        "point out if allow_nan",
    )


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, Any, Any]:
    """Fail a marked test that checks no gradient."""
    result = yield
    if item.get_closest_marker("gradient") and not item.stash.get(REPORTS, []):
        pytest.fail(
            f"{item.name} has the mark gradient, but does not call the fixture gradcheck: "
            "nothing is checked",
            pytrace=False,
        )
    return result


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, Any, Any]:
    """Send the verdicts along with the report of the test, from whatever process."""
    result = yield
    if call.when == "call":
        reports = [x for x in item.stash.get(REPORTS, []) if x.verdict is not FAIL]
        rows = [(bool(x), x.derivatives > 0, x.reason) for x in reports]
        result.gradchecks = rows
    return result


class Undecided:
    """The lines on points that the checks of all tests left undecided."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def pytest_runtest_logreport(self, report: Any) -> None:
        """Add the line on a test."""
        rows = getattr(report, "gradchecks", [])
        undecided = [(is_checked, why) for passes, is_checked, why in rows if not passes]
        checked = sum([is_checked for is_checked, _ in undecided])
        counts = [(checked, "inconclusive"), (len(undecided) - checked, "not checked")]
        words = " and ".join([f"{count} {what}" for count, what in counts if count])
        if words:
            of = f"gradcheck: {report.nodeid}: of {len(rows)} points {words}"
            self.lines.append(f"{of}: {', '.join(sorted({why for _, why in undecided}))}")

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        """Print the lines."""
        for line in self.lines:
            terminalreporter.write_line(line)


@pytest.fixture
def gradcheck(request: pytest.FixtureRequest) -> Callable[..., Report]:
    """Check derivatives, as `autograd.testing.gradcheck` does; fails with its report.

    With `jacobian=`, `vjp=`, `jvp=` or `hessian=` it is `check_jacobian` and so on. Without
    a point, Hypothesis draws points where the mark `gradient` says, and shrinks to the simplest
    that fails.
    """
    mark = request.node.get_closest_marker("gradient")

    reports: list[Report] = request.node.stash.setdefault(REPORTS, [])

    def once(f: Callable[..., Any], *xs: Any, allow_nan: bool = True, **options: Any) -> Report:
        __tracebackhide__ = True
        kinds = [kind for kind in BY_HAND if kind in options]
        check: Any = getattr(testing, f"check_{kinds[0]}") if kinds else testing.gradcheck
        try:
            report: Report = check(f, *xs, **options)
        except GradientError as error:
            report = error.report
        kind, values = report.remarks[0]
        if kind is Fault.NOT_FINITE and not allow_nan and report.order == 1:
            values = (*values, ", ".join(map(repr, xs)))
            remarks = (Remark(Fault.NOT_FINITE_WHERE_DRAWN, values),)
            report = replace(report, verdict=FAIL, remarks=remarks)
        reports.append(report)
        return report

    def check(
        f: Callable[..., Any], *xs: Any, allow_inconclusive: bool = False, **options: Any
    ) -> Report:
        __tracebackhide__ = True
        if xs or mark is None:
            report = once(f, *xs, **options)
        else:
            each = partial(once, f, **options)
            report = _drawn(each, *mark.args, **mark.kwargs)
        return raised(report, allow_inconclusive)

    return check


def _drawn(
    once: Callable[..., Report],
    points: Any = None,
    max_examples: int = 25,
    allow_nan: bool = False,
) -> Report:
    """Return the worst report over points that are drawn: of failures, that of the simplest."""
    if not isinstance(points, list | tuple) or {int, float} & set(map(type, points)):
        raise TypeError(f"{POINTS}; got points={points!r}")
    from hypothesis import given, settings
    from hypothesis import strategies as st

    from autograd.testing.strategies import points as operands

    reports: list[Report] = []

    def domain(of: Any) -> st.SearchStrategy[Any]:
        if isinstance(of, st.SearchStrategy):
            return of
        if isinstance(of, str):
            return operands(of).map(lambda xs: xs[0])
        if not (isinstance(of, list | tuple) and len(of) == 2):
            raise TypeError(f"{POINTS}; got {of!r} in points={points!r}")
        ends = [x for x in of if x is not None and math.isfinite(x)]
        low, high = [x if x in ends else None for x in of]
        inside = st.floats(low, high, allow_nan=False, allow_infinity=False)
        return inside | st.sampled_from(ends) if ends else inside  # ends are tried, too

    @settings(max_examples=max_examples, deadline=None, database=None, derandomize=True)
    @given(st.tuples(*map(domain, points)))
    def every(xs: tuple[Any, ...]) -> None:
        report = once(*xs, allow_nan=allow_nan)
        reports.append(report)
        if report.verdict is FAIL:
            raise GradientError(report)

    try:
        every()
    except GradientError as error:
        return error.report
    passed = [report for report in reports if report]
    return passed[-1] if passed else reports[-1]
