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
from autograd import Value, load_program, primitive
from autograd.core.primitive import TABLE
from autograd.files import CHECKSUM, with_checksum
from autograd.program import compile
from autograd.program.program import Program
from tests.program import hostile
from tests.program.hostile import W, X, f
from tests.program.test_compiled import close, result, spread
from tests.testing.programs import Listing, programs


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


def deep(result: Any, times: int) -> Any:
    for _ in range(times):
        result = ["list", [result]]
    return result


OPS, ARGS, NUMBERS, ROOTS, GUARDS, RESULT = range(6)
HOSTILE: list[tuple[tuple[Any, ...], Any, str]] = [
    (("version",), None, "of version None"),
    (("traces",), [], "the traces must be in an object"),
    (("traces",), {"x": {}}, "traces must be a list, got {}"),
    (("in_axes",), [0, -1], "in_axes must be"),
    (("in_axes",), False, "in_axes must be"),
    (("in_axes",), {"0": 0}, "in_axes must be a list"),
    (("reduce",), "max", "reduce must be"),
    (("without",), ["reroll", "this"], "without must be"),
    (("more",), 1, "it must have in_axes"),
    (("traces",), {"x": [[[]] * 5]}, "a trace must be a list of 6"),
    ((OPS,), ["const"], "the operands must be a list of 1"),
    ((OPS, 5), ["dot"], "must be a name"),
    ((OPS, 5), "exp", "node 5, 'exp', has wrong operands"),
    ((OPS, 6), "dot", "node 6, 'dot', has wrong operands"),
    ((OPS, 5), "gt", "node 5, 'gt', has wrong operands"),
    ((OPS, 5), "fsums", "the primitive 'fsums', which is not defined"),
    ((OPS, 10), "lane", "node 10 is an input, but"),
    ((ARGS, 17), [6], "node 17, 'floor', has wrong operands"),
    ((ARGS, 16), [3, 4], "node 16, 'round', has wrong operands"),
    ((ARGS, 16), [3, 19], "an operand of node 16 must be one of the first 16 nodes, got 19"),
    ((ARGS, 16), [3, 16], "an operand of node 16"),
    ((ARGS, 5, 0), -1, "an operand of node 5 .*, got -1"),
    ((ARGS, 5, 0), 1.0, "an operand of node 5 .*, got 1.0"),
    ((ARGS, 5, 0), True, "an operand of node 5 .*, got True"),
    ((ARGS, 5), None, "the operands of node 5 must be a list"),
    ((NUMBERS, 10), 10**400, "a number must be a float, got 1000"),
    ((NUMBERS, 10), "infinity", "a number must be a float"),
    ((NUMBERS, 13), 0.5, "node 16, 'round', has wrong operands"),
    ((ROOTS, 0), 20, "a root must be one of the first 20 nodes, got 20"),
    ((ROOTS,), [0], "4 guards must be among 1 roots"),
    ((GUARDS, 0, 0), "exp", "a guard must ask one of"),
    ((GUARDS, 0), ["gt"], "a guard must be a list of 2"),
    ((GUARDS, 0, 1), 1, "the answer of a guard must be a float"),
    ((RESULT,), 4, "an element of the result must be one of the first 4"),
    ((RESULT,), ["list"], "what the result holds must be a list"),
    ((RESULT,), ["set", [0]], "must be a list, tuple, dict or array, got 'set'"),
    ((RESULT,), ["list", [0], 1], "must be a list, tuple, dict or array, got 'list'"),
    ((RESULT,), ["dict", [["a", 0], ["a", 1]]], "keys that differ"),
    ((RESULT,), ["dict", [[["a"], 0]]], "keys that differ"),
    ((RESULT,), ["array", [2], 0, 9], "an element of the result"),
    ((RESULT,), ["array", [10**12], 0], "an array of 1 elements can't"),
    ((RESULT,), ["array", [-1, -1], 0], "an array of 1 elements can't"),
    ((RESULT,), ["array", [1] * 40, 0], "an array of 1 elements can't"),
    ((RESULT,), ["array", [0, 10**12]], "an array is too large"),
    ((RESULT,), deep(0, 201), "is nested more than 200 times"),
]


@pytest.mark.parametrize(("where", "new", "message"), HOSTILE)
def test_a_hostile_file_is_refused(
    tmp_path: Path, where: tuple[Any, ...], new: Any, message: str
) -> None:
    content = json.loads(json.dumps(hostile.FILES[0][0]))
    parent = content
    if type(where[0]) is int:
        [[parent, *_]] = content["traces"].values()
    for step in where[:-1]:
        parent = parent[step]
    parent[where[-1]] = new
    hostile.written(content, tmp_path / "program")
    with pytest.raises((ValueError, LookupError), match=message) as raised:
        load_program(tmp_path / "program")
    assert str(tmp_path / "program") in str(raised.value)


def test_mutants_of_saved_programs_are_refused_or_compute_what_they_say() -> None:
    found = hostile.main(300)
    assert found["refused"] > 200
    assert found["the same"] > 20


def test_what_can_be_saved(tmp_path: Path) -> None:
    deepest = deep(0.0, 2)
    assert deepest
    keys = compile(lambda x: {(1, 2): x})
    assert keys(1.0) == {(1, 2): 1.0}
    with pytest.raises(TypeError, match=r"a key of the result is \(1, 2\); use a string"):
        keys.save(tmp_path / "program")
    root = compile(lambda x: x * (1.0 if math.isinf(x.data) else 2.0))
    assert root(math.inf) == math.inf
    assert saved(root, tmp_path)(math.inf) == math.inf
    file = tmp_path / "other"
    hostile.written(hostile.saved(root, [(1.0,)]), file)
    content = json.loads(file.read_bytes())
    [[way]] = content["traces"].values()
    way[OPS][0] = "const"
    hostile.written(content, file)
    with pytest.raises(ValueError, match=r"it takes no \(\(ndarray, \(\)\),\)"):
        load_program(file)(1.0)


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
