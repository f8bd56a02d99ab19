"""Files are written whole or not at all."""

from __future__ import annotations

import contextlib
import os
import stat
from pathlib import Path

__all__ = ["write_atomically"]


def write_atomically(path: Path, data: bytes) -> None:
    """Write a file under a temporary name beside it, and rename that.

    Whenever the process or the machine stops, there is the old file or the new one, perhaps
    with a hidden temporary one beside it. Of two processes that write at once, one wins. The
    permissions of an existing file are kept, a symbolic link stays one, and what is no file
    (a device, a pipe) is written to directly.

    Raises:
        OSError: the file cannot be written; it names `path`.
    """
    try:
        if path.exists() and not path.is_file():
            path.write_bytes(data)
        else:
            _replace(Path(os.path.realpath(path)), data)
    except OSError as error:
        raise OSError(error.errno, error.strerror or str(error), str(path)) from error


def _replace(path: Path, data: bytes) -> None:
    mode = _permissions(path)
    temporary = path.with_name(f".{path.name[:50]}.{os.urandom(8).hex()}.tmp")

    def exclusively(name: str, flags: int) -> int:
        return os.open(name, flags, 0o666 if mode is None else mode)

    file = open(temporary, "xb", opener=exclusively)  # noqa: SIM115
    try:
        with file:
            file.write(data)
            file.flush()
            if mode is not None:
                os.chmod(temporary, mode)
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise
    _sync_folder(path.parent)


def _permissions(path: Path) -> int | None:
    """Those of a file, which may be written to; None where there is no file."""
    try:
        descriptor = os.open(path, os.O_WRONLY)
    except FileNotFoundError:
        return None
    try:
        return stat.S_IMODE(os.fstat(descriptor).st_mode)
    finally:
        os.close(descriptor)


def _sync_folder(folder: Path) -> None:
    """Make the rename durable. Not every system can; the new file is in place in any case."""
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
