"""Every demo, run quickly: what it prints and the files it leaves."""

import contextlib
import io
from dataclasses import dataclass
from pathlib import Path

import pytest

pytest.importorskip("matplotlib")
pytest.importorskip("sklearn")
pytest.importorskip("rich")

import matplotlib.image

from demos.__main__ import DEMOS, main
from tests.helpers.tables import table

pytestmark = pytest.mark.slow

FILES = dict(
    table(
        """
"moons" | {"moons-graph.svg", "moons-steps.html", "moons-training.html", "moons.png"}
"regression" | {"regression.png"}
"gradients" | {"gradients.png", "schedules.png"}
"sweep" | {"sweep", "sweep-map.png"}
"gpt" | {"gpt.png", "gpt-weights.npz"}
"names" | {"names.png"}
""",
        globals(),
    )
) | {
    "digits": {
        "digits-confusion.png",
        "digits-graph.svg",
        "digits-learning.png",
        "digits-misread.png",
        "digits-model.json",
        "digits-read.png",
        "digits-steps.html",
        "digits-training.html",
    },
    "speech": {
        "speech-confusion.png",
        "speech-learning.png",
        "speech-misheard.png",
        "speech-model.json",
    },
}


@dataclass(frozen=True)
class Result:
    """A finished run."""

    name: str
    folder: Path
    output: str
    errors: str


def quick_run(name: str, folder: Path) -> Result:
    """The demo's short run with seed 0."""
    output, errors = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(output), contextlib.redirect_stderr(errors):
        assert main([name, "--quick", "--out", str(folder)]) == 0
    return Result(name, folder, output.getvalue(), errors.getvalue())


@pytest.fixture(scope="module", params=[*DEMOS])
def result(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Result:
    """Each demo's short run, made once."""
    return quick_run(request.param, tmp_path_factory.mktemp(request.param))


def test_it_leaves_these_files_and_nothing_half_written(result: Result) -> None:
    assert {path.name for path in result.folder.iterdir()} == FILES[result.name]


def test_it_names_every_file_it_wrote(result: Result) -> None:
    assert all(str(result.folder / file) in result.output for file in FILES[result.name])


def test_its_pictures_are_png_and_show_something(result: Result) -> None:
    for path in result.folder.glob("*.png"):
        pixels = matplotlib.image.imread(path)
        height, width, _ = pixels.shape
        assert height >= 300
        assert width >= 800
        assert pixels.std() > 0.02


def test_piped_output_has_no_bars_and_no_control_characters(result: Result) -> None:
    assert result.errors == ""
    assert all(c.isprintable() or c == "\n" for c in result.output)
    assert "short run" in result.output


def test_its_lines_fit_a_terminal(result: Result) -> None:
    said = [line for line in result.output.splitlines() if str(result.folder) not in line]
    assert max(map(len, said)) <= 100


@pytest.mark.parametrize("name", ["moons", "regression"])
def test_the_same_seed_prints_the_same(name: str, tmp_path: Path) -> None:
    outputs = [quick_run(name, tmp_path).output for _ in range(2)]
    assert outputs[0] == outputs[1]
