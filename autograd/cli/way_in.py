"""How every command begins: what was typed is read, then used, and mistakes get exit codes."""

from __future__ import annotations

import argparse
import ast
import json
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

from autograd.cli.ending import FAILED, MISUSED, PROGRAM
from autograd.cli.expressions import Formula, parse
from autograd.core.value import Value

__all__ = ["Parser", "answer", "answer_formula", "print_json", "reading", "values_given"]


class Parser(argparse.ArgumentParser):
    """A parser that, unlike argparse's, does not hide that the output cannot be written."""

    def _print_message(self, message: str, file: Any = None) -> None:
        print(message, end="", file=file or sys.stderr)


@contextmanager
def reading() -> Iterator[None]:
    """Take what is raised for a mistake in the command: a TypeError."""
    try:
        yield
    except (ValueError, ArithmeticError, ImportError, AttributeError) as error:
        raise TypeError(str(error)) from error


def answer(act: Callable[[], bool]) -> int:
    """Act, and return the exit code: 0 if the answer is True; a TypeError is a mistake.

    Raises:
        OSError: stdout cannot be written.
    """
    try:
        return 0 if act() else FAILED
    except (TypeError, SyntaxError) as error:
        return _complain(error, MISUSED)
    except (OSError, ValueError, ArithmeticError, ImportError, RuntimeError) as error:
        if isinstance(error, OSError) and error.filename is None:  # stdout
            raise
        return _complain(error, FAILED)


def answer_formula(
    parser: Parser,
    words: Sequence[str],
    act: Callable[[argparse.Namespace, Formula, list[Value]], bool],
) -> int:
    """Act on the options, the formula and its variables as leaves; return the exit code.

    Raises:
        SystemExit: as argparse does, with code 2 for arguments that make no sense.
        OSError: stdout cannot be written.
    """
    parser.add_argument("formula", metavar="FORMULA", help='such as "tanh(w*x + b)"')
    parser.add_argument("bindings", nargs="*", metavar="NAME=VALUE", help="a variable's value")
    # A formula may begin with a minus; after a space argparse takes it for no option.
    shielded = [f" {word}" if re.match(r"-[^-h]|-h.", word) else word for word in words]
    arguments = parser.parse_intermixed_args(shielded)

    def read_and_act() -> bool:
        with reading():
            formula = parse(arguments.formula)
            leaves = formula.leaves(values_given(",".join(arguments.bindings)))
        return act(arguments, formula, leaves)

    return answer(read_and_act)


def values_given(text: str) -> dict[str, Any]:
    """Return the numbers, and lists of them, that are given like x=1.5,p=[0.3,2*pi]."""
    call, keywords = f"f({text})", None
    with suppress(SyntaxError, RecursionError, MemoryError, AttributeError):
        tree: Any = ast.parse(call, mode="eval").body
        if (ast.unparse(tree.func), tree.args) == ("f", []):
            keywords = tree.keywords
    words = {word.arg: word.value for word in keywords or []}
    if keywords is None or len({*words, None}) <= len(keywords):
        raise ValueError(f"{text!r}: values are given as x=1.0 or p=[2.0, 3.0], each name once")
    return {name: _value(name, node, call) for name, node in words.items()}


def _value(name: str, node: ast.expr, call: str) -> Any:
    if isinstance(node, ast.List):
        return [_value(f"{name}[{i}]", item, call) for i, item in enumerate(node.elts)]
    text = str(ast.get_source_segment(call, node))
    if re.fullmatch("[+-]?(inf|nan)", text, re.IGNORECASE):
        return float(text)
    formula = parse(text)
    if formula.names:
        raise ValueError(f"{name}={text}: a value is a number, or a formula without variables")
    return formula()


def _complain(error: Exception, code: int) -> int:
    """Say on stderr what is wrong, and where in the formula."""
    message = str(error)
    lines = []
    if isinstance(error, OSError):
        message = f"{error.filename}: {error.strerror}"
    if isinstance(error, SyntaxError) and error.offset:
        message = error.msg
        start = max(0, error.offset - 36)
        lines = [f"    {str(error.text)[start : start + 72]}"]
        lines += [" " * (3 + error.offset - start) + "^"]
    lines.insert(0, f"{PROGRAM}: {message:.600}")
    if code == MISUSED:
        lines.append(f"{PROGRAM} --help says more")
    for line in lines:
        print("".join([c if c.isprintable() else "?" for c in line]), file=sys.stderr)
    return code


def print_json(results: dict[str, Any]) -> None:
    """Print as JSON, with the names of numbers that JSON has no way to write."""
    names = {"NaN": "nan", "Infinity": "inf", "-Infinity": "-inf"}
    print(json.dumps(json.loads(json.dumps(results), parse_constant=names.get), indent=2))
