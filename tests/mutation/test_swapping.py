"""Functions get the code of a changed source wherever they are, if only they have changed."""

from __future__ import annotations

from types import CodeType
from typing import Any

from tests.mutation.swapping import same, swap

SOURCE = """
LIMIT = 3

def plain(x):
    return x + 1

def made(n):
    def inner(x):
        return x * n
    return inner

class Thing:
    def method(self, x):
        return [y - 1 for y in range(x)]

table = [lambda x: x > LIMIT]
double = made(2)
"""


def compiled(source: str, file: str = "swapped.py") -> CodeType:
    code: CodeType = compile(source, file, "exec", dont_inherit=True)
    return code


def module(file: str) -> dict[str, Any]:
    names: dict[str, Any] = {"__name__": "swapped"}
    exec(compiled(SOURCE, file), names)
    return names


def test_functions_are_changed_where_they_are() -> None:
    names = module("a.py")
    changes: list[tuple[str, str, Any, object, str]] = [
        ("x + 1", "x - 1", lambda: names["plain"](5), 4, "plain"),
        ("x * n", "x + n", lambda: names["double"](5), 7, "made.<locals>.inner"),
        ("y - 1", "y + 1", lambda: names["Thing"]().method(2), [1, 2], "Thing.method"),
        ("x > LIMIT", "x < LIMIT", lambda: names["table"][0](5), False, "<lambda>"),
    ]
    for old, new, call, wanted, name in changes:
        source = SOURCE.replace(old, new)
        swapped = swap(compiled(SOURCE, "a.py"), compiled(source, "a.py"))
        assert swapped is not None
        assert name in {found for found, _ in swapped}
        assert call() == wanted


def test_what_is_no_function_is_not() -> None:
    names = module("b.py")
    for old, new in (("LIMIT = 3", "LIMIT = 4"), ("made(2)", "made(3)")):
        source = SOURCE.replace(old, new)
        assert swap(compiled(SOURCE, "b.py"), compiled(source, "b.py")) is None
    assert (names["LIMIT"], names["double"](5)) == (3, 10)


def test_the_same_code() -> None:
    assert same(compiled(SOURCE), compiled(SOURCE.replace("x + 1", "x  +  1")))
    assert same(compiled("x = 1e300"), compiled("x = 1e300 + 1"))
    assert not same(compiled("x = 0.0"), compiled("x = -0.0"))
    assert not same(compiled(SOURCE), compiled(SOURCE.replace("x * n", "x / n")))
