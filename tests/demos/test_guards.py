"""What the demos check of themselves, and what they leave out if there is nothing to show."""

import importlib
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("matplotlib")
pytest.importorskip("rich")
pytest.importorskip("sklearn")

from demos import digits, gpt, speech
from demos.regression import Descent
from demos.speech import Speech
from tests.helpers.tables import table

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs of a second."""
    monkeypatch.setattr(digits, "QUICK_EPOCHS", 1)
    monkeypatch.setattr(digits, "QUICK_IMAGES", 100)
    monkeypatch.setattr(gpt, "QUICK_STEPS", 1)
    monkeypatch.setattr(gpt, "HELD_OUT", 8)
    parts = {part: speech.load(part) for part in ("TRAIN", "TEST")}
    tenths = {x: Speech(s.utterances[::10], s.speakers[::10]) for x, s in parts.items()}
    monkeypatch.setattr(speech, "load", tenths.__getitem__)


DESCENT = Descent([1.0] * 200, [[0.0, 0.0]] * 200)


@pytest.mark.parametrize(
    ("demo", "function", "wrong", "message"),
    table(
        """
"digits" | "nn.load_model" | [None] | "predicts something else"
"speech" | "nn.load_model" | [None] | "hears something else"
"gpt" | "demos.gpt.mean_loss" | [1.0, 2.0] | "give another loss"
"regression" | "demos.regression.with_engine" | [DESCENT] | "differ"
""",
        globals(),
    ),
)
def test_a_result_that_is_wrong_is_noticed(
    demo: str,
    function: str,
    wrong: list[Any],
    message: str,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    results = iter(wrong)
    monkeypatch.setattr(function, lambda *_: next(results))
    with pytest.raises(ArithmeticError, match=message):
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
