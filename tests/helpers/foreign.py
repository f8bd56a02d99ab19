"""Files that are neither a model nor a checkpoint; some would run code, if they could.

`python -m tests.helpers.foreign FOLDER` loads them all from there, and prints what was run,
imported or written meanwhile.
"""

import contextlib
import gzip
import io
import json
import marshal
import pickle
import struct
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nn
from autograd.files import with_checksum
from nn.training.checkpoint import CHECKPOINT, read_checkpoint


def tensors(header: Any, data: bytes = b"") -> bytes:
    """A safetensors file as it is laid out: the header's length, the header, the numbers."""
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + data


def tensor(kind: str, shape: list[float], start: int, end: int) -> dict[str, Any]:
    return {"dtype": kind, "shape": shape, "data_offsets": [start, end]}


def checked(state: str, **changes: object) -> bytes:
    """A checkpoint whose checksum is right, whatever the text of its state."""
    head = {"scalar-autograd crc32": "0" * 8, "format": CHECKPOINT, "version": 2, **changes}
    return with_checksum(f'{json.dumps(head)[:-1]}, "state": {state}}}'.encode())


class Touch:
    """Unpickled, it makes a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        return Path.touch, (self.path,)


def archive(marker: Path) -> bytes:
    """A zip like those that NumPy and PyTorch write, with a pickle and a path that climbs."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as file:
        file.writestr("../../../../escaped", b"")
        file.writestr("model/data.pkl", pickle.dumps(Touch(marker)))
    return content.getvalue()


def foreign(marker: Path) -> dict[str, bytes]:
    touch = f"open({str(marker)!r}, 'w')"
    return {
        "text pickle": pickle.dumps(Touch(marker), protocol=0),
        "pickle": pickle.dumps(Touch(marker)),
        "marshal": marshal.dumps(compile(touch, "code", "exec")),
        "Python": touch.encode(),
        "YAML": f"!!python/object/apply:os.system ['touch {marker}']".encode(),
        "zip": archive(marker),
        "gzip": gzip.compress(b"{}"),
        "empty": b"",
        "zeros": bytes(64),
        "half a character": b'{"w\xc3": 1.0}',
        "a list": b"[1, 2]",
        "null": b"null",
        "two objects": b"{} {}",
        "deep": b"[" * 100_000,
        "deep and whole": b'{"w":' * 50_000 + b"1" + b"}" * 50_000,
        "a long name": b'{"' + b"w" * 1_000_000 + b'": 1.0}',
        "many names": json.dumps(dict.fromkeys(map(str, range(100_000)), 1.0)).encode(),
        "a climbing name": b'{"../../../../escaped": 1.0, "/etc/passwd": 1.0}',
        "control characters": b'{"\\u001b[2J\\u0000": 1.0}',
        "UTF-16": b"\xff\xfe{\x00}\x00",
        "half a pair": b'{"\\ud800": 1.0}',
        "attributes": b'{"__class__": 1.0, "__dict__.training": 0.0, "training": 0.0}',
    }


FOREIGN = foreign(Path("marker"))
GUILTY = (
    "compile", "ctypes", "exec", "import", "marshal", "os", "pickle", "shutil", "socket",
    "subprocess", "tempfile", "urllib",
)  # fmt: skip


def load_all(paths: list[Path]) -> None:
    """Every file in every way that fits its name."""
    for path in paths:
        model = nn.Neuron(1)
        with contextlib.suppress(ValueError):
            nn.load_model(model, path)
        if path.suffix == ".json":
            with contextlib.suppress(ValueError):
                read_checkpoint(path)


def watch(event: str, arguments: tuple[Any, ...]) -> None:
    writes = event == "open" and arguments[1] not in ("r", "rb")
    if writes or event.partition(".")[0] in GUILTY:
        print(event, arguments)


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    paths = [path for path in sorted(folder.iterdir()) if path.is_file()]
    load_all(sorted((folder / "good").iterdir()))
    sys.addaudithook(watch)
    load_all(paths)
