"""Stepping at a prompt: piped, on a terminal with and without rich, and under IPython."""

import io
import re
import select
import sys
from collections.abc import Iterator

import pytest

from autograd import Stepper, Value, dot, sqrt, step
from autograd.show.terminal import HELP, MOST_ROWS
from autograd.show.text import columns
from tests.helpers.builds import THIS, run
from tests.helpers.examples import lesson as lesson_of
from tests.helpers.tables import table
from tests.helpers.terminals import Terminal

ESCAPE = re.compile(r"\x1b\[[0-9;?]*[a-zA-Z]")
LESSON = """
from autograd import Value, step
a, b = Value(2.0, label="a"), Value(-3.0, label="b")
e = a * b
e.label = "e"
loss = e + a
loss.label = "L"
step(loss)
print("left with", a.grad)
"""
WITHOUT_RICH = "import sys; sys.modules['rich'] = None\n" + LESSON


def lesson() -> Value:
    return lesson_of()[2]


class Screen(io.StringIO):
    """A stream that a person looks at, as a program believes."""

    encoding = "utf-8"

    def isatty(self) -> bool:
        return True


def output(
    monkeypatch: pytest.MonkeyPatch,
    root: Value | Stepper,
    typed: str = "",
    terminal: bool = False,
) -> str:
    """All that a session writes."""
    out = Screen() if terminal else io.StringIO()
    monkeypatch.setattr(sys, "stdin", io.StringIO(typed))
    monkeypatch.setattr(sys, "stdout", out)
    step(root)
    return out.getvalue()


def shown(monkeypatch: pytest.MonkeyPatch, root: Value | Stepper, *commands: str) -> list[str]:
    """The lines that come in answer to commands, without the table at the start."""
    lines = output(monkeypatch, root, "".join([f"{c}\n" for c in commands])).splitlines()
    nodes = (root if isinstance(root, Stepper) else Stepper(root)).graph.nodes
    start = next(i for i, line in enumerate(lines) if line.split()[:2] == ["node", "value"])
    return lines[start + 1 + min(len(nodes), MOST_ROWS) :]


def test_it_starts_with_all_nodes(monkeypatch: pytest.MonkeyPatch) -> None:
    assert output(monkeypatch, lesson()).splitlines() == [
        "L: 9 events, forward and back. n: next, h: help, q: quit",
        "  node  value  ∂L/∂node  from",
        "  a     ·      ·",
        "  b     ·      ·",
        "  e     ·      ·         a * b",
        "  L     ·      ·         e + a",
    ]


def test_next_enter_and_back(monkeypatch: pytest.MonkeyPatch) -> None:
    assert shown(monkeypatch, lesson(), "", "n", "", "b", "", "", "b", "n") == [
        "1/9  a = 2.0",
        "2/9  b = -3.0",
        "3/9  e = a * b = 2.0 * -3.0 → -6.0",
        "3/9  taken back: e = a * b = 2.0 * -3.0 → -6.0",
        "2/9  taken back: b = -3.0",
        "1/9  taken back: a = 2.0",
        "this is the start; n plays the first event",
        "1/9  a = 2.0",
    ]


def test_continue_stops_between_the_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = shown(monkeypatch, lesson(), "c", "w", "c", "n")
    assert lines[:4] == [
        "1/9  a = 2.0",
        "2/9  b = -3.0",
        "3/9  e = a * b = 2.0 * -3.0 → -6.0",
        "4/9  L = e + a = -6.0 + 2.0 → -4.0",
    ]
    assert lines[8:10] == ["▸  L     -4.0   ·         e + a", "5/9  ∂L/∂L = 1.0"]
    assert lines[12:] == [
        "8/9  ∂L/∂a += ∂L/∂e · ∂e/∂a = 1.0 × -3.0 = -3.0; 1.0 + -3.0 → -2.0  (use 2 of 2)",
        "9/9  ∂L/∂b += ∂L/∂e · ∂e/∂b = 1.0 × 2.0 → 2.0",
        "That was all: these are the gradients of L",
        "   node  value  ∂L/∂node  from",
        "   a     2.0    -2.0",
        "▸  b     -3.0   2.0",
        "   e     -6.0   1.0       a * b",
        "   L     -4.0   1.0       e + a",
        "this is the end; b takes a step back, q quits",
    ]


