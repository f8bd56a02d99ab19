"""Child processes that share what the test has."""

import os
import signal
from collections.abc import Callable
from typing import Any

LONG = 60.0  # seconds, after which something hangs


def in_a_child(f: Callable[[], Any]) -> Any:
    """Whether f gives something true in a child process, which must end."""
    if (child := os.fork()) == 0:  # pragma: no cover  (it ends without a report)
        signal.alarm(int(LONG))
        os._exit(7 if f() else 1)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
