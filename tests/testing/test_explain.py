"""The picture of a check."""

from __future__ import annotations

import math
import pickle
import re
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from autograd.testing import explain, gradcheck


@pytest.mark.parametrize(("share", "verdict"), [(1.0, "pass"), (1.001, "fail")])
def test_the_v_of_truncation_and_round_off(share: float, verdict: str, tmp_path: Path) -> None:
    report = gradcheck(math.exp, 1.0, gradient=lambda x: share * math.exp(x))
    picture = explain(report)
    assert ET.fromstring(picture.svg).tag.endswith("svg")
    assert f"{verdict}: argument 0 = 1" in picture._repr_svg_()
    assert f"dashed: how far {share * math.e:.10g}" in picture.svg
    claim = re.search(r'class="claim" d="M70.0 ([\d.]+)H', picture.svg)
    assert claim
    assert (float(claim[1]) < 100.0) == (verdict == "fail")
    steps = [step for step, _ in picture.points]
    assert max(steps) > 0.1
    assert min(steps) < 1e-14
    far = [off for _, off in picture.points]
    best = far.index(min(far))
    assert 1e-7 < steps[best] < 1e-4
    assert far[0] > 1e4 * far[best] < far[-1]
    assert far[best] < 1e-8
    for path in (tmp_path / "v.svg", tmp_path / "w.SVG"):
        assert picture.save(path) == path
        assert path.read_text("utf-8") == picture.svg


def test_whatever_the_verdict_a_picture_can_be_drawn() -> None:
    for f, x, slope in [
        (abs, 0.0, 0.5),
        (lambda x: 3.0 * x, 1.0, 3.0),
        (math.sqrt, 0.0, math.inf),
        (math.sqrt, 0.0, math.nan),
        (lambda x: 1e8 + x * x, 1e-3, 2e-3),
    ]:
        report = gradcheck(f, x, gradient=lambda x, slope=slope: slope)
        assert ET.fromstring(explain(report).svg) is not None


def test_a_report_without_differences_is_not_drawn() -> None:
    report = gradcheck(lambda x: x * x, 2.0)
    assert explain(report).points
    with pytest.raises(ValueError):
        explain(pickle.loads(pickle.dumps(report)))
