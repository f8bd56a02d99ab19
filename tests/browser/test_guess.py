"""Guess mode: questions in both passes, hints, answers that are shown, and how it went."""

from typing import Any

import pytest

from autograd import Stepper, Value
from autograd.show.text import format_number
from tests.helpers.chromium import Opener
from tests.helpers.examples import TABLE
from tests.helpers.pages import readme


def curve() -> Value:
    x, w = Value(0.5, label="x"), Value(2.0, label="w")
    y = (x * w + x).tanh()
    y.label = "y"
    return y


def answer(page: Any, text: str) -> str:
    page.fill("#answer", text)
    page.keyboard.press("Enter")
    return str(page.inner_text("#verdict"))


def test_values_are_asked_for_too(open_page: Opener) -> None:
    stepper = Stepper(curve())
    page = open_page(stepper.html())
    page.check("#guessing")
    page.select_option("#level", "forward")
    assert not page.is_visible("header p")
    for event in stepper:
        if event.kind == "seed" or (event.kind == "forward" and event.op is None):
            page.click("#next")
            continue
        assert page.inner_text("#question") == f"{str(event).partition(' ')[0]} will be"
        shown = page.locator("#now, .node .data, .local, #info").all_inner_texts()
        if event.kind == "forward":
            assert not any(format_number(event.after) in text for text in shown[:1])
            assert page.text_content(f"#graph-n{event.node.index} .data") == ""
            assert page.is_hidden(f"#row-{event.index + 1}")
        assert answer(page, repr(event.after)) == f"Right: {format_number(event.after)}."
    asked = len(stepper.events) - 1 - 2
    assert page.inner_text("#summary") == f"You answered {asked} of {asked} at first try."
    assert page.is_visible("header p")


def test_a_hint_helps_without_the_answer(open_page: Opener) -> None:
    stepper = Stepper(curve())
    page = open_page(stepper.html(), at="#6")
    page.check("#guessing")
    page.select_option("#level", "local")
    hints = []
    while page.is_visible("#ask"):
        position = int(page.inner_text("#counter").partition(" ")[0])
        event = stepper.events[position]
        for exact in (event.local, event.after):
            page.click("#hint")
            hints.append(page.inner_text("#verdict"))
            assert answer(page, repr(exact)).startswith("Right: ")
    assert hints[:4] == [
        "It is 1.0 - y².",
        "Multiply what arrived at y, 1.0, by the local derivative, 0.1807.",
        "v4 = v3 + x: how far does it move for each 1 that v3 moves?",
        "Multiply what arrived at v4, 0.1807, by the local derivative, 1.0.",
    ]
    last = "Multiply what arrived at v3, 0.1807, by the local derivative, 2.0, and add that to "
    assert f"{last}0.1807." in hints
    asked = len(hints)
    assert page.inner_text("#summary").startswith(
        f"You answered 0 of {asked} at first try, {asked} after a hint. Look again at step 7, "
    )


def test_what_is_shown_is_told_at_the_end_and_in_the_link(open_page: Opener) -> None:
    html = Stepper(readme()).html()
    page = open_page(html, at="#8")
    page.check("#guessing")
    assert answer(page, "-2") == "Right: -2.0."
    page.click("#reveal")
    assert page.inner_text("#verdict") == "It is 4.0."
    assert page.inner_text("#counter") == "10 / 14"
    assert answer(page, "99").startswith("Too high")
    assert answer(page, "-2") == "Right: -2.0."
    for grad in ("-2", "6", "-4"):
        answer(page, grad)
    assert page.inner_text("#summary") == (
        "You answered 4 of 6 at first try, 1 after another, 1 shown to you. "
        "Look again at step 10, step 11."
    )
    page.wait_for_url("**#14;4/6")
    page.click("#summary a >> nth=1")
    assert page.inner_text("#counter") == "11 / 14"
    again = open_page(html, at="#14;4/6")
    assert again.inner_text("#counter") == "14 / 14"
    assert again.inner_text("#summary") == "The link tells of 4 of 6 answered at first try."


@pytest.mark.parametrize("width", [390, 1280])
def test_all_of_the_form_is_in_the_window(width: int, open_page: Opener) -> None:
    page = open_page(
        Stepper(readme()).html(), at="#9", viewport={"width": width, "height": 844}
    )
    page.check("#guessing")
    page.click("#hint")
    for part in ("#level", "#answer", "#hint", "#reveal", "#verdict", "#score"):
        box = page.locator(part).bounding_box()
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= width


def test_the_player_covers_no_row_of_the_page(open_page: Opener) -> None:
    page = open_page(TABLE["48 nodes"]().steps().html(), at="#70")
    for guesses in (False, True):
        page.set_checked("#guessing", guesses)
        below, player = [page.locator(part).bounding_box() for part in (".below", "#controls")]
        assert below["y"] + below["height"] <= player["y"]
        assert player["y"] + player["height"] <= 800
