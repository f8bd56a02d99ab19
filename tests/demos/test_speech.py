"""The speech demo: the published split, what it reaches, and the model it saves."""

import random
from collections import Counter

import pytest

pytest.importorskip("matplotlib")
pytest.importorskip("sktime")

from demos import speech
from demos.speech import Speech

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def parts() -> tuple[Speech, Speech]:
    """The utterances to learn from and to test with, scaled."""
    recorded = speech.load("TRAIN")
    return speech.scaled(recorded, recorded), speech.scaled(speech.load("TEST"), recorded)


def test_the_split_is_the_published_one(parts: tuple[Speech, Speech]) -> None:
    data, test = parts
    assert Counter(data.speakers) == dict.fromkeys(range(9), 30)
    assert [*Counter(test.speakers).values()] == [31, 35, 88, 44, 29, 24, 40, 50, 29]
    lengths = [len(frames) for part in parts for frames in part.utterances]
    assert (min(lengths), max(lengths)) == (7, 29)
    assert {len(frame) for frames in test.utterances for frame in frames} == {12}
    assert not {str(frames) for frames in data.utterances} & {str(f) for f in test.utterances}


def test_a_fifth_of_the_training_tells_95_percent(parts: tuple[Speech, Speech]) -> None:
    data, test = parts
    random.seed(0)
    model = speech.new_model()
    speech.train(model, data, epochs=4)
    beliefs = speech.heard(model, test)
    guessed = [p.index(max(p)) for p in beliefs]
    assert sum([a == b for a, b in zip(guessed, test.speakers)]) / 370 >= 0.95
    assert all(abs(sum(p) - 1.0) < 1e-12 for p in beliefs)


def test_without_sktime_the_demo_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(ModuleNotFoundError) as caught:
        speech.load("TRAIN")
    assert caught.value.name == "sktime"
