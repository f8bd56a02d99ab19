"""Pictures and pages in the browser's Python, run by Node, are those of this one."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from autograd import Stepper
from tests.helpers.examples import PICTURES, digest_of, network, small

ROOT = Path(__file__).parents[3]
FOLDER = os.environ.get("PYODIDE", "")  # of npm's package; .ci/run fetches it
PAGES: dict[str, Callable[[], str]] = {
    "graph": lambda: small().graph().html(),
    "steps": lambda: Stepper(small()).html(),
    "network": lambda: network([3, 2, 1]).html(),
}
SCRIPT = """
import { loadPyodide } from "FOLDER/pyodide.mjs";
const python = await loadPyodide({ indexURL: "FOLDER/", env: { AUTOGRAD_PURE: "1" } });
python.mountNodeFS("/repository", "ROOT");
console.log(python.runPython(`
import json, sys, types
sys.path.insert(0, "/repository")
sys.modules["pytest"] = types.ModuleType("pytest")
from tests.show.drawing.test_pyodide import digests
json.dumps(digests())
`));
"""


def digests() -> dict[str, str]:
    drawn = {name: digest_of(make().svg()) for name, (make, _) in PICTURES.items()}
    return drawn | {name: digest_of(make()) for name, make in PAGES.items()}


def test_the_browsers_python_draws_the_same(tmp_path: Path) -> None:
    if shutil.which("node") is None or not Path(FOLDER, "pyodide.mjs").exists():
        pytest.skip("Pyodide is not there: Node, and npm's pyodide in the folder $PYODIDE")
    script = tmp_path / "draw.mjs"
    text = SCRIPT.replace("FOLDER", str(Path(FOLDER).resolve())).replace("ROOT", str(ROOT))
    script.write_text(text, "utf-8")
    ran = subprocess.run(["node", script], capture_output=True, text=True, timeout=600)
    assert ran.returncode == 0, ran.stderr
    assert json.loads(ran.stdout.splitlines()[-1]) == digests()
