"""Files that are written whole or not at all, and whose damage shows when they are read."""

from __future__ import annotations

import contextlib
import json
import math
import os
import re
import stat
import zlib
from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import Any

__all__ = [
    "CHECKSUM",
    "check_checksum",
    "json_object",
    "with_checksum",
    "without_repetition",
    "write_atomically",
]

CHECKSUM = "scalar-autograd crc32"  # of the file with eight zeros in the place of this value
WRITTEN = rb'"scalar-autograd crc32": ?"([0-9a-f]{8})"'
HALF_WRITTEN = rb'scalar-autograd cr|c32": ?"'  # one flipped bit leaves one of the halves


def write_atomically(path: Path, data: bytes) -> None:
    """Write a file under a temporary name beside it, and rename that.

    Whenever the process or the machine stops, there is the old file or the new one, perhaps
    with a hidden temporary one beside it. Of two processes that write at once, one wins. The
    permissions of an existing file are kept, a symbolic link stays one, and what is no file (a
    device, a pipe) is written to directly.

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
    access = 0o666 if mode is None else mode
    file = open(temporary, "xb", opener=partial(os.open, mode=access))  # noqa: SIM115
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
    """Return the permissions of a file that may be written to; None if there is no file."""
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


# ---------------------------------------------------------------- checksums


def with_checksum(data: bytes) -> bytes:
    """The content of a file, with its checksum in place of the zeros."""
    return data.replace(b'"00000000"', b'"%08x"' % zlib.crc32(data), 1)


def check_checksum(path: Path, data: bytes) -> bool:
    """Whether the file has a checksum; ValueError if that is wrong."""
    match = re.search(WRITTEN, data)
    if match is None:
        if re.search(HALF_WRITTEN, data):
            raise ValueError(f"{path} is damaged: its checksum is wrong")
        return False
    start, end = match.span(1)
    if zlib.crc32(data[:start] + b"0" * 8 + data[end:]) != int(match[1], 16):
        raise ValueError(f"{path} is damaged: its checksum is wrong")
    return True


def json_object(path: Path, data: bytes) -> dict[str, Any]:
    try:
        parsed = json.loads(
            data.decode("utf-8-sig"),
            object_pairs_hook=without_repetition,
            parse_constant=_finite_number,
            parse_float=_finite_number,
        )
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{path} is damaged: {error}") from error
    if not isinstance(parsed, dict):
        raise ValueError(f"{path} is damaged: it holds no JSON object")
    parsed.pop(CHECKSUM, None)
    return parsed


def without_repetition(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for name, data in pairs:
        if name in result:
            raise ValueError(f"{name!r:.80} occurs twice")
        result[name] = data
    return result


def _finite_number(number: str) -> float:
    result = float(number)
    if not math.isfinite(result):
        raise ValueError(f"it has the number {number!r:.80}")
    return result
