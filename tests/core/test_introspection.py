"""Whoever looks at the engine, or errs, sees the same in both builds."""

import json
import pickle

import pytest

from tests.helpers.builds import OTHER, THIS, require, run
from tests.helpers.described import described

pytestmark = pytest.mark.slow

GRAPH = "import pickle, sys; from tests.helpers.described import described, graph\n"


def test_both_builds_look_the_same() -> None:
    require(OTHER)
    found = []
    for build in (THIS, OTHER):
        done = run(build, "-m", "tests.helpers.seen")
        assert done.returncode == 0, done.stderr.decode()
        found.append(json.loads(done.stdout))
    here, there = found
    assert here.keys() == there.keys()
    assert {key: (here[key], there[key]) for key in here if here[key] != there[key]} == {}


def test_a_pickle_of_one_build_is_read_by_the_other() -> None:
    require(OTHER)
    written = {
        build: run(build, "-c", GRAPH + "sys.stdout.buffer.write(pickle.dumps(graph()))").stdout
        for build in (THIS, OTHER)
    }
    assert described(pickle.loads(written[OTHER])) == described(pickle.loads(written[THIS]))
    again = run(
        OTHER,
        "-c",
        GRAPH + "print(described(pickle.load(sys.stdin.buffer)) == described(graph()))",
        stdin=written[THIS],
    )
    assert again.stdout == b"True\n", again.stderr.decode()
    assert written[THIS] == written[OTHER]
