"""A program on a pseudo-terminal."""

import os
import select
import struct
import subprocess
import sys
from collections.abc import Mapping
from typing import Self

import pytest

pytest.importorskip("pty")

import fcntl
import pty
import termios

from tests.helpers.builds import ROOT


class Terminal:
    """Python on these arguments, on a terminal of so many columns."""

    def __init__(
        self, *arguments: str, columns: int = 60, environment: Mapping[str, str] | None = None
    ) -> None:
        self.fd, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        own = ("COLUMNS", "LINES", "NO_COLOR", "FORCE_COLOR")
        kept = {name: x for name, x in os.environ.items() if name not in own}
        kept |= {"TERM": "xterm-256color", "PYTHONIOENCODING": "utf-8"}
        self.process = subprocess.Popen(
            [sys.executable, *arguments],
            stdin=slave,
            stdout=slave,
            stderr=slave,
            cwd=ROOT,
            env=kept | dict(environment or {}),
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0) and None,
        )
        os.close(slave)

    def send(self, text: str) -> None:
        os.write(self.fd, text.encode())

    def read(self, until: str = "") -> str:
        """Return what it writes, up to and with a text, or to its end."""
        data = b""
        while not until or until.encode() not in data:
            ready, _, _ = select.select([self.fd], [], [], 100.0)
            assert ready, data
            try:
                chunk = os.read(self.fd, 4096)
            except OSError:  # how Linux says that the other side is closed
                chunk = b""
            if not chunk:
                break
            data += chunk
        return data.decode().replace("\r\n", "\n")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.process.kill()
        self.process.wait()
        os.close(self.fd)
