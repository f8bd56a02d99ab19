"""How a command ends: without a traceback, with the exit status that shells expect."""

from __future__ import annotations

import contextlib
import errno
import os
import sys
from collections.abc import Callable, Sequence
from types import TracebackType

__all__ = ["FAILED", "MISUSED", "PROGRAM", "hide_interrupts", "run_command"]

PROGRAM = "python -m autograd"
FAILED, MISUSED = 1, 2
INTERRUPTED, NO_READER = 128 + 2, 128 + 13  # 128 + SIGINT, SIGPIPE


def hide_interrupts() -> None:
    """Let Ctrl-C end the process without a traceback, also while modules are imported."""

    def hook(
        kind: type[BaseException], error: BaseException, place: TracebackType | None
    ) -> None:
        if issubclass(kind, KeyboardInterrupt):
            os._exit(INTERRUPTED)
        sys.__excepthook__(kind, error, place)

    sys.excepthook = hook


def run_command(main: Callable[[Sequence[str]], int], arguments: Sequence[str]) -> int:
    """Call `main`, and return the exit status of the process.

    It is that of `main`, 141 if whoever reads the output has closed it (as `head` does), and
    1, with a line on stderr, if the output cannot be written.
    """
    if sys.stderr is None:  # closed by the shell's 2>&-, as stdin by <&- and stdout by >&-
        sys.stderr = open(os.devnull, "w")  # noqa: SIM115
    if sys.stdin is None:
        sys.stdin = open(os.devnull)  # noqa: SIM115
    if sys.stdout is None:
        return _unwritten(os.strerror(errno.EBADF))
    try:
        try:
            status = main(arguments)
        except SystemExit as ended:  # argparse's
            status = int(ended.code or 0)
        sys.stdout.flush()
        return status
    except BrokenPipeError:
        status = NO_READER
    except OSError as error:
        status = _unwritten(error.strerror)
    # The buffered output would fail again when Python ends.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return status


def _unwritten(why: str | None) -> int:
    with contextlib.suppress(OSError):  # of stderr
        print(f"{PROGRAM}: the output cannot be written: {why}", file=sys.stderr)
    return FAILED
