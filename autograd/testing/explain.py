"""Why a check says what it says: the V of truncation and round-off, as a picture."""

from __future__ import annotations

import math
from collections.abc import Iterator
from html import escape
from pathlib import Path

from autograd.files import write_atomically
from autograd.testing.differences import Line, Samples
from autograd.testing.report import Report

__all__ = ["Explanation", "explain"]

WIDTH, HEIGHT, LEFT, TOP, BOTTOM = 640.0, 360.0, 70.0, 50.0, 60.0
LEAST = 1e-18  # of a difference, as a share of the largest number: what floats cannot show
STYLE = """svg{font:13px Helvetica,Arial,sans-serif;background:#fff;color:#222}
text{fill:currentColor;stroke:#fff;stroke-width:4px;paint-order:stroke}path,line{fill:none;stroke:currentColor}.grid{opacity:.15}
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
    sizes = [abs(report.numeric), claimed, *[y for _, y in points], 1e-290]
    least = LEAST * max([size for size in sizes if math.isfinite(size)])
    xs = [math.log10(step) for step, _ in points] or [-16.0, 0.0]
    shown = [
        math.log10(max(y, least))
        for y in (*[y for _, y in points], claimed, least)
        if math.isfinite(y)
    ]
    low, high = math.floor(min(shown)), math.ceil(max(shown)) + 1.0
    left, right = math.floor(min(xs)), math.ceil(max(xs)) + 1.0

    def across(x: float) -> float:
        return LEFT + (x - left) / (right - left) * (WIDTH - LEFT - 20.0)

    def down(y: float) -> float:
        return TOP + (high - y) / (high - low) * (HEIGHT - TOP - BOTTOM)

    def grid() -> Iterator[str]:
        for k in range(int(left), int(right) + 1, max(1, int(right - left) // 6)):
            x = f"{across(k):.1f}"
            yield f'<line class="grid" x1="{x}" x2="{x}" y1="{TOP}" y2="{HEIGHT - BOTTOM}"/>'
            yield f'<text x="{x}" y="{HEIGHT - 40.0}" text-anchor="middle">1e{k}</text>'
        for k in range(int(low), int(high) + 1, max(1, int(high - low) // 6)):
            y = f"{down(k):.1f}"
            yield f'<line class="grid" x1="{LEFT}" x2="{WIDTH - 20.0}" y1="{y}" y2="{y}"/>'
            yield f'<text x="{LEFT - 8.0}" y="{y}" text-anchor="end">1e{k}</text>'

    places = [
        f"{across(x):.1f} {down(math.log10(max(y, least))):.1f}"
        for x, (_, y) in zip(xs, points)
    ]
    claim = down(math.log10(max(claimed, least))) if math.isfinite(claimed) else TOP
    view = f'viewBox="0 0 {WIDTH:g} {HEIGHT:g}" role="img"'
    title = escape(f"{report.verdict}: {report.where} = {report.x:.6g}")
    legend = (
        f"distance of differences from {report.numeric:.10g}, by step; "
        f"dashed: of the analytic {report.analytic:.10g}"
    )
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" {view}>',
            f"<title>{title}</title><desc>{escape(str(report))}</desc><style>{STYLE}</style>",
            f'<text x="{LEFT}" y="24">{title}</text>',
            f'<text x="{LEFT}" y="42">{legend}</text>',
            *grid(),
            f'<path class="v" d="M{" L".join(places)}"/>' if places else "",
            f'<path class="claim" d="M{LEFT} {claim:.1f}H{WIDTH - 20.0}"/>',
            f'<text x="{LEFT}" y="{HEIGHT - 16.0}">round-off</text>',
            f'<text x="{WIDTH - 20.0}" y="{HEIGHT - 16.0}" text-anchor="end">truncation</text>',
            "</svg>",
        ]
    )