def test_until_goto_and_print(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = shown(monkeypatch, lesson(), "until e", "goto 7", "p a", "p z")
    assert lines[:3] == ["1/9  a = 2.0", "2/9  b = -3.0", "3/9  e = a * b = 2.0 * -3.0 → -6.0"]
    assert lines[3:5] == ["   node  value  ∂L/∂node      from", "▸  a     2.0    1.0 (1 of 2)"]
    assert lines[8:] == [
        "1/9  a = 2.0",
        "7/9  ∂L/∂a += ∂L/∂L · ∂L/∂a = 1.0 × 1.0 → 1.0  (use 1 of 2)",
        "8/9  ∂L/∂a += ∂L/∂e · ∂e/∂a  (to come)",
        "no node is called 'z'; there are a, b, e, L",
    ]


COUNTS = "{} takes a number of events, such as {} 3, or nothing".format
MISTAKES = dict(
    table(
        """
"b 0" | COUNTS("b", "b")
"until" | "until takes a node, such as until a; w lists the nodes"
"until z" | "no node is called 'z'; there are a, b, e, L"
"step" | "'step' is not a command; h lists them"
""",
        globals(),
    )
) | {
    **{f"n {x}": COUNTS("n", "n") for x in ("0", "-1", "x", "1.5", "9" * 5000)},
    **dict.fromkeys(["goto 10", "goto -1", "goto a"], "goto takes a number from 0 to 9"),
    **dict.fromkeys(["p", "print"], "p takes a node, such as p a; w lists the nodes"),
}


def test_mistakes_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = shown(monkeypatch, lesson(), "n", *MISTAKES, "n")
    assert lines == ["1/9  a = 2.0", *MISTAKES.values(), "2/9  b = -3.0"]
    assert shown(monkeypatch, lesson(), "goto 9", "until a")[-1] == "nothing more happens to a"


def test_many_taken_back_show_the_last(monkeypatch: pytest.MonkeyPatch) -> None:
    y = Value(1.0)
    for _ in range(MOST_ROWS):
        y = y + 1.0
    lines = shown(monkeypatch, y, "c", "b 21")
    assert lines[-MOST_ROWS - 1] == "… 1 events before these"
    assert lines[-1].split()[0].startswith("1/")
    x = Value(1.0, label="x")
    assert shown(monkeypatch, dot([x] * 25, [1.0] * 25), "p x")[-1] == "… 6 events after these"


def test_help_and_what_is_no_command(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = shown(monkeypatch, lesson(), "h", "help n", "?", "2", "q", "n")
    assert lines == HELP.splitlines() * 3 + ["'2' is not a command; h lists them"]


def test_nan_goes_to_the_cause_and_then_to_what_the_error_names(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    x = Value(0.0, label="x")
    y = sqrt(x * x)
    y.label = "y"
    lines = output(monkeypatch, y, "nan\nnan\nnan\nc\n").splitlines()
    end = lines.index("That was all, and a gradient is not a number.")
    assert lines[end + 2] == "▸  x     0.0    nan"
    del lines[end - 1 :]
    assert lines[1] == "the gradient of v2 is infinite at event 5; nan goes there"
    assert lines[-5:] == [
        "5/7  ∂y/∂v2 += ∂y/∂y · ∂y/∂v2 = 1.0 × inf → inf  ∂y/∂v2 is 0.5 * 1 / sqrt(v2)",
        "the gradient of v2 is infinite here",
        "6/7  ∂y/∂x += ∂y/∂v2 · ∂v2/∂x = inf × 0.0 → nan  (use 1 of 2)",
        "mul(0.0 labelled 'x', 0.0 labelled 'x'): the gradient of the operand 0.0 labelled 'x' "
        "is not a number (zero times infinity); keep the function away from points where its "
        "derivative is infinite",
        "nothing turns infinite or NaN from here on",
    ]


def test_many_nodes_are_shown_through_a_window(monkeypatch: pytest.MonkeyPatch) -> None:
    y = Value(1.0, label="x")
    for _ in range(59):
        y = y + 1.0
    lines = shown(monkeypatch, y, "goto 30", "c", "c")
    table = lines[1 : MOST_ROWS + 4]
    assert table[0] == "… 19 nodes before these"
    assert [line.split()[0] for line in table[2:12]] == [f"v{i}" for i in range(20, 30)]
    assert table[12].startswith("▸  v30")
    assert table[-1] == "… 21 nodes after these"
    assert "… 10 events before these" in lines
    assert lines[-1] == "… 40 nodes after these"


def test_it_goes_on_from_where_a_stepper_is(monkeypatch: pytest.MonkeyPatch) -> None:
    stepper = lesson().steps()
    stepper.run_until("e")
    assert shown(monkeypatch, stepper, "n") == ["4/9  L = e + a = -6.0 + 2.0 → -4.0"]
    assert stepper.position == 4


@pytest.mark.parametrize(
    ("answer", "end"),
    [
        (KeyboardInterrupt, "e + a\n\n"),  # Ctrl-C
        # IPython's StdinNotImplementedError is one
        (
            NotImplementedError,
            "nothing can be typed here; y.steps() shows the passes as a page\n",
        ),
    ],
)
def test_where_typing_ends(
    monkeypatch: pytest.MonkeyPatch, answer: type[BaseException], end: str
) -> None:
    def raising(prompt: str) -> str:
        raise answer

    monkeypatch.setattr("builtins.input", raising)
    assert output(monkeypatch, lesson()).endswith(end)


def test_the_end_of_what_is_typed_leaves(monkeypatch: pytest.MonkeyPatch) -> None:
    out = io.StringIO()
    monkeypatch.setattr(sys, "stdin", Screen("n\n"))
    monkeypatch.setattr(sys, "stdout", out)
    step(lesson())
    assert out.getvalue().endswith("(step) 1/9  a = 2.0\n(step) \n")


def on_a_terminal(monkeypatch: pytest.MonkeyPatch, root: Value, width: int) -> list[str]:
    monkeypatch.setenv("COLUMNS", str(width))
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)
    return output(monkeypatch, root, "c\nc\n", terminal=True).splitlines()


@pytest.mark.parametrize("rich", [True, False])
@pytest.mark.parametrize("width", [30, 80])
def test_nothing_is_wider_than_the_terminal(
    monkeypatch: pytest.MonkeyPatch, rich: bool, width: int
) -> None:
    if not rich:
        monkeypatch.setitem(sys.modules, "rich.console", None)
    a, b = Value(0.1234567, label="weight"), Value(-3.0, label="日本語")
    y = dot([a, b, a], [b, b, 1.0]) * a
    y.label = "loss"
    coloured = on_a_terminal(monkeypatch, y, width)
    lines = [ESCAPE.sub("", line) for line in coloured]
    assert max(map(columns, lines)) <= width
    assert (coloured != lines) is rich
    monkeypatch.undo()
    whole = " ".join(shown(monkeypatch, y, "c", "c")).split()
    broken = [word for line in lines for word in line.split()]
    assert not [word for word in whole[:40] if word not in broken]


def test_colours_only_repeat_what_the_words_say(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = on_a_terminal(monkeypatch, lesson(), 200)
    plain = shown(monkeypatch, lesson(), "c", "c")
    bare = [ESCAPE.sub("", line).rstrip() for line in lines]
    assert bare[-len(plain) :] == plain


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "utf-8"])
def test_an_output_without_these_signs(monkeypatch: pytest.MonkeyPatch, encoding: str) -> None:
    x = Value(2.0, label="λ😀")
    y = x * x
    y.label = "y"
    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stdin", io.StringIO("n\ngoto 3\nc\n"))
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, encoding=encoding, newline="\n"))
    step(y)
    sys.stdout.flush()
    text = raw.getvalue().decode(encoding)
    if encoding == "utf-8":
        assert "∂y/∂λ😀 += ∂y/∂y · ∂y/∂λ😀 = 1.0 × 2.0 → 2.0" in text
    else:
        assert r"dy/d\u03bb\U0001f600" in text
        assert " -> 4.0" in text


