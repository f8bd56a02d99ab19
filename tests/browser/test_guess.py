"""Guess mode: questions in both passes, hints, answers that are shown, and how it went."""

from typing import Any

from autograd import Stepper, Value
from autograd.show.text import format_number
from tests.helpers.chromium import Opener, follow, stop_clock
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
    assert page.inner_text("#question") == "∂y/∂v4 is"
    assert page.inner_text("#sum").endswith("= 1.0 × ? → ?")
    assert page.locator(".asked .local").is_hidden()
    hints = []
    while page.is_visible("#ask"):
        position = int(page.inner_text("#counter").partition(" ")[0])
        event = stepper.events[position]
        for exact in (event.local, event.after):
            page.click("#hint")
            hints.append(page.inner_text("#verdict"))
            verdict = answer(page, repr(exact))
            assert verdict.startswith("Right: ")
            if len(hints) == 1:
                assert verdict == "Right: 1.0 - y² = 0.1807."
                assert page.inner_text("#question") == "∂y/∂v4 will be"
                assert page.inner_text("#counter").startswith("6 /")
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


def test_all_of_the_form_is_in_the_window(open_page: Opener) -> None:
    page = open_page(Stepper(readme()).html(), at="#9", viewport={"width": 390, "height": 844})
    page.check("#guessing")
    page.click("#hint")
    for width in (390, 1280):
        page.set_viewport_size({"width": width, "height": 844})
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


def test_guess_mode(open_page: Opener) -> None:
    page = open_page(Stepper(readme()).html())
    page.check("#guessing")
    assert page.is_hidden("#ask")
    assert "You will be asked" in page.inner_text("#words")
    follow(page, "#8")
    assert page.inner_text("#question") == "∂L/∂d will be"
    assert page.inner_text("#sum") == "∂L/∂d += ∂L/∂L · ∂L/∂d = 1.0 × -2.0 → ?"
    assert [page.is_hidden(f"#row-{step}") for step in (8, 9, 14)] == [False, True, True]
    assert page.is_hidden(".gradient >> nth=0")
    for guess, verdict in [
        ("what", "Type a number, such as -1.5 or 1/3."),
        ("nan", "Not yet."),
        ("1.25", "Too high by 3.25."),
        ("-9/2", "Too low by 2.5."),
        ("2", "The sign is wrong."),
        ("inf", "Not yet."),
    ]:
        assert answer(page, guess) == verdict
    assert page.inner_text("#score") == "0 of 1 at first try"
    assert answer(page, "−2,001") == "Right: -2.0."
    assert page.inner_text("#counter") == "9 / 14"
    answer(page, " 8 / 2 ")
    assert page.inner_text("#score") == "1 of 2 at first try"
    page.fill("#answer", "5")
    page.keyboard.press("ArrowLeft")  # moves in the text
    assert page.inner_text("#counter") == "10 / 14"
    page.click("#last")
    assert page.is_hidden("#ask")
    page.click("#back")
    page.uncheck("#guessing")
    assert page.inner_text("#sum").endswith("→ 6.0")
    assert page.is_visible("#row-14")


def test_guess_mode_keeps_what_it_asks_for(open_page: Opener) -> None:
    a = Value(0.123, label="a")
    y = a * 7.0 * Value(11.0, label="b")
    page = open_page(Stepper(y.sin()).html(), reduced_motion="no-preference")
    stop_clock(page)
    page.check("#guessing")
    for _ in range(5):  # the box is still in focus
        page.keyboard.press("ArrowRight")
    assert page.inner_text("#counter").startswith("5 /")
    page.keyboard.press("ArrowRight")
    asked = 0
    while page.is_visible("#ask"):
        page.evaluate("nudged(leaves[0])")
        page.clock.run_for(300)
        shown = page.evaluate(
            """[...document.querySelectorAll("#now, svg text, .info, #says")]
            .map((each) => each.textContent)"""
        )
        event = page.evaluate("formatNumber(events[shownAt].after)")
        known = page.evaluate("[events[shownAt].local, events[shownAt].before].map(inCell)")
        assert event in known or not any(event in text for text in shown), (event, shown)
        asked += 1
        page.click("#next")
    assert asked == 4


def test_guessing_what_is_not_finite(open_page: Opener) -> None:
    page = open_page(Stepper(Value(0.0, label="x").sqrt()).html(), at="#3")
    page.check("#guessing")
    assert [answer(page, guess) for guess in ("5", "∞")] == ["Not yet.", "Right: inf."]
