"""A plugin of pytest: the fixture `gradcheck`, the mark `gradient`, and a report in HTML.

@pytest.mark.gradient(points=[(0.1, 10.0)])
def test_log(gradcheck):
    gradcheck(numpy.log, gradient=lambda x: 1.0 / x)
"""

from __future__ import annotations

import math
from collections.abc import Callable, Generator
from dataclasses import replace
from functools import partial
from html import escape
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from autograd import testing
from autograd.files import write_atomically
from autograd.testing.report import GradientError, Report, raised

BY_HAND = ("jacobian", "vjp", "jvp", "hessian")
FOUND = pytest.StashKey[list[Report]]()
POINTS = (
    "the mark gradient takes points=[(0.1, 10.0), ...], for each argument (low, high), a "
    "strategy of Hypothesis or the name of a primitive, as 'log', for its domain"
)


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--gradcheck-report FILE.html`."""
    group = parser.getgroup("gradcheck")
    words = "write what was checked, where, and with which error"
    group.addoption("--gradcheck-report", metavar="FILE.html", type=Path, help=words)


def pytest_configure(config: pytest.Config) -> None:
    """The mark, and the reports."""
    config.pluginmanager.register(Collected(config.getoption("--gradcheck-report")))
    config.addinivalue_line(
        "markers",
        "gradient(points, max_examples=25, allow_nan=False): gradcheck is called without a "
        "point, and draws it: for each argument from (low, high), a strategy of Hypothesis or "
        "the domain of the primitive of a name; where f is not finite it fails, or leaves the "
        "point out if allow_nan",
    )


class Row(NamedTuple):
    """A check as text, which a worker of pytest-xdist sends to the main process."""

    verdict: str
    checked: bool
    cells: list[str]
    picture: str

    @classmethod
    def of(cls, report: Report, is_drawn: bool) -> Row:
        """The row of a report, perhaps with a picture."""
        cells = [report.verdict, report.where, repr(report.x), repr(report.analytic)]
        cells += [f"{report.numeric!r} ± {report.error:.1e}", report.oracle, report.reason]
        picture = testing.explain(report).svg if is_drawn and report.line else ""
        return cls(report.verdict, report.derivatives > 0, cells, picture)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, Any, Any]:
    """A test that is marked checks a gradient, or fails."""
    result = yield
    if item.get_closest_marker("gradient") and not item.stash.get(FOUND, []):
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
    """What was checked goes with the report of the test, from whatever process."""
    result = yield
    if call.when == "call":
        found = item.stash.get(FOUND, [])
        wanted = item.config.getoption("--gradcheck-report") is not None
        # of points that fail only the last, which is the simplest
        last = len(found) - 1
        shown = [k for k, each in enumerate(found) if each.verdict != "fail" or k == last]
        rows = [Row.of(found[k], wanted and k == last and not found[k]) for k in shown]
        result.gradchecks = [list(row) for row in rows]
    return result


class Collected:
    """The checks of all tests, as they come in."""

    def __init__(self, path: Path | None) -> None:
        self.path = path
        self.rows: list[tuple[str, Row]] = []

    def pytest_runtest_logreport(self, report: Any) -> None:
        """Those of a test."""
        found = getattr(report, "gradchecks", [])
        self.rows += [(report.nodeid, Row(*row)) for row in found]

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        """Say what was not told, and write the report that was asked for."""
        for test in dict.fromkeys([test for test, _ in self.rows]):
            rows = [row for name, row in self.rows if name == test]
            unsure = [row for row in rows if row.verdict == "inconclusive"]
            told = sum([row.checked for row in unsure])
            counts = [(told, "inconclusive"), (len(unsure) - told, "not checked")]
            words = " and ".join([f"{count} {what}" for count, what in counts if count])
            if words:
                why = ", ".join(sorted({row.cells[-1] for row in unsure}))
                line = f"gradcheck: {test}: of {len(rows)} points {words}: {why}"
                terminalreporter.write_line(line)
        if self.path is not None:
            write_atomically(self.path, _page(self.rows).encode())
            terminalreporter.write_line(f"gradients that were checked: {self.path}")


@pytest.fixture
def gradcheck(request: pytest.FixtureRequest) -> Callable[..., Report]:
    """Check derivatives, as `autograd.testing.gradcheck` does; fails with its report.

    With `jacobian=`, `vjp=`, `jvp=` or `hessian=` it is `check_jacobian` and so on. Without
    a point, Hypothesis draws points where the mark `gradient` says, and shrinks to the simplest
    that fails.
    """
    mark = request.node.get_closest_marker("gradient")

    found: list[Report] = request.node.stash.setdefault(FOUND, [])

    def once(f: Callable[..., Any], *xs: Any, allow_nan: bool = True, **options: Any) -> Report:
        __tracebackhide__ = True
        kinds = [kind for kind in BY_HAND if kind in options]
        check: Any = getattr(testing, f"check_{kinds[0]}") if kinds else testing.gradcheck
        try:
            report: Report = check(f, *xs, **options)
        except GradientError as error:
            report = error.report
        untold = report.verdict == "inconclusive" and not report.derivatives
        if untold and not allow_nan and report.order == 1:
            why = "draw where it is finite, or leave such points out by allow_nan=True"
            at = ", ".join(map(repr, xs))
            reason = f"{report.reason.removesuffix(' there')} at {at}: {why}"
            report = replace(report, verdict="fail", reason=reason)
        found.append(report)
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
    """The worst report over points that are drawn: of a failure, the simplest."""
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
        if report.verdict == "fail":
            raise GradientError(report)

    try:
        every()
    except GradientError as error:
        return error.report
    passed = [report for report in reports if report]
    return passed[-1] if passed else reports[-1]


def _page(found: list[tuple[str, Row]]) -> str:
    rows = []
    for test, row in sorted(found, key=lambda each: each[1].verdict == "pass"):
        cells = "".join([f"<td>{escape(cell)}</td>" for cell in (test, *row.cells)])
        more = f'<tr><td colspan="8">{row.picture}</td></tr>' if row.picture else ""
        rows.append(f'<tr class="{row.verdict}">{cells}</tr>{more}')
    count = sum([row.verdict != "pass" for _, row in found])
    heads = ["test", "verdict", "where", "x", "analytic", "numeric", "oracle", "reason"]
    return f"""<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Gradients that were checked</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>:root{{color-scheme:light dark}}body{{font:14px Helvetica,Arial,sans-serif;margin:1em}}
td,th{{text-align:left;padding:.3em .5em;border-bottom:1px solid #8886;vertical-align:top}}
.fail td:nth-child(2){{font-weight:bold}}div{{overflow-x:auto}}
svg{{max-width:min(640px,90vw);height:auto}}</style>
<main><h1>Gradients that were checked</h1><p>{len(found)} checks, {count} not passed</p>
<div tabindex="0" role="region" aria-label="checks"><table>
<thead><tr>{"".join([f"<th>{head}</th>" for head in heads])}</tr></thead>
<tbody>{"".join(rows)}</tbody></table></div></main></html>
"""
