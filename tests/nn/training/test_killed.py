"""A training that is killed at any moment goes on to the very same result."""

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from nn.training.checkpoint import read_checkpoint
from tests.helpers.builds import OTHER, THIS, Worker, require

pytestmark = pytest.mark.slow

NAMES = ["adam", "sgd"]
KILLED, DONE = -9, 0


@pytest.fixture(scope="module", name="here")
def _here() -> Iterator[Worker]:
    with Worker(THIS, "tests.helpers.killed") as worker:
        yield worker


@pytest.fixture(scope="module", name="there")
def _there() -> Iterator[Worker]:
    require(OTHER)
    with Worker(OTHER, "tests.helpers.killed") as worker:
        yield worker


def trained(worker: Worker, name: str, path: Path | None, **how: Any) -> Any:
    """Go on training from the file, and return the outcome; None if it was killed.

    Either way there is a whole checkpoint or, from before the first, none; beside it there
    is nothing but one hidden file for each write that was killed.
    """
    place = None if path is None else str(path)
    before = 0 if path is None else left_beside(path)
    answer = worker.ask({"name": name, "path": place, "resume": path is not None, **how})
    assert answer["status"] in (KILLED, DONE)
    if path is not None:
        assert left_beside(path) - before <= (answer["status"] == KILLED)
        if path.exists():
            read_checkpoint(path)
    return answer["result"]


def left_beside(path: Path) -> int:
    names = [p.name for p in path.parent.iterdir() if p != path]
    assert all(name.startswith(f".{path.name}.") for name in names)
    return len(names)


def same(result: Any, whole: Any) -> bool:
    """Bit for bit: JSON keeps every float as it is."""
    return all(result[part] == whole[part] for part in whole if part != "passed")


@pytest.fixture(scope="module", name="wholes")
def _wholes(here: Worker) -> dict[str, Any]:
    """Return the outcome of each training if nothing happens."""
    return {name: trained(here, name, None) for name in NAMES}


def test_the_trainings_use_what_they_are_to_test(
    here: Worker, wholes: dict[str, Any], tmp_path: Path
) -> None:
    adam, sgd = wholes["adam"], wholes["sgd"]
    assert len(adam["history"]["loss"]) == 8  # stopped early, of 10
    assert adam["early_stopping"]["waited"] == 2
    assert adam["early_stopping"]["best_state"] == adam["model"]
    assert len(sgd["history"]["loss"]) == 10
    trained(here, "adam", tmp_path / "run.json", die_at=25)
    assert read_checkpoint(tmp_path / "run.json")["random"][2] is not None


def goes_on(worker: Worker, name: str, whole: Any, folder: Path, die_at: int) -> bool:
    """A training that is killed there, once, goes on to the same result."""
    path = folder / str(die_at) / "run.json"
    path.parent.mkdir()
    assert trained(worker, name, path, die_at=die_at) is None
    return same(trained(worker, name, path), whole)


@pytest.mark.parametrize("name", NAMES)
def test_killed_once(name: str, here: Worker, wholes: dict[str, Any], tmp_path: Path) -> None:
    """At every point of the first write and of the last one, and at some between; of the
    second training, whose writes are the same, at some only."""
    result = trained(here, name, tmp_path / "run.json")
    assert same(result, wholes[name])  # checkpoints change nothing
    points = result["passed"]
    between = random.Random(name).sample(range(25, points - 10), 4)
    writes = [*range(1, 13), *range(points - 10, points + 1)] if name == "adam" else []
    for die_at in between + writes:
        assert goes_on(here, name, wholes[name], tmp_path, die_at), die_at


@pytest.mark.soak
@pytest.mark.parametrize("name", NAMES)
def test_killed_once_at_every_point(
    name: str, here: Worker, wholes: dict[str, Any], tmp_path: Path
) -> None:
    for die_at in range(1, trained(here, name, tmp_path / "run.json")["passed"] + 1):
        assert goes_on(here, name, wholes[name], tmp_path, die_at), die_at


@pytest.mark.parametrize("seed", range(4))
def test_killed_in_one_build_and_resumed_in_the_other(
    seed: int, here: Worker, there: Worker, wholes: dict[str, Any], tmp_path: Path
) -> None:
    rng, name, path = random.Random(seed), NAMES[seed % 2], tmp_path / "run.json"
    builds = [here, there]
    while (result := trained(builds[0], name, path, die_at=rng.randint(1, 60))) is None:
        builds.reverse()
    assert same(result, wholes[name])
    assert same(trained(there, name, None), wholes[name])
