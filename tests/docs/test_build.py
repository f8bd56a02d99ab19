"""Building and serving the site, as far as it needs neither Sphinx nor a network."""

import os
import re
import subprocess
import sys
import threading
import urllib.request
import zipfile
from pathlib import Path

import pytest

import docs.__main__ as command
from docs import generate, live


def test_nothing_is_served_before_it_is_built(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(command, "HTML", tmp_path)
    with pytest.raises(SystemExit) as end:
        command.main(["serve"])
    assert end.value.code == 2
    assert "run python -m docs first" in capsys.readouterr().err


def test_without_sphinx_the_command_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "sphinx.cmd.build", None)
    assert command.main([]) == 1
    assert "pip install -e '.[docs]'" in capsys.readouterr().err


def test_scripts_are_served_as_scripts_to_this_machine_alone(tmp_path: Path) -> None:
    wanted = {"a.mjs": "text/javascript", "a.wasm": "application/wasm", "a.html": "text/html"}
    with command.server(0, tmp_path) as serving:
        threading.Thread(target=serving.serve_forever, daemon=True).start()
        assert serving.server_address[0] == "127.0.0.1"
        for name, kind in wanted.items():
            (tmp_path / name).write_text("")
            with urllib.request.urlopen(
                f"http://127.0.0.1:{serving.server_port}/{name}"
            ) as got:
                assert got.headers["Content-Type"] == kind
        serving.shutdown()


@pytest.mark.parametrize(
    "npm",
    [None, "exit 1", "echo other > pyodide.tgz"],
)
def test_what_is_not_the_pinned_pyodide_is_not_used(
    npm: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if npm is not None:
        (tmp_path / "npm").write_text(f"#!/bin/sh\n{npm}\n")
        (tmp_path / "npm").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(live.UnavailableError):
        live.pyodide(tmp_path / "cache")
    assert not (tmp_path / "cache").exists()


def test_the_pages_python_has_all_it_needs_in_one_archive(tmp_path: Path) -> None:
    archive = tmp_path / "library.zip"
    live.library(archive)
    with zipfile.ZipFile(archive) as packed:
        assert {Path(name).suffix for name in packed.namelist()} == {
            ".py",
            ".js",
            ".html",
            ".css",
        }
        packed.extractall(tmp_path / "there")
    code = """
import sys
sys.path.insert(0, sys.argv[1])
from demos.lessons import check
from autograd import Value
x = Value(2.0, label="x")
assert (x * x).graph()._repr_mimebundle_()["text/html"].startswith("<svg")
assert "numpy" not in sys.modules
print(check("nudge", lambda f, x: 0.0))
"""
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", code, str(tmp_path / "there")],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "AUTOGRAD_PURE": "1"},
    )
    assert "analytic  0.0" in done.stdout


def test_the_page_of_numpys_functions_is_made_by_trying_each() -> None:
    exp, arrays, whole = generate.numpy_functions().splitlines()[2:]
    assert "`exp`" in exp.split("|")[2]
    assert "`arctan2`" in arrays.split("|")[2]
    assert "`fft.fft`" in whole.split("|")[3]


def test_the_page_of_a_value_begins_with_it_and_has_what_it_can() -> None:
    names = generate.autograd_names()
    assert re.findall(r"autoclass:: (\w+)", names)[0] == "Value"
    (left_out,) = re.findall(r":exclude-members: (.*)", names)
    left_out = left_out.split(", ")
    assert {"cos", "sin"} < {*left_out}
    assert not {"data", "backward", "item", "exp", "cuda"} & {*left_out}


def test_an_operation_has_its_formula_domain_and_curve() -> None:
    sections = dict(re.findall(r"(?ms)^## (\w+)$(.*?)(?=^## |\Z)", generate.operations()))
    for part in (
        r"= \frac{1}{x} $$",
        "Domain: x > 0",
        'class="slope"',
        "\n>>> log(1.0)",
    ):
        assert part in sections["log"]
    assert r"\partial y} = \frac{y}{f}" in sections["hypot"]
    assert "(the other operands are -1, 1)" in sections["clip"]


def test_every_public_name_has_an_example() -> None:
    import autograd
    import autograd.testing
    import nn

    bare = []
    for module in (autograd, autograd.testing, nn, nn.init):
        for name in module.__all__:
            found = getattr(module, name)
            members = [vars(found).values()] if isinstance(found, type) else []
            methods = [x for each in members for x in each if not isinstance(x, int | str)]
            docs = [getattr(x, "__doc__", "") or "" for x in methods]
            if not any(">>>" in doc for doc in [found.__doc__ or "", *docs]):
                bare.append(f"{module.__name__}.{name}")
    assert bare == ["autograd.Primitive", "nn.init", "nn.init.Initialiser"]  # of `primitive`, …
