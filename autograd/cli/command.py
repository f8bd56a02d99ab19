"""The command line: value and gradient of a formula, its pictures, steps and checks."""

from __future__ import annotations

import argparse
import importlib.util
import io
import json
import math
import re
import shutil
import sys
import textwrap
import unicodedata
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import autograd
from autograd.cli.ending import FAILED, MISUSED, PROGRAM
from autograd.cli.expressions import CONSTANTS, FUNCTIONS, Formula, number_given, parse
from autograd.core.value import Value
from autograd.files import write_atomically

__all__ = ["calculate", "complain", "point_of", "shielded", "suffix"]

LONGEST_MESSAGE = 600  # characters
EPILOG = f"""\
functions:
{{functions}}

A formula is made of numbers, names, + - * / // % **, comparisons, pi, inf, nan
and these functions; nothing else is ever run. A value may be a formula too:
x=-2  t=pi/3

examples:
  {PROGRAM} "sin(x*y) + x**2" x=2 y=3
  {PROGRAM} "tanh(w*x + b)" w=0.5 x=-2 b=1 --html steps.html
  {PROGRAM} "100*(y - x**2)**2 + (1 - x)**2" x=-1 y=1 --order 2
  {PROGRAM} "w*x + b" w=2 x=3 b=1 --source
  {PROGRAM} play "tanh(w*x + b)" w=0.5 x=-2 b=1
  {PROGRAM} check module:function --at x=1,y=2
  {PROGRAM} doctor

exit codes: 0 done; 1 the mathematics failed (outside the domain, overflow, a
failed check) or a file could not be written; 2 the command makes no sense.
"""


def calculate(argv: Sequence[str]) -> int:
    """Do what the arguments say, and return the exit code.

    Results go to stdout, errors to stderr.

    Raises:
        SystemExit: as argparse does, with code 2 for arguments that make no sense.
        OSError: stdout cannot be written.
    """
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")
    parser = _parser()
    options = [word.partition("=")[0] for word in argv if word.startswith("--")]
    for option in options:
        if options.count(option) > 1:
            parser.error(f"{option} is given twice")
    arguments = parser.parse_intermixed_args(shielded(argv))
    if arguments.expression is None or re.match(r"\s*\w+\s*=(?!=)", arguments.expression):
        parser.error("the formula comes first, then the values of its variables")
    try:
        expression = parse(arguments.expression)
        point = point_of(expression, arguments.bindings)
    except (SyntaxError, TypeError, ValueError, ArithmeticError) as error:
        return complain(error, MISUSED)
    try:
        return 0 if _print_answer(arguments, expression, point) else FAILED
    except TypeError as error:
        return complain(error, MISUSED)
    except (ValueError, ArithmeticError, ImportError, RuntimeError) as error:
        return complain(error, FAILED)
    except OSError as error:
        if error.filename is None:  # stdout
            raise
        return complain(error, FAILED)


# ---------------------------------------------------------------------- arguments


class _Parser(argparse.ArgumentParser):
    def _print_message(self, message: str, file: Any = None) -> None:
        """Unlike argparse, do not hide that the output cannot be written."""
        print(message, end="", file=file or sys.stderr)


