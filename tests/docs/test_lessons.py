"""Every exercise of the lessons: the right answer passes, a wrong one is told what is wrong."""

import ast
import functools
import math
import re
from typing import Any

import pytest

from autograd import Value, grad
from demos.lessons import EXERCISES, Choice, Code, check, trimmed
from tests.helpers.lessons import ASKED, FUNCTIONS, LESSONS, LIVE, TEXTS, WORDS, Hasty


@functools.cache
def begun() -> dict[str, Any]:
    """The verdicts on the code that each lesson begins with, by exercise."""
    verdicts = {}
    for cells in LIVE.values():
        space: dict[str, Any] = {}  # the cells of a page share one Python
        for code in cells:
            tree = ast.parse(code)
            last = tree.body.pop()
            exec(compile(tree, "lesson", "exec"), space)
            assert isinstance(last, ast.Expr)
            for name in re.findall(r'check\("(.*?)"', ast.unparse(last).replace("'", '"')):
                verdicts[name] = eval(ast.unparse(last), space)
    return verdicts


def test_each_exercise_is_in_one_lesson_and_solved_here() -> None:
    asked = [name for names in ASKED.values() for name in names]
    assert sorted(asked) == sorted(EXERCISES) == sorted([*WORDS, *FUNCTIONS])
    assert {path.name: len(names) for path, names in ASKED.items() if len(names) < 2} == {}
    assert len(LESSONS) == 13


@pytest.mark.parametrize("name", WORDS)
def test_a_right_word_passes_and_a_wrong_one_is_told_why(name: str) -> None:
    right, wrong, said = WORDS[name]
    assert check(name, right)
    verdict = check(name, wrong)
    assert not verdict
    assert said in verdict.text


@pytest.mark.parametrize("name", FUNCTIONS)
def test_right_code_passes_and_that_of_the_lesson_is_told_why(name: str) -> None:
    right, said = FUNCTIONS[name]
    verdict = check(name, right)
    assert verdict, verdict
    first = begun()[name]
    assert not first
    assert said in first.text
    assert "0x" not in first.text + first._repr_html_().partition("<details>")[0]


@pytest.mark.parametrize("name", EXERCISES)
def test_nonsense_is_refused_with_what_to_do(name: str) -> None:
    exercise = EXERCISES[name]
    for nonsense in (None, "", [1.0], True, math.nan):
        verdict = check(name, nonsense)
        assert not verdict
        assert verdict.text.startswith(("The answer is a ", "Choose one of: "))
    if isinstance(exercise, Code):
        assert check(name, print).right is False

        def fails(*_: object) -> None:
            raise KeyError("here")

        assert "It raised KeyError: 'here'" in check(name, fails).text
    elif not isinstance(exercise, Choice):
        assert check(name, Value(exercise.answer))
        assert check(name, 1e9).text == "Too high."
        assert check(name, -1e9).text == "Too low."


def test_an_engine_that_goes_in_the_wrong_order_is_told_so() -> None:
    assert "complete before it is passed on" in check("engine", Hasty).text


def test_mistakes_that_people_make_are_named() -> None:
    def forgets(parameters: Any, rate: float) -> None:
        for p in parameters:
            p.data -= rate * p.grad

    assert "Divide by the nudge" in check("nudge", lambda f, x: f(x + 1e-4) - f(x)).text
    assert "measured it is" in check("paths", lambda a, b: (a * b + a + a * b, a * a)).text
    assert "old gradient" in check("own-step", forgets).text
    unsigned = check("agrees", lambda f, x, s: (f(x + 1e-5) - f(x - 1e-5)) / 2e-5 - s < 1e-4)
    assert "12.1 is not the slope" in unsigned.text
    assert "gives -0.6" in check("descend", lambda s, x, r, n: x + r * n * s(x)).text


def test_parts_that_are_not_taught_yet_are_hidden() -> None:
    page = trimmed((Value(2.0) * 3.0).steps(), "#live, #modes").html()
    assert "<style>#live, #modes { display: none !important }</style>" in page


def test_a_result_that_is_no_number_is_told_so() -> None:
    assert "should be a number" in check("descend", lambda *_: None).text
    assert "2 number(s)" in check("attend", lambda *_: [3.0]).text
    assert "should be a number" in check("newton", lambda f, x: "x").text
    assert check("newton", lambda f, x: Value(x) - grad(f)(x) / grad(grad(f))(x))


def test_an_exercise_that_does_not_exist_is_told() -> None:
    with pytest.raises(ValueError, match="'square'"):
        check("sqare", 1.0)
    with pytest.raises(ValueError, match="'price'"):
        check("", 1.0)


def test_lessons_lead_from_one_to_the_next() -> None:
    numbers = [int(path.name[:2]) for path in LESSONS]
    assert numbers == [*range(1, 14)]
    for path, text in TEXTS.items():
        assert text.count("\n# ") == 1, path
        for part in ("minutes.**", "## Exercises", "## What this lesson does not say"):
            assert part in text, (path, part)
