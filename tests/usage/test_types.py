"""A type checker reads programs that use the library as it is installed."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.helpers.builds import ROOT

PROGRAM = """
import autograd
import nn
from autograd import Value, compile, grad, sin

from typing import Any, assert_type

x: Value = sin(Value(2.0)) * 2 + autograd.sum([1.0])
assert_type(x < 2.0, bool)
assert_type(x == 2.0, bool)


class Line(nn.Module):
    def forward(self, x: float, scale: int = 1) -> Value:
        return Value(x) * scale


def f(x: float, *, n: int = 2) -> float:
    return x**n


assert_type(Line()(2.0, scale=3), Value)
assert_type(grad(f)(2.0, n=3), Any)
grad(f)("2")  # pyright: ignore[reportArgumentType]
Line()()  # pyright: ignore[reportCallIssue]
slope: float = grad(lambda v: v * v)(3.0) + x.item() + nn.mse_loss(x, 1.0).data
compile(abs).grad(2.0)
compile(grad(lambda v: v * v))(2.0)
"""


def test_pyright_finds_all_names(tmp_path: Path) -> None:
    if importlib.util.find_spec("pyright") is None:
        pytest.skip("pyright is not installed")
    site = tmp_path / "site"
    site.mkdir()
    for name in ("autograd", "nn"):
        (site / name).symlink_to(ROOT / name)
    (tmp_path / "program.py").write_text(PROGRAM)
    settings = '{"typeCheckingMode": "standard", "reportUnnecessaryTypeIgnoreComment": "error"}'
    (tmp_path / "pyrightconfig.json").write_text(settings)
    done = subprocess.run(
        [sys.executable, "-m", "pyright", "program.py"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(site)},
        capture_output=True,
        text=True,
    )
    assert done.stdout.startswith("0 errors"), done.stdout
