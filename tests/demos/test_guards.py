"""The demos check themselves, and leave a picture out if there is nothing to show."""

import importlib
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest

pytest.importorskip("matplotlib")
pytest.importorskip("rich")
pytest.importorskip("sklearn")

from demos import digits, speech
from demos.regression import Descent
from tests.helpers.tables import table

pytestmark = pytest.mark.slow


DESCENT = Descent([1.0] * 200, [[0.0, 0.0]] * 200)


@pytest.mark.parametrize(
    ("demo", "wrong"),
    table(
        """
"digits" | {"nn.load_model": [None]}
"speech" | {"nn.load_model": [None]}
"gpt" | {"demos.gpt.train": [[1.0]], "demos.gpt.mean_loss": [1.0, 2.0]}
"regression" | {"demos.regression.with_engine": [DESCENT]}
""",
        globals(),
    ),
)
def test_a_result_that_is_wrong_is_noticed(
    demo: str, wrong: dict[str, list[Any]], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for function, results in wrong.items():
        monkeypatch.setattr(function, Mock(side_effect=results))
    with pytest.raises(ArithmeticError):
        importlib.import_module(f"demos.{demo}").run(tmp_path, quick=True, seed=0)


def test_without_mistakes_there_is_no_sheet_of_them(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _, images = digits.load().split(digits.TEST)
    for demo, function, answers, classes in (
        (digits, "probabilities", images.labels, 10),
        (speech, "heard", speech.load("TEST").speakers, 9),
    ):
        sure = [[float(i == answer) for i in range(classes)] for answer in answers]
        monkeypatch.setattr(demo, function, lambda model, data, sure=sure: sure)
        demo.run(tmp_path, quick=True, seed=0)
        assert f"100.0% ({len(sure)} right)" in capsys.readouterr().out
    assert not [*tmp_path.glob("*-mis*.png")]