def _parser() -> _Parser:
    names = textwrap.fill(" ".join(sorted(FUNCTIONS)), 78)
    parser = _Parser(
        prog=PROGRAM,
        usage=f'{PROGRAM} "FORMULA" [NAME=VALUE ...] [options]\n'
        f'       {PROGRAM} play "FORMULA" [NAME=VALUE ...]\n'
        f"       {PROGRAM} check MODULE:FUNCTION --at NAME=VALUE,...\n"
        f"       {PROGRAM} doctor",
        description="The value of a formula and its derivative in every variable.",
        epilog=EPILOG.format(functions=textwrap.indent(names, "  ")),
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    add = parser.add_argument
    add("expression", nargs="?", metavar="FORMULA", help='such as "sin(x*y) + x**2"')
    add("bindings", nargs="*", metavar="NAME=VALUE", help="a variable's value")
    add("--svg", metavar="FILE", type=suffix(".svg"), help="draw the graph")
    page = "write a page that plays the forward and the backward pass"
    add("--html", metavar="FILE", type=suffix(".html"), help=page)
    what = "what is drawn as one box: auto, what repeats; none, nothing"
    metavar = "{auto,none}"
    add("--collapse", metavar=metavar, type=_collapsed, default="auto", help=what)
    add("--check", action="store_true", help="compare with finite differences")
    order = "2: also the second derivatives (Hessian)"
    add("--order", type=int, choices=[1, 2], default=1, help=order)
    version = f"scalar-autograd {autograd.__version__}"
    add("--version", action="version", version=version)
    forms = parser.add_mutually_exclusive_group()
    for option, text in (
        ("--step", "go through the passes step by step"),
        ("--latex", "print LaTeX, with the rule of each derivative"),
        ("--source", "print its program as NumPy source, forward and reverse"),
        ("--json", 'print JSON; numbers that it lacks are "nan", "inf" and "-inf"'),
    ):
        forms.add_argument(option, action="store_true", help=text)
    return parser


def _collapsed(text: str) -> str | None:
    """What `collapse` takes in Python, as far as a formula has it."""
    if text not in ("auto", "none"):
        why = f"a formula has no {text}s" if text in ("neuron", "layer") else f"got {text!r}"
        raise argparse.ArgumentTypeError(f"must be auto or none; {why}")
    return None if text == "none" else text


def suffix(ending: str) -> Callable[[str], str]:
    """A file name's type: a text that ends like this."""

    def path(text: str) -> str:
        if not text.lower().endswith(ending):
            raise argparse.ArgumentTypeError(f"{text!r} does not end in {ending}")
        return text

    return path


def shielded(argv: Sequence[str]) -> list[str]:
    """A formula may begin with a minus; after a space argparse takes it for no option."""
    return [f" {a}" if re.match(r"-[^-h]|-h.", a) else a for a in argv]


def point_of(expression: Formula, bindings: Sequence[str]) -> list[Value]:
    """The variables of the expression as leaves, with the values that the bindings give."""
    given: dict[str, float] = {}
    for binding in bindings:
        name, equals, text = binding.partition("=")
        name = unicodedata.normalize("NFKC", name.strip())  # as Python does with identifiers
        if not (equals and name.isidentifier() and text.strip()):
            raise ValueError(f"{binding!r} is not of the form NAME=VALUE, such as x=2")
        if name in FUNCTIONS or name in CONSTANTS:
            raise ValueError(f"{name} has a meaning of its own; choose another variable name")
        if name in given:
            raise ValueError(f"{name} is given twice")
        given[name] = number_given(name, text)
    for name in given:
        if name not in expression.names:
            known = ", ".join(expression.names) or "none"
            raise ValueError(f"{name} is not in the formula, whose variables are: {known}")
    missing = [name for name in expression.names if name not in given]
    if missing:
        example = " ".join([f"{name}=1" for name in missing])
        raise ValueError(f"no value for {', '.join(missing)}; add {example}, say")
    return [Value(given[name], label=name) for name in expression.names]


def complain(error: Exception, code: int) -> int:
    """Say on stderr what is wrong, and where in the formula."""
    message = str(error).replace("autograd.step(y)", "--step")
    lines = []
    if isinstance(error, OSError):
        message = f"{error.filename}: {error.strerror}"
    if isinstance(error, SyntaxError) and error.offset:
        message = error.msg
        start = max(0, error.offset - 36)
        lines = [f"    {str(error.text)[start : start + 72]}"]
        lines += [" " * (3 + error.offset - start) + "^"]
    if len(message) > LONGEST_MESSAGE:
        message = f"{message[:LONGEST_MESSAGE]}..."
    lines.insert(0, f"{PROGRAM}: {message}")
    if code == MISUSED:
        lines.append(f"{PROGRAM} --help says more")
    print(
        *["".join([c if c.isprintable() else "?" for c in line]) for line in lines],
        sep="\n",
        file=sys.stderr,
    )
    return code


# ---------------------------------------------------------------------- results


def _print_answer(
    arguments: argparse.Namespace, expression: Formula, point: list[Value]
) -> bool:
    """Compute, write and print what is asked for; False if the check failed."""
    value = expression(*point)
    root = value if isinstance(value, Value) else Value(value)
    if root.label is None and "f" not in expression.names:
        root.label = "f"
    if arguments.step:
        autograd.step(root)
    root.backward()
    results: dict[str, Any] = {
        "formula": expression.text,
        "value": root.data,
        "variables": dict(zip(expression.names, [x.data for x in point])),
        "gradient": dict(zip(expression.names, [x.grad for x in point])),
    }
    names, numbers = expression.names, [x.data for x in point]
    if arguments.order == 2:
        every = tuple(range(len(point)))
        rows = autograd.hessian(expression, argnums=every)(*numbers)
        results["hessian"] = {name: dict(zip(names, row)) for name, row in zip(names, rows)}
    if arguments.check:
        from autograd.cli.checking import check_formula

        results["check"] = check_formula(expression, numbers, arguments.order)
    if arguments.svg:
        picture = root.graph(collapse=arguments.collapse).svg()
        write_atomically(Path(arguments.svg), picture.encode())
    if arguments.html:
        root.steps(collapse=arguments.collapse).save(arguments.html)
    results["files"] = [path for path in (arguments.svg, arguments.html) if path]
    if arguments.source:
        fast = autograd.compile(expression)
        fast(*[x.data for x in point])
        print(fast.program.source(), end="")
    elif arguments.json:
        print(json.dumps(_in_json(results), indent=2))
    else:
        _print(results, root.graph().latex() if arguments.latex else None)
    return not arguments.check or results["check"]["passed"] is True


def _in_json(results: Any) -> Any:
    """The results without the numbers that JSON has no way to write."""
    if isinstance(results, dict):
        return {key: _in_json(x) for key, x in results.items()}
    return repr(results) if type(results) is float and not math.isfinite(results) else results


def _print(results: dict[str, Any], latex: str | None) -> None:
    values, derivatives = results["variables"], results["gradient"]
    if latex is not None:
        print(latex)
    else:
        print(f"{results['formula']} = {results['value']!r}")
        rows = [[name, repr(values[name]), _shown(derivatives[name])] for name in values]
        _print_table(["variable", "value", "derivative"], rows)
    if "hessian" in results:
        rows = [[name, *map(_shown, row.values())] for name, row in results["hessian"].items()]
        _print_table(["second derivatives", *values], rows)
    if "check" in results:
        check = results["check"]
        each = [
            [name, _shown(row["analytic"]), _shown(row["numeric"]), f"{row['difference']:.2g}"]
            for name, row in check["variables"].items()
        ]
        _print_table(["variable", "analytic", "numeric", "difference"], each)
        print("", check["report"], *check["kinks"], sep="\n")
    for path in results["files"]:
        print(f"written: {path}")


def _shown(x: float) -> str:
    """A derivative for people: -0.0 is 0."""
    return repr(x + 0.0)


def _print_table(head: list[str], rows: list[list[str]]) -> None:
    """A table for the terminal, by rich if it is there; with a row a cell if it is too wide."""
    if not rows:
        return
    needed = sum([max(map(len, column)) + 3 for column in zip(head, *rows)])
    if sys.stdout.isatty() and 3 < len(head) and needed >= shutil.get_terminal_size().columns:
        rows = [[name, *cell] for name, *row in rows for cell in zip(head[1:], row)]
        head = [head[0], "", ""]
    print()
    if sys.stdout.isatty() and importlib.util.find_spec("rich"):
        from rich.console import Console
        from rich.table import Table

        table = Table()
        for name in head:
            table.add_column(name, overflow="fold")
        for row in rows:
            table.add_row(*row)
        Console().print(table)
        return
    widths = [max(map(len, column)) for column in zip(head, *rows)]
    for row in [head, *rows]:
        print("  ".join([cell.ljust(width) for cell, width in zip(row, widths)]).rstrip())
