"""The command line: value and gradient of a formula, its pictures, steps and checks."""

from __future__ import annotations

import argparse
import importlib.util
import io
import shutil
import sys
import textwrap
from collections.abc import Sequence
from typing import Any

import autograd
from autograd.cli.ending import PROGRAM
from autograd.cli.expressions import FUNCTIONS, Formula
from autograd.cli.way_in import Parser, answer_formula, print_json
from autograd.core.value import Value

__all__ = ["calculate"]

EPILOG = f"""\
functions:
{{functions}}

A formula is made of numbers, names, + - * / // % **, comparisons, e, pi, inf,
nan and these functions; nothing else is ever run. A value may be a formula too:
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
    return answer_formula(_parser(), argv, _print_answer)


def _parser() -> Parser:
    names = textwrap.fill(" ".join(sorted(FUNCTIONS)), 78)
    parser = Parser(
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
    add("--svg", metavar="FILE", help="draw the graph")
    add("--html", metavar="FILE", help="write a page that plays both passes")
    what = "what is drawn as one box: auto, what repeats; none, nothing"
    add("--collapse", choices=["auto", "none"], default="auto", help=what)
    add("--check", action="store_true", help="compare with finite differences")
    add("--order", type=int, choices=[1, 2], default=1, help="2: also the Hessian")
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


# ---------------------------------------------------------------------- results


def _print_answer(arguments: argparse.Namespace, formula: Formula, leaves: list[Value]) -> bool:
    """Compute, write and print what is asked for; False if the check failed."""
    root = formula.root(leaves)
    if arguments.step:
        autograd.step(root)
    root.backward()
    names, point = formula.names, [x.data for x in leaves]
    results: dict[str, Any] = {
        "formula": formula.text,
        "value": root.data,
        "variables": dict(zip(names, point)),
        "gradient": dict(zip(names, [x.grad for x in leaves])),
    }
    if arguments.order == 2:
        rows = autograd.hessian(formula, argnums=tuple(range(len(point))))(*point)
        results["hessian"] = {name: dict(zip(names, row)) for name, row in zip(names, rows)}
    report = told = None
    if arguments.check:
        from autograd.cli.checking import fields_of, named

        report = autograd.testing.gradcheck(formula, *point, order=arguments.order)
        results["check"], told = fields_of(report, names), named(f"\n{report}", names)
    collapse = None if arguments.collapse == "none" else "auto"
    if arguments.svg:
        root.graph(collapse=collapse).save(arguments.svg)
    if arguments.html:
        root.steps(collapse=collapse).save(arguments.html)
    results["files"] = [path for path in (arguments.svg, arguments.html) if path]
    if arguments.source:
        fast = autograd.compile(formula)
        fast(*point)
        print(fast.program.source(), end="")
    elif arguments.json:
        print_json(results)
    else:
        _print(results, root.graph().latex() if arguments.latex else None)
        if told is not None:
            print(told)
    return report is None or bool(report)


def _print(results: dict[str, Any], latex: str | None) -> None:
    values, derivatives = results["variables"], results["gradient"]
    if latex is not None:
        print(latex)
    else:
        print(f"{results['formula']} = {results['value']!r}")
        rows = [[name, repr(values[name]), repr(derivatives[name] + 0.0)] for name in values]
        _print_table(["variable", "value", "derivative"], rows)
    if "hessian" in results:
        hessian = results["hessian"].items()
        rows = [[name, *[repr(x + 0.0) for x in row.values()]] for name, row in hessian]
        _print_table(["second derivatives", *values], rows)
    for path in results["files"]:
        print(f"written: {path}")


def _print_table(head: list[str], rows: list[list[str]]) -> None:
    """A table for the terminal, by rich if it is there; with a row a cell if it is too wide."""
    if not rows:
        return
    widths = [max(map(len, column)) for column in zip(head, *rows)]
    on_terminal, room = sys.stdout.isatty(), shutil.get_terminal_size().columns
    if on_terminal and len(head) > 3 and sum(widths) + 3 * len(head) >= room:
        cells = [[name, *cell] for name, *row in rows for cell in zip(head[1:], row)]
        _print_table([head[0], "", ""], cells)
        return
    print()
    if on_terminal and importlib.util.find_spec("rich"):
        from rich.console import Console
        from rich.table import Table

        table = Table()
        for name in head:
            table.add_column(name, overflow="fold")
        for row in rows:
            table.add_row(*row)
        Console().print(table)
        return
    for row in [head, *rows]:
        print("  ".join([cell.ljust(width) for cell, width in zip(row, widths)]).rstrip())
