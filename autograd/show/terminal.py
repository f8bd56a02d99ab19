"""The stepper at a prompt: `step(y)` plays a forward and backward pass in the terminal.

The letters are those of Python's debugger. Colours come from rich, where it is installed
and the output is a terminal; they only repeat what the words say.
"""

from __future__ import annotations

import builtins
import cmd
import contextlib
import math
import re
import shutil
import sys
from collections.abc import Sequence
from typing import IO, TYPE_CHECKING

from autograd.core.operand import Number
from autograd.core.sweeps import explain_nan
from autograd.core.value import Value
from autograd.show.events import Event
from autograd.show.formulas import arithmetic
from autograd.show.stepper import Stepper, named
from autograd.show.text import Parts, columns, format_number, rich_text, short_name

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["step"]

SPELLED = str.maketrans({"∂": "d", "·": "*", "×": "x", "→": "->", "…": "...", "▸": ">"})
MOST_ROWS = 20
MOVES = {"n", "next", "b", "back", "c", "continue", "until", "nan"}
HELP = """\
n        the next event; n 3: three      b  take the last event back; b 3: three
c        all events of this pass         Enter  the same move again
until x  on to the next event that sets the value or the gradient of x
nan      on to the next event that makes infinity or NaN
goto 5   to where 5 events have been played; goto 0 starts again
w        where we are: all nodes now     p x  one node and all that it receives
h        this help                       q  quit"""


def step(root: Value | Stepper, seed: Number = 1.0) -> None:
    """Play the forward and backward pass of a Value at a prompt, with a debugger's letters.

    `n` plays the next event, `b` takes it back, `h` lists the other commands. No `grad` is
    changed. Where nothing can be typed, as in a notebook that runs by itself, it says so and
    stops at the start.

    Args:
        root: the Value to differentiate, or a Stepper, which goes on from where it is.
        seed: the gradient that the pass starts from; a Stepper has its own.

    Raises:
        TypeError: `root` is neither, or `seed` is not a real number.

    >>> x = Value(3.0, label="x")
    >>> step(x * x)  # doctest: +SKIP
    """
    session = _Session(root if isinstance(root, Stepper) else Stepper(root, seed))
    try:
        session.cmdloop()
    except KeyboardInterrupt:
        session.say([])
    except NotImplementedError:  # so a notebook's kernel answers `input`
        session.complain("nothing can be typed here; y.steps() shows the passes as a page")


