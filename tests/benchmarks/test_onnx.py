"""Outputs of a net natively, beside its ONNX model in onnxruntime on one thread."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import autograd
import nn

np = pytest.importorskip("numpy")
onnxruntime = pytest.importorskip("onnxruntime")


@pytest.mark.parametrize("sizes", [(2, 16, 16, 1), (64, 32, 10)], ids=str)
def test_outputs(sizes: tuple[int, ...], compare: Callable[..., float], tmp_path: Path) -> None:
    model: Any = nn.MLP(sizes[0], sizes[1:])
    fast = autograd.compile(lambda x: model(list(x)), in_axes=(0,))
    samples = np.random.default_rng(0).random((1000, sizes[0]))
    outputs = np.array(fast(samples))
    path = tmp_path / "net.onnx"
    fast.program.onnx(path)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(path, options)
    given = {session.get_inputs()[0].name: samples}

    def theirs() -> Any:
        return session.run(["value"], given)

    assert np.allclose(theirs()[0].reshape(outputs.shape), outputs, rtol=1e-12, atol=1e-12)
    name = "-".join(map(str, sizes))
    compare(f"{name}, outputs of 1,000 samples", lambda: fast(samples), "ONNX", theirs, 50)
