"""A picture of the reason for a verdict: the V of truncation and round-off."""

from __future__ import annotations

import math
from html import escape
from pathlib import Path

from autograd.files import write_atomically
from autograd.testing.differences import Line, Samples
from autograd.testing.report import Report

__all__ = ["Explanation", "explain"]

WIDTH, HEIGHT, LEFT, TOP, BOTTOM = 640.0, 360.0, 70.0, 50.0, 60.0
LEAST = 1e-18  # of a difference, as a share of the largest number: what floats cannot show
STYLE = """svg{font:13px Helvetica,Arial,sans-serif;background:#fff;color:#222}
text{fill:currentColor;stroke:#fff;stroke-width:4px;paint-order:stroke}path{fill:none;stroke:currentColor}
.grid{opacity:.15}
.v{stroke:#06c;stroke-width:2}.claim{stroke:#c30;stroke-width:2;stroke-dasharray:7 4}
@media(prefers-color-scheme:dark){svg{background:#111;color:#ddd}text{stroke:#111}
.v{stroke:#6bf}.claim{stroke:#f85}}"""


class Explanation:
    """A picture of the differences over all steps. A notebook shows it.

    Attributes:
        svg: its text.
        points: the steps, and how far the central difference over each is from `numeric`.

    >>> from autograd.testing import explain, gradcheck
    >>> explanation = explain(gradcheck(lambda x: x**3, 2.0, gradient=lambda x: 3.0 * x))
    >>> explanation.svg.startswith("<svg")
    True
    """

    def __init__(self, svg: str, points: list[tuple[float, float]]) -> None:
        self.svg, self.points = svg, points

    def _repr_svg_(self) -> str:
        return self.svg

    def save(self, path: str | Path) -> Path:
        """Write it to a file, and return its path; the old one stays whole until then.

        Raises:
            ValueError: the name does not end in .svg.
            OSError: the file cannot be written.
        """
        target = Path(path)
        if target.suffix.lower() != ".svg":
            raise ValueError(f"Explanation.save: {path} does not end in .svg")
        write_atomically(target, self.svg.encode())
        return target


def explain(report: Report) -> Explanation:
    """Draw how differences near their limit as steps fall, until round-off takes them away.

    The dashed line is as far from `report.numeric` as the analytic value is: where the V goes
    below it, differences tell that this value is wrong. f is called about 200 times more.

    Raises:
        ValueError: the report is on no derivative by differences, or comes from a pickle.

    >>> from autograd.testing import gradcheck
    >>> explain(gradcheck(lambda x: x**3, 2.0)).svg[:4]
    '<svg'
    """
    if not isinstance(report, Report):
        raise TypeError(f"explain takes the Report of a check, got {report!r:.80}")
    if report.line is None:
        raise ValueError("explain: the report has no differences; check again, in this process")
    old: Line = report.line
    samples = Samples(old.samples.f, 1000)
    line = Line(samples, old.x, old.y, 0.0, old.grain, old.output, old.rounded)
    limit = report.numeric if math.isfinite(report.numeric) else report.analytic
    scale = abs(line.x) or 1.0
    levels = [line.level(scale * 2.0 ** (-0.5 * k)) for k in range(2, 102)]
    seen = [(level.step, abs(level.central - limit)) for level in levels if level is not None]
    points = [(step, off) for step, off in seen if math.isfinite(off)]
    return Explanation(_svg(report, points, abs(report.analytic - limit)), points)


def _svg(report: Report, points: list[tuple[float, float]], claimed: float) -> str:
    offs = [y for y in (*[y for _, y in points], claimed, 1e-290) if math.isfinite(y)]
    least = LEAST * max([abs(report.numeric) if math.isfinite(report.numeric) else 0.0, *offs])
    xs = [math.log10(step) for step, _ in points] or [-16.0, 0.0]
    ys = [math.log10(max(y, least)) for _, y in points]
    claim = math.log10(max(claimed, least)) if math.isfinite(claimed) else math.inf
    low = math.log10(least)
    high = max([low + 1.0, *[y for y in (*ys, claim) if y < math.inf]])

    def across(x: float) -> float:
        return LEFT + (x - xs[-1]) / (xs[0] - xs[-1]) * (WIDTH - LEFT - 20.0)

    def down(y: float) -> float:
        return TOP + (high - min(y, high)) / (high - low) * (HEIGHT - TOP - BOTTOM)

    drawn = []
    for k in range(math.ceil(xs[-1]), math.floor(xs[0]) + 1, max(1, int(xs[0] - xs[-1]) // 6)):
        at = f'x="{across(k):.1f}" y="{HEIGHT - 40.0}"'
        drawn.append(f'<text {at} text-anchor="middle">1e{k}</text>')
    for k in range(math.ceil(low), math.floor(high) + 1, max(1, int(high - low) // 6)):
        drawn.append(f'<path class="grid" d="M{LEFT} {down(k):.1f}H{WIDTH - 20.0}"/>')
        drawn.append(f'<text x="{LEFT - 8.0}" y="{down(k):.1f}" text-anchor="end">1e{k}</text>')
    places = " L".join([f"{across(x):.1f} {down(y):.1f}" for x, y in zip(xs, ys)])
    title = escape(f"{report.verdict}: {report.where} = {report.x:.6g}")
    view = f'viewBox="0 0 {WIDTH:g} {HEIGHT:g}" role="img"'
    return f"""<svg xmlns="http://www.w3.org/2000/svg" {view}>
<title>{title}</title><desc>{escape(str(report))}</desc><style>{STYLE}</style>
<text x="{LEFT}" y="24">{title}</text>
<text x="{LEFT}" y="42">how far measured slopes are from {report.numeric:.10g}; \
dashed: how far {report.analytic:.10g} is</text>
{"".join(drawn)}{f'<path class="v" d="M{places}"/>' if places else ""}
<path class="claim" d="M{LEFT} {down(claim):.1f}H{WIDTH - 20.0}"/>
<text x="{LEFT}" y="{HEIGHT - 16.0}">round-off</text>
<text x="{WIDTH / 2}" y="{HEIGHT - 16.0}" text-anchor="middle">length of the nudge</text>
<text x="{WIDTH - 20.0}" y="{HEIGHT - 16.0}" text-anchor="end">truncation</text></svg>"""
