"""The product where Python lacks the modules, signals and calls of Unix, as on Windows."""

import subprocess
import sys

from tests.helpers.builds import ROOT

WITHOUT = """
import builtins, os, signal, sys

MODULES = {"fcntl", "grp", "pty", "pwd", "resource", "termios"}
original = builtins.__import__

def blocked(name, *rest, **named):
    if name.partition(".")[0] in MODULES and sys._getframe(1).f_globals["__name__"].startswith(
        ("autograd", "nn", "__main__")
    ):
        raise ModuleNotFoundError(f"No module named {name!r}", name=name)
    return original(name, *rest, **named)

builtins.__import__ = blocked
for name in ("fork", "register_at_fork", "O_NOFOLLOW", "O_NONBLOCK", "getuid"):
    delattr(os, name)
for name in ("SIGALRM", "SIGHUP", "SIGUSR1", "SIGUSR2", "pthread_kill", "setitimer"):
    delattr(signal, name)
"""
USE = """
import importlib, pathlib, pkgutil, random, runpy, tempfile
import autograd, nn
from autograd.files import write_atomically
from autograd.testing import gradcheck

for package in (autograd, nn):
    for module in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
        if not module.name.endswith(("__main__", "setup_commands", "frameworks", "plugin")):
            importlib.import_module(module.name)

folder = pathlib.Path(tempfile.mkdtemp())
path = folder / "file"
for text in (b"first", b"second"):
    write_atomically(path, text)
assert path.read_bytes() == b"second"

random.seed(0)
points = [[random.random(), random.random()] for _ in range(32)]
model = nn.MLP(2, [4, 1])
targets = [a - b for a, b in points]
options = {"loss": nn.mse_loss, "progress": False, "checkpoint": folder / "run"}
options["optimizer"] = nn.SGD(model.parameters(), lr=0.05)
history = nn.fit(model, points, targets, epochs=3, **options)
again = nn.fit(model, points, targets, epochs=5, resume=True, **options)
assert len(again["loss"]) == 5 and again["loss"][-1] < history["loss"][0]
assert sorted(p.name for p in folder.iterdir()) == ["file", "run"]

assert autograd.compile(lambda x: x * x + 1.0)(3.0) == 10.0
assert gradcheck(lambda x: x.tanh() * x, 0.3)
sys.argv = ["autograd", "x * x", "x=3"]
runpy.run_module("autograd", run_name="__main__")
"""


def test_all_works_where_unix_is_missing() -> None:
    process = subprocess.run(
        [sys.executable, "-W", "error", "-c", WITHOUT + USE],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert process.returncode == 0, process.stderr
    assert "x * x" in process.stdout
