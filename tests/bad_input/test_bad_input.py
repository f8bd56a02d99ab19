"""Every mistaken call raises what it should, says what is wrong, and changes nothing."""

import contextlib
import itertools
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("matplotlib")
pytest.importorskip("scipy")

from autograd import Value
from autograd.core.sweeps import topological_order
from tests.bad_input import areas
from tests.bad_input.public import public_names
from tests.bad_input.rows import Row
from tests.bad_input.world import World
from tests.helpers.builds import THIS, require, run

ROWS = [row for area in areas.AREAS for row in area]
BY_NAME = {
    name: list(rows)
    for name, rows in itertools.groupby(
        sorted(ROWS, key=lambda row: row.name), key=lambda row: row.name
    )
}
SECONDS = 100


@contextlib.contextmanager
def at_most(seconds: int, what: str) -> Iterator[None]:
    """Ends a call that takes longer, where there are signals to do so."""

    def ring(*_: object) -> None:
        raise RuntimeError(f"{what} takes longer than {seconds} s")

    if not hasattr(signal, "SIGALRM"):
        yield
        return
    before = signal.signal(signal.SIGALRM, ring)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def faults(row: Row, folder: Path) -> Iterator[str]:
    """Name each fault of the answer to a mistake."""
    world = World(folder)
    control = row.error is None
    before = world.touched()
    with at_most(SECONDS, f"{row.name}({row.case})"):
        try:
            result = row.call(world)
        except Exception as error:
            if control:
                yield f"the call is no mistake, but raises {error!r}"
                return
            if type(error) is not row.error:
                yield f"raises {error!r:.200}, not {row.error}"
            message = " ".join([str(error), *getattr(error, "__notes__", [])]) + "$"
        else:
            if not control:
                yield f"gives {result!r:.80}"
            return
    for word in row.words:
        choice = (word,) if isinstance(word, str) else word
        if not any(each in message for each in choice):
            yield f"says {message!r:.200}, without {' or '.join(choice)}"
    if len(message) > 1000:
        yield f"says {len(message)} characters"
    after = world.touched()
    for key, was in before.items():
        if after[key] != was:
            yield f"changes {key}: {was!r:.300} → {after[key]!r:.300}"


@pytest.mark.parametrize("name", BY_NAME)
def test_a_mistake_is_told_and_changes_nothing(name: str, tmp_path: Path) -> None:
    found = [
        f"{row.name}({row.case}): {fault}"
        for row in BY_NAME[name]
        for fault in faults(row, tmp_path)
    ]
    assert not found, "\n" + "\n".join(found)


@pytest.mark.parametrize("other", [None, 3.0, "3", object()])
def test_a_method_of_something_else(other: Any) -> None:
    """The compiled methods take what they are called on for a node; they must look first."""
    for name, method in vars(Value).items():
        if THIS == "compiled" and type(method).__name__ == "cython_function_or_method":
            with pytest.raises(TypeError, match=f"{name} is called on a Value, not a "):
                method(other)
            with pytest.raises(TypeError, match=f"{name} is called on a Value, not a "):
                method(*[other], odd=1)
    with pytest.raises((TypeError, AttributeError)):
        Value.exp(other)
    with pytest.raises(TypeError, match="topological_order takes Values, got"):
        topological_order(other)


def test_no_call_ends_the_interpreter() -> None:
    require("compiled")
    done = run("compiled", "-m", "tests.bad_input.nonsense")
    assert done.returncode == 0, done.stderr.decode()[-2000:]
    count, gradients = done.stdout.decode().split(maxsplit=1)
    assert int(count) > 50_000
    assert gradients.strip() == "[2.0, 3.0]"


def test_every_public_name_has_mistakes() -> None:
    wanted = public_names()
    known = BY_NAME.keys() | areas.WITHOUT.keys()
    assert not wanted - known, "these have no rows"
    assert not BY_NAME.keys() & areas.WITHOUT.keys()
