"""`play`: the page is written and opened; mistakes are told as elsewhere."""

import math
import os
import subprocess
import sys
from pathlib import Path

import pytest

import autograd
from autograd.cli.playing import open_page
from autograd.show.pages.page import Page


def browser(folder: Path) -> str:
    """A command in a web browser's place: it writes down what it is asked to open."""
    script = folder / "browser"
    script.write_text(f'#!/bin/sh\nprintf %s "$1" > "{folder}/opened"\n')
    script.chmod(0o755)
    return f"{script} %s"


def test_the_command_writes_the_page_and_opens_it(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "autograd", "play", "tanh(w*x)", "w=0.5", "x=-2"]
    environment = {**os.environ, "BROWSER": browser(tmp_path)}
    done = subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout == "written: play.html\n"
    assert (tmp_path / "opened").read_text() == (tmp_path / "play.html").as_uri()
    assert "f = tanh(w*x) = -0.7616" in (tmp_path / "play.html").read_text("utf-8")


def test_it_may_only_write(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    opened: list[str] = []
    monkeypatch.setattr("webbrowser.open", opened.append)
    path = tmp_path / "a.html"
    assert open_page(["play", "-x", "x=pi/2", "--html", str(path), "--no-open"]) == 0
    assert capsys.readouterr().out == f"written: {path}\n"
    assert f"f = -x = {-math.pi / 2:.4g}" in path.read_text("utf-8")
    assert opened == []
    assert open_page(["play", "-x", "x=pi/2", "--html", str(path)]) == 0
    assert opened == [path.as_uri()]


def test_a_page_is_saved_opened_and_shown_in_a_notebook(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = autograd.play("3")
    assert "f = 3 = 3.0" in page.html()
    assert page.save(tmp_path / "a.HTML").read_text("utf-8") == page.html()
    opened: list[str] = []
    monkeypatch.setattr("webbrowser.open", opened.append)
    path = page.open()
    assert opened == [path.as_uri()]
    assert path.read_text("utf-8") == page.html()
    assert page._repr_html_().count("<iframe srcdoc=") == 1
    assert repr(Page("abc")) == "<Page of 3 characters: save() writes it, open() shows it>"


def test_a_function_is_played_on_its_graph() -> None:
    page = autograd.play(lambda a, b: (a * b).exp(), a=0.5, b=2.0).html()
    assert "Backpropagation, step by step" in page
    assert "2.718" in page


def test_a_variable_called_f_keeps_its_name() -> None:
    page = autograd.play("f + 1", f=2.0).html()
    assert "v2 = f + 1 = 3.0" in page


def test_of_a_function_both_passes_are_played() -> None:
    def square(x: autograd.Value) -> autograd.Value:
        return x * x

    stepper = square(autograd.Value(3.0, label="x")).steps()
    assert len([*stepper]) == stepper.position
    assert autograd.play(square, x=3.0).html() == stepper.html()
