"""The digits demo: honest splits, what it reaches, and the model it saves."""

import random
from collections import Counter

import pytest

pytest.importorskip("matplotlib")
pytest.importorskip("sklearn")

from demos import digits
from demos.digits import Digits

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def splits() -> tuple[Digits, Digits, Digits]:
    """The images to learn from, to validate and to test with."""
    rest, test = digits.load().split(digits.TEST)
    return (*rest.split(digits.VALIDATION), test)


def test_parts_make_up_the_whole_and_keep_their_labels(
    splits: tuple[Digits, Digits, Digits],
) -> None:
    assert [len(part.images) for part in splits] == [1257, 180, 360]
    whole = digits.load()
    counts = [Counter(zip(map(tuple, part.images), part.labels)) for part in (*splits, whole)]
    assert counts[0] + counts[1] + counts[2] == counts[3]
    pixels = {pixel for image in whole.images for pixel in image}
    assert (min(pixels), max(pixels)) == (0.0, 1.0)


def test_each_digit_has_its_share_of_each_part(splits: tuple[Digits, Digits, Digits]) -> None:
    whole = Counter(digits.load().labels)
    for part in splits:
        for digit, count in Counter(part.labels).items():
            assert abs(count - whole[digit] * len(part.labels) / 1797) <= 1.0


def test_the_split_does_not_depend_on_the_seed() -> None:
    random.seed(1)
    one = digits.load().split(360)
    random.seed(2)
    assert digits.load().split(360) == one


def test_a_third_of_the_training_reads_95_percent(
    splits: tuple[Digits, Digits, Digits],
) -> None:
    data, validation, test = splits
    random.seed(0)
    model = digits.new_model()
    history = digits.train(model, data, validation, epochs=6)
    beliefs = digits.probabilities(model, test.images)
    read = [p.index(max(p)) for p in beliefs]
    assert sum([a == b for a, b in zip(read, test.labels)]) / 360 >= 0.95
    assert history["val_loss"][-1] < 0.5 * history["val_loss"][0]
    assert all(abs(sum(p) - 1.0) < 1e-12 for p in beliefs)
