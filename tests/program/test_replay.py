"""Programs saved, loaded, pickled and drawn; arguments by name."""

import json
import math
import pickle
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given

import autograd
from autograd import Value, load_program, primitive, where
from autograd.core.primitive import TABLE
from autograd.files import CHECKSUM, with_checksum
from autograd.program import compile
from autograd.program.program import Program
from autograd.testing.programs import Listing
from autograd.testing.strategies import programs
from tests.program.test_compiled import close, result, spread


def f(w: Any, x: Any) -> Any:
    """Branches, conditions, wide operations and all that is asked of a number."""
    total = autograd.dot(w["w"], x, w["b"]) + where(x[0] > w["b"], x[1], -x[1])
    if total > 1.0:
        return {"y": [total.tanh(), 2.0], "z": (autograd.sqrt(total - 1.0), math.inf)}
    scale = int(total) + round(x[0], 1) + math.floor(x[1])
    return {"y": [total * scale, 2.0], "z": (autograd.fsum([*x, total]), math.inf)}


W = {"w": [0.5, -1.5], "b": 0.25}
X = [[0.5, 0.1], [3.0, -1.0], [-0.5, 0.3], [2.0, -2.0]]


def saved(fast: Any, folder: Path | str) -> Any:
    fast.save(f"{folder}/program.json")
    return load_program(f"{folder}/program.json")


@pytest.mark.parametrize("in_axes", [None, (None, 0)])
def test_what_is_loaded_gives_the_same(tmp_path: Path, in_axes: Any) -> None:
    fast = compile(f, in_axes)
    samples = X if in_axes is None else [X, X[1:]]
    seen = [fast(W, x) for x in samples]
    again = saved(fast, tmp_path)
    assert again.in_axes == in_axes
    for x, expected in zip(samples, seen):
        assert again(W, x) == expected
        assert again.jacobian(W, x) == fast.jacobian(W, x)
    assert saved(again, tmp_path)(W, samples[0]) == seen[0]
    assert pickle.loads(pickle.dumps(again))(W, samples[0]) == seen[0]
    with pytest.raises(TypeError, match=r"takes .*\(list, 2, .*, got .*\(list, 3"):
        again(W, [0.5, 0.1, 0.0] if in_axes is None else [[0.5, 0.1, 0.0]])


@given(programs())
def test_any_program_can_be_loaded(program: Listing) -> None:
    fast = compile(program)
    starts = spread(program.starts, 2)
    with tempfile.TemporaryDirectory() as folder:
        if isinstance(result(fast, *starts[0]), float):
            again = saved(fast, folder)
            for xs in starts:
                assert close(result(again, *xs), result(fast, *xs))


def test_it_goes_the_recorded_ways_only(tmp_path: Path) -> None:
    weight = Value(3.0)
    fast = compile(
        lambda x: np.array([autograd.log(x) if math.sqrt(x.data) < 1.1 else x * weight])
    )
    assert fast(1.0).tolist() == [0.0]
    assert fast(2.0).tolist() == [6.0]
    again = saved(fast, tmp_path)
    assert again(1.0).tolist() == [0.0]
    assert again(2.0).tolist() == [6.0]
    with pytest.raises(ValueError, match="a way that was not recorded"):
        again(3.0)
    logs = compile(lambda x: autograd.log(x), (0,))
    logs([2.0, 3.0])
    with pytest.raises(ValueError, match=r"log\(-1.0\)") as raised:
        saved(logs, tmp_path)([2.0, -1.0])
    assert raised.value.__notes__ == ["in sample 1"]


def test_files_that_are_none(tmp_path: Path) -> None:
    path = tmp_path / "program.json"
    with pytest.raises(RuntimeError, match="has no program yet"):
        compile(f).save(path)
    own = primitive("own_of_this_test", lambda x: x * x, lambda out, x: 2.0 * x)
    fast = compile(own)
    assert fast(3.0) == 9.0
    assert saved(fast, tmp_path).grad(3.0) == 6.0
    del TABLE["own_of_this_test"]
    with pytest.raises(LookupError, match="'own_of_this_test', which is not defined"):
        load_program(path)
    good = path.read_bytes()
    path.write_bytes(good.replace(b"input", b"lanes"))
    with pytest.raises(ValueError, match="its checksum is wrong"):
        load_program(path)
    wrong: list[tuple[dict[str, Any], str]] = [
        ({"version": 9}, "version 9"),
        ({"format": "x"}, "is not a"),
    ]
    for changed, message in wrong:
        content = {**json.loads(good), **changed, CHECKSUM: "0" * 8}
        path.write_bytes(with_checksum(json.dumps(content).encode()))
        with pytest.raises(ValueError, match=message):
            load_program(path)


def test_a_program_is_drawn_and_pickled() -> None:
    fast = compile(f)
    fast(W, X[1])
    graph = fast.program.graph()
    assert sorted(node.label for node in graph if node.label) == ["w0", "w1", "w2", "x0", "x1"]
    assert "<svg" in graph.svg()
    again: Program = pickle.loads(pickle.dumps(fast.program))
    assert repr(again) == repr(fast.program)
    assert again.source() == fast.program.source()
    with pytest.raises(RuntimeError, match="from a pickle has no graph"):
        again.graph()
    constant = compile(lambda x: 2.0)
    assert constant(1.0) == 2.0
    assert len(constant.program.graph()) == 1


def test_arguments_by_name() -> None:
    def model(x: Any, slope: Any = 2.0, shift: Any = 1.0) -> Any:
        return slope * x + shift

    fast = compile(model)
    assert fast(x=3.0) == 7.0
    assert fast(3.0, shift=0.0) == 6.0
    assert fast(slope=1.0, x=3.0) == 4.0
    assert fast.value_and_grad(x=3.0, slope=5.0) == (16.0, 5.0)
    assert fast.grad(shift=0.0, x=3.0, argnums=1) == 3.0
    assert fast.jacobian(x=3.0, slope=5.0) == 5.0
    lanes = compile(model, in_axes=(0, None, None))
    assert lanes(x=[1.0, 2.0], slope=3.0) == [4.0, 7.0]
    with pytest.raises(TypeError, match=r"model\(x, slope, shift\): missing .*'x'"):
        fast(slope=3.0)
    with pytest.raises(TypeError, match=r"model\(x, slope, shift\): .*unexpected .*'bias'"):
        fast(x=3.0, bias=1.0)
    with pytest.raises(TypeError, match="'k' can only be given by name"):
        compile(lambda x, *, k: x * k)(x=1.0, k=2.0)