def test_piped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONIOENCODING", "utf-8")
    monkeypatch.setenv("FORCE_COLOR", "1")
    done = run(THIS, "-c", LESSON, stdin=b"n\nuntil L\n")
    assert done.stderr == b""
    assert done.stdout.decode().splitlines()[6:] == [
        "1/9  a = 2.0",
        "2/9  b = -3.0",
        "3/9  e = a * b = 2.0 * -3.0 → -6.0",
        "4/9  L = e + a = -6.0 + 2.0 → -4.0",
        "left with 0.0",
    ]


@pytest.fixture
def child() -> Iterator[Terminal]:
    with Terminal("-c", LESSON) as program:
        program.read("(step) ")
        yield program


def test_lines_are_broken_where_the_terminal_ends(child: Terminal) -> None:
    child.send("goto 7\n")
    child.read("(step) ")
    child.send("n\n")
    lines = ESCAPE.sub("", child.read("(step) ")).splitlines()
    assert lines[1:] == [
        "8/9  ∂L/∂a += ∂L/∂e · ∂e/∂a = 1.0 × -3.0 = -3.0; 1.0 + -3.0",
        "     → -2.0  (use 2 of 2)",
        "(step) ",
    ]


@pytest.mark.parametrize("key", ["\x03", "\x04"], ids=["ctrl-c", "ctrl-d"])
def test_leaving_by_a_key(child: Terminal, key: str) -> None:
    child.send(key)
    while not select.select([child.fd], [], [], 1.0)[0]:
        # It came just before readline looked out for it. (A second Ctrl-C could come late.)
        child.send("\n" if key == "\x03" else key)
    assert "\nleft with 0.0" in child.read()
    assert child.process.wait() == 0


@pytest.mark.parametrize(
    ("program", "environment"), [(LESSON, {"NO_COLOR": "1"}), (WITHOUT_RICH, {})]
)
def test_a_terminal_without_colours(program: str, environment: dict[str, str]) -> None:
    with Terminal("-c", program, environment=environment) as child:
        child.read("(step) ")
        child.send("c\n")
        text = child.read("(step) ")
        assert not re.search(r"\x1b\[[0-9;]*3[0-9]m", text)
        assert "e = a * b = 2.0 * -3.0 → -6.0" in re.sub(ESCAPE, "", text)
        child.send("q\n")
        child.read()


def test_under_ipython() -> None:
    pytest.importorskip("IPython", reason="IPython is not installed")
    with Terminal("-m", "IPython", "--simple-prompt", "--no-banner", "--quick") as shell:
        shell.read("In [1]: ")
        shell.send("from autograd import Value, step; x = Value(3.0, label='x'); step(x)\n")
        shell.read("(step) ")
        shell.send("n\n")
        assert "x = 3.0" in ESCAPE.sub("", shell.read("(step) "))
        shell.send("q\n")
        shell.read("In [2]: ")
