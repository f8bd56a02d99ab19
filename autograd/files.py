"""Files are written whole or not at all."""

from __future__ import annotations

import contextlib
import errno
import os
from pathlib import Path

__all__ = ["write_atomically"]


def write_atomically(path: Path, data: bytes) -> None:
    """Write a file under a temporary name beside it, and rename that.

    Whenever the process dies, there is the old file or the new one, perhaps with a
    temporary one beside it. Of two processes that write at once, one wins.

    Raises:
        OSError: the file cannot be written; it names `path`.
    """
    if path.is_dir():
        raise IsADirectoryError(errno.EISDIR, "a folder is in the file's place", str(path))
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with temporary.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except OSError as error:
        raise OSError(error.errno, error.strerror or str(error), str(path)) from error
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink()
