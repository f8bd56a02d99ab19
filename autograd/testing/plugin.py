"""A plugin of pytest: the fixture `gradcheck`, the mark `gradient`, and a report in HTML.

@pytest.mark.gradient(points=[(0.1, 10.0)])
def test_log(gradcheck):
    gradcheck(numpy.log, gradient=lambda x: 1.0 / x)
"""

from __future__ import annotations

from collections.abc import Callable
from html import escape
from pathlib import Path
from typing import Any

import pytest

from autograd import testing
from autograd.files import write_atomically
from autograd.testing.report import GradientError, Report

BY_HAND = ("jacobian", "vjp", "jvp", "hessian")
FOUND = pytest.StashKey[list[tuple[str, Report]]]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--gradcheck-report FILE.html`."""
    group = parser.getgroup("gradcheck")
    words = "write what was checked, where, and with which error"
    group.addoption("--gradcheck-report", metavar="FILE.html", type=Path, help=words)


def pytest_configure(config: pytest.Config) -> None:
    """The mark, and the reports."""
    config.stash[FOUND] = []
    config.addinivalue_line(
        "markers",
        "gradient(points, max_examples=25): gradcheck is called without a point, and draws it: "
        "for each argument from (low, high), a strategy or the domain of a primitive",
    )


@pytest.fixture
def gradcheck(request: pytest.FixtureRequest) -> Callable[..., Report]:
    """Check derivatives, as `autograd.testing.gradcheck` does; fails with its report.

    With `jacobian=`, `vjp=`, `jvp=` or `hessian=` it is `check_jacobian` and so on. Without
    a point, Hypothesis draws points where the mark `gradient` says, and shrinks to the simplest
    that fails.
    """
    mark = request.node.get_closest_marker("gradient")

    def once(f: Callable[..., Any], *xs: Any, **options: Any) -> Report:
        __tracebackhide__ = True
        kinds = [kind for kind in BY_HAND if kind in options]
        check: Any = getattr(testing, f"check_{kinds[0]}") if kinds else testing.gradcheck
        try:
            report: Report = check(f, *xs, **options)
        except GradientError as error:
            report = error.report
        request.config.stash[FOUND].append((request.node.nodeid, report))
        return report

    def check(f: Callable[..., Any], *xs: Any, **options: Any) -> Report:
        __tracebackhide__ = True
        if xs or mark is None:
            report = once(f, *xs, **options)
        else:
            report = _drawn(lambda *xs: once(f, *xs, **options), *mark.args, **mark.kwargs)
        if not report:
            raise GradientError(report)
        return report

    return check


def _drawn(once: Callable[..., Report], points: Any = None, max_examples: int = 25) -> Report:
    """The worst report over points that are drawn: of a failure, the simplest."""
    if not isinstance(points, (list, tuple)) or {int, float} & set(map(type, points)):
        raise TypeError(
            "the mark gradient takes points=[(low, high)], a domain for each argument, got "
            f"points={points!r}"
        )
    from hypothesis import given, settings
    from hypothesis import strategies as st

    from autograd.testing.strategies import points as operands

    reports: list[Report] = []

    def domain(of: Any) -> st.SearchStrategy[Any]:
        if isinstance(of, st.SearchStrategy):
            return of
        return operands(of).map(lambda xs: xs[0]) if isinstance(of, str) else st.floats(*of)

    @settings(max_examples=max_examples, deadline=None, database=None, derandomize=True)
    @given(st.tuples(*map(domain, points)))
    def every(xs: tuple[Any, ...]) -> None:
        reports.append(once(*xs))
        if reports[-1].verdict == "fail":
            raise GradientError(reports[-1])

    try:
        every()
    except GradientError as error:
        return error.report
    passed = [report for report in reports if report]
    return passed[-1] if passed else reports[-1]


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Write the report that was asked for."""
    path = config.getoption("--gradcheck-report")
    if path is not None:
        write_atomically(path, _page(config.stash[FOUND]).encode())
        terminalreporter.write_line(f"gradients that were checked: {path}")


def _page(found: list[tuple[str, Report]]) -> str:
    rows, last = [], dict(found)  # of points that fail, only the last, which is the simplest
    found = [each for each in found if each[1].verdict != "fail" or each[1] is last[each[0]]]
    for test, report in sorted(found, key=lambda each: bool(each[1])):
        cells = [test, report.verdict, report.where, repr(report.x), repr(report.analytic)]
        cells += [f"{report.numeric!r} ± {report.error:.1e}", report.oracle, report.reason]
        row = "".join([f"<td>{escape(cell)}</td>" for cell in cells])
        drawn = report.line and not report and report is last[test]
        picture = testing.explain(report).svg if drawn else ""
        more = f'<tr><td colspan="8">{picture}</td></tr>' if picture else ""
        rows.append(f'<tr class="{report.verdict}">{row}</tr>{more}')
    count = sum([not report for _, report in found])
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
