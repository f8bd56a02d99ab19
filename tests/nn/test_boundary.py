"""Boundary: when there is one, what is kept of a long training, and where it runs."""

import functools
from pathlib import Path
from typing import Any

import pytest

import nn
from nn.boundary import MOST_SNAPSHOTS, Boundary
from tests.helpers.boundaries import SQUARE, Fixed, boundary_of, plane_of, train, trained
from tests.helpers.tables import table


@pytest.mark.parametrize(
    ("samples", "fits"),
    table(
        """
SQUARE | True
[([0, 1], 0), ([1, 1], 1)] | True
[((0.0, 1.0), [1.0, 0.0]), ((1.0, 1.0), [0.0, 1.0])] | True
[([0.0, 1.0], [0.0]), ([1.0, 1.0], [1.0])] | True
[([0.0, 1.0], 1.0), ([1.0, 1.0], 1.0)] | False
[([0.0, k], float(k)) for k in range(11)] | False
[([0.0], 0.0), ([1.0], 1.0)] | False
[([0.0, 1.0, 2.0], 0.0), ([0.0, 1.0, 2.0], 1.0)] | False
[([0.0, float("nan")], 0.0), ([1.0, 1.0], 1.0)] | False
[(0.5, 0.0), (1.0, 1.0)] | False
[("ab", 0.0), ("cd", 1.0)] | False
[([0.0, 1.0], "a"), ([1.0, 1.0], "b")] | False
[([0.0, 1.0], None), ([1.0, 1.0], None)] | False
[([0.0, 1.0], []), ([1.0, 1.0], [])] | False
""",
        globals(),
    ),
)
def test_what_has_a_boundary(samples: Any, fits: bool) -> None:
    assert Boundary.fits(samples) is fits


def test_fit_keeps_the_parameters_of_every_epoch() -> None:
    history = trained()
    plane = plane_of(history.boundary)
    assert plane.epochs == [0, 1, 2, 3, 4, 5]
    assert len({str(fields) for fields in plane.fields}) == 6
    (field,) = plane.fields[-1]
    assert all((row[0] < 0.0) and (row[-1] > 0.0) for row in field)
    assert plane.names == ["class -1", "class 1"]
    assert plane.rule == "output = 0"
    assert [k for _, _, k in plane.points] == [0, 0, 1, 1]


def test_a_resumed_training_has_the_epochs_since(tmp_path: Path) -> None:
    settings: dict[str, Any] = {"checkpoint": tmp_path / "checkpoint.json", "resume": True}
    train(3, **settings)
    resumed = train(5, **settings)
    assert plane_of(resumed.boundary).epochs == [3, 4, 5]
    assert plane_of(resumed.boundary).fields == plane_of(trained().boundary).fields[3:]
    resumed.save(tmp_path / "training.html")


def test_a_copy_of_the_model_answers_as_in_evaluation() -> None:
    class Doubled(Fixed):
        def forward(self, x: Any) -> Any:
            return x[0] * (2.0 if self.training else 1.0)

    model = Doubled(None)
    boundary = Boundary(model, SQUARE, nn.mse_loss)
    boundary.keep(0)
    model.p.data = 7.0
    plane = plane_of(boundary)
    assert plane.fields[0][0][0][0] == plane.xs[0]
    assert (model.training, model.p.data) == (True, 7.0)


@pytest.mark.parametrize("first", [0, 37])
def test_a_long_training_is_thinned_evenly(first: int) -> None:
    boundary = Boundary(Fixed(None), SQUARE, nn.mse_loss)
    for epoch in range(first, first + 1001):
        boundary.keep(epoch)
        assert len(boundary.epochs) <= MOST_SNAPSHOTS + 2
        assert boundary.epochs[0] == first
        assert boundary.epochs[-1] == epoch
    gaps = {b - a for a, b in zip(boundary.epochs[1:-1], boundary.epochs[2:-1])}
    assert gaps == {32}
    assert len(boundary.epochs) > MOST_SNAPSHOTS / 2


LOGITS = nn.binary_cross_entropy_with_logits


@pytest.mark.parametrize(
    ("low", "loss", "threshold"),
    [
        (-1.0, nn.hinge_loss, 0.0),
        (0.0, nn.mse_loss, 0.5),
        (0.0, nn.binary_cross_entropy, 0.5),
        (0.0, LOGITS, 0.0),
        (0.0, functools.partial(LOGITS, reduction="sum"), 0.0),
    ],
)
def test_the_threshold(low: float, loss: Any, threshold: float) -> None:
    samples = [([0.0, 0.0], low), ([1.0, 0.0], 1.0)]
    boundary = boundary_of(lambda x, p: x[0], samples, loss)
    assert boundary.threshold == threshold
    boundary.threshold = 0.25
    plane = plane_of(boundary)
    assert plane.rule == "output = 0.25"
    assert plane.fields[0][0][0][0] == plane.xs[0] - 0.25


def test_two_outputs() -> None:
    samples = [([0.0, 0.0], 0), ([1.0, 1.0], 1)]
    plane = plane_of(boundary_of(lambda x, p: [x[0], x[1] + p], samples))
    ((field,),) = plane.fields
    assert field[3][5] == plane.ys[3] - plane.xs[5]
    assert plane.rule == "the two greatest outputs are equal"


def test_three_outputs_one_of_them_never_seen() -> None:
    samples = [([0.0, 0.0], [1, 0, 0]), ([1.0, 1.0], [0, 0, 1])]
    plane = plane_of(boundary_of(lambda x, p: [x[0], x[1], 0.0], samples))
    assert len(plane.fields[0]) == 3
    assert [k for _, _, k in plane.points] == [0, 2]
    for k, field in enumerate(plane.fields[0]):
        outputs = [plane.xs[1], plane.ys[2], 0.0]
        assert field[2][1] == outputs.pop(k) - max(outputs) if k != 0 else True


@pytest.mark.parametrize(
    ("answer", "targets"),
    [
        (lambda x, p: x[0], (0.0, 1.0, 2.0)),  # one output, three numbers: a regression
        (lambda x, p: [x[0], x[1]], (0.0, 1.0, 2.0)),  # a class without an output
        (lambda x, p: [x[0], x[1]], (0.5, 1.0)),
    ],
)
def test_a_model_that_does_not_classify_has_no_picture(answer: Any, targets: Any) -> None:
    samples = [([float(k), 1.0], target) for k, target in enumerate(targets)]
    assert boundary_of(answer, samples).plane() is None
    assert Boundary(Fixed(answer), SQUARE, nn.mse_loss).plane() is None  # nothing is kept yet


@pytest.mark.parametrize("scale", [1e-6, 0.1, 10.0, 1e6])
def test_inputs_of_unlike_scales_have_a_scale_each(scale: float) -> None:
    samples = [([0.0, 0.0], 0.0), ([1.0, scale], 1.0)]
    plane = plane_of(boundary_of(lambda x, p: x[0], samples))
    assert len(plane.xs) == len(plane.ys) == 33
    assert plane.ys[0] == pytest.approx(scale * plane.xs[0])
    assert plane.ys[-1] == pytest.approx(scale * plane.xs[-1])