class _Session(cmd.Cmd):
    prompt = "(step) "

    def __init__(self, stepper: Stepper) -> None:
        super().__init__()
        self.stepper = stepper
        self.events = stepper.events
        self.nodes = stepper.graph.nodes
        self.root = stepper.graph.root.short
        self.screen = _Screen(self.stdout)
        self.say = self.screen.say
        self.again = "n"
        if not (sys.stdin.isatty() or hasattr(builtins, "get_ipython")):
            self.prompt = ""

    def preloop(self) -> None:
        counts = f": {len(self.events):,} events, forward and back. "
        self.say([(self.root, "name"), (counts, ""), ("n: next, h: help, q: quit", "quiet")])
        first = next((event for event in self.events if event.turns), None)
        if first is not None:
            self.complain(f"{trouble(first)} at event {first.index + 1}; nan goes there")
        self.do_w()

    def precmd(self, line: str) -> str:
        if line.strip().partition(" ")[0] in MOVES:
            self.again = line
        return line

    def onecmd(self, line: str) -> bool:
        try:
            return super().onecmd(line)
        except LookupError as mistake:
            self.complain(str(mistake))
            return False

    def emptyline(self) -> bool:
        return self.onecmd(self.again)

    def default(self, line: str) -> None:
        self.complain(f"{short_name(line)!r} is not a command; h lists them")

    def complain(self, message: str) -> None:
        self.say([(message, "bad")])

    # ------------------------------------------------------------------ moving

    def do_n(self, arg: str = "") -> None:
        start = self.stepper.position
        self.stepper.goto(min(start + _times("n", arg), len(self.events)))
        self.played(start)

    def do_b(self, arg: str = "") -> None:
        start = self.stepper.position
        if start == 0:
            raise LookupError("this is the start; n plays the first event")
        self.stepper.goto(max(start - _times("b", arg), 0))
        for event in self.latest(self.events[self.stepper.position : start][::-1]):
            place = self.place(event)
            self.say([place, ("taken back: ", "bad"), *event.parts()], indent=len(place[0]))

    def do_c(self, arg: str = "") -> None:
        start, forward = self.stepper.position, len(self.nodes)
        self.stepper.goto(forward if start < forward else len(self.events))
        self.played(start)

    def do_until(self, arg: str = "") -> None:
        start = self.stepper.position
        if self.stepper.run_until(self.name("until", arg)) is None:
            raise LookupError(f"nothing more happens to {short_name(arg)}")
        self.played(start)

    def do_nan(self, arg: str = "") -> None:
        start = self.stepper.position
        if self.stepper.run_until_nonfinite() is None:
            raise LookupError("nothing turns infinite or NaN from here on")
        self.played(start)

    def do_goto(self, arg: str = "") -> None:
        try:
            self.stepper.goto(int(arg))
        except (ValueError, IndexError):
            message = f"goto takes a number from 0 to {len(self.events)}"
            raise LookupError(message) from None
        self.do_w()

    def played(self, start: int) -> None:
        """Show the events that have been played since a position."""
        events = self.events[start : self.stepper.position]
        if not events:
            raise LookupError("this is the end; b takes a step back, q quits")
        for event in self.latest(events):
            self.tell(event)
        if self.stepper.position == len(self.events):
            if any(map(math.isnan, self.stepper.grads.values())):
                self.complain("That was all, and a gradient is not a number.")
            else:
                self.say(
                    [("That was all: these are the gradients of ", ""), (self.root, "name")]
                )
            self.do_w()

    def latest(self, events: Sequence[Event]) -> Sequence[Event]:
        """The last events that there is room for; says how many came before."""
        if len(events) > MOST_ROWS:
            self.say([(f"… {len(events) - MOST_ROWS:,} events before these", "quiet")])
        return events[-MOST_ROWS:]

    # ------------------------------------------------------------------ looking

    def do_w(self, arg: str = "") -> None:
        position = self.stepper.position
        done = self.events[:position]
        current = done[-1].target.index if done else -1
        latest = {event.target: event for event in done if event.kind != "forward"}
        first = max(0, min(current - MOST_ROWS // 2, len(self.nodes) - MOST_ROWS))
        last = first + MOST_ROWS
        rows = [("", "node", "value", f"∂{self.root}/∂node", "from")]
        for node in self.nodes[first:last]:
            mark = "▸" if node.index == current else ""
            value = format_number(node.data) if node.index < position else "·"
            grad = _gradient(latest.get(node))
            rows.append((mark, node.short, value, grad, arithmetic(node)))
        if first > 0:
            self.say([(f"… {first:,} nodes before these", "quiet")])
        widths = [max(map(columns, column)) for column in zip(*rows)]
        for row in rows:
            pieces = [text + " " * (n - columns(text)) for text, n in zip(row, widths)]
            style = "now" if row[0] else "quiet" if row is rows[0] else ""
            self.say([("  ".join(pieces).rstrip(), style)], clip=True)
        if last < len(self.nodes):
            self.say([(f"… {len(self.nodes) - last:,} nodes after these", "quiet")])

    def do_p(self, arg: str = "") -> None:
        for node in named(self.stepper.graph, self.name("p", arg)):
            events = [event for event in self.events if event.target is node]
            for event in events[:MOST_ROWS]:
                if event.index < self.stepper.position:
                    self.tell(event)
                else:
                    parts = event.parts()
                    to_come = parts[: parts.index((" = ", ""))]
                    self.say([self.place(event), *to_come, ("  (to come)", "quiet")])
            if len(events) > MOST_ROWS:
                self.say([(f"… {len(events) - MOST_ROWS:,} events after these", "quiet")])

    def name(self, command: str, arg: str) -> str:
        """The argument of a command that needs a node."""
        if arg:
            return arg
        example = self.nodes[0].short
        raise LookupError(
            f"{command} takes a node, such as {command} {example}; w lists the nodes"
        )

    def tell(self, event: Event) -> None:
        """Show an event, and what is wrong with it."""
        place, use = self.place(event), ""
        if event.uses > 1:
            use = f"  (use {event.use} of {event.uses})"
        if event.input and event.rule not in ("", *[x.short for x in event.node.inputs]):
            use += f"  ∂{event.node.short}/∂{event.input.short} is {event.rule}"
        self.say([place, *event.parts(), (use, "quiet")], indent=len(place[0]))
        if event.turns == "not a number" and event.input is not None:
            reason = explain_nan(
                event.node.value, event.input.value, event.local, event.product
            )
            self.complain(str(reason))
        elif event.turns:
            self.complain(f"{trouble(event)} here")
        if event.convention and event.kind == "forward":
            self.say(
                [(f"at a kink the derivative is a convention: {event.convention}", "quiet")]
            )

    def place(self, event: Event) -> tuple[str, str]:
        total = str(len(self.events))
        return f"{event.index + 1:>{len(total)}}/{total}  ", "quiet"

    def do_h(self, arg: str = "") -> None:
        for line in HELP.splitlines():
            self.say([(line, "")])

    def do_q(self, arg: str = "") -> bool:
        return True

    def do_EOF(self, arg: str = "") -> bool:  # noqa: N802
        if self.prompt:
            self.say([])
        return True

    do_next, do_back, do_continue, do_where, do_print = do_n, do_b, do_c, do_w, do_p
    do_help, do_quit, do_exit = do_h, do_q, do_q


def _times(command: str, arg: str) -> int:
    """How many events a command is about."""
    if arg == "":
        return 1
    if arg.isdecimal() and len(arg) < 10 and int(arg) > 0:
        return int(arg)
    raise LookupError(f"{command} takes a number of events, such as {command} 3, or nothing")


def _gradient(event: Event | None) -> str:
    """The gradient after the latest event that has set it, and how much of it that is."""
    if event is None:
        return "·"
    grad = format_number(event.after)
    return grad if event.use == event.uses else f"{grad} ({event.use} of {event.uses})"


class _Screen:
    """The output: lines are wrapped on a terminal, coloured if rich is installed."""

    def __init__(self, stdout: IO[str]) -> None:
        self.stdout = stdout
        self.console: Console | None = None
        if stdout.isatty():
            with contextlib.suppress(ImportError):
                from rich.console import Console

                self.console = Console(file=stdout, highlight=False)

    def say(self, line: Parts, indent: int = 0, clip: bool = False) -> None:
        """Write a line; where it is too wide, cut it or indent what follows a break."""
        width = shutil.get_terminal_size().columns - clip if self.stdout.isatty() else math.inf
        lines: list[Parts] = [[]]
        at = 0
        for text, role in line:
            for word in re.findall(" *[^ ]+ *| +", self.spelled(text)):
                if at > indent and at + columns(word.rstrip()) > width:
                    lines.append([(" " * indent, "")])
                    word, at = word.lstrip(), indent
                lines[-1].append((word, role))
                at += columns(word)
        if clip and lines[1:]:
            text, role = lines[0].pop()
            lines = [[*lines[0], (f"{text.rstrip()}…", role)]]
        for line in lines:
            if self.console is None:
                print("".join([text for text, _ in line]).rstrip(), file=self.stdout)
            else:
                shown = rich_text(line)
                shown.rstrip()
                self.console.print(shown, soft_wrap=True)

    def spelled(self, text: str) -> str:
        """The text itself if the terminal's encoding has all its signs, else in ASCII."""
        encoding = getattr(self.stdout, "encoding", None) or "utf-8"
        try:
            text.encode(encoding)
        except UnicodeEncodeError:
            return text.translate(SPELLED).encode("ascii", "backslashreplace").decode("ascii")
        return text


def trouble(event: Event) -> str:
    """Name the number that turns infinite, or not a number, in an event."""
    what = "value" if event.kind == "forward" else "gradient"
    return f"the {what} of {event.target.short} is {event.turns}"
