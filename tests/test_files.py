"""Files are written whole or not at all, whatever fails meanwhile."""

import contextlib
import errno
import os
import stat
import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

pytest.importorskip("fcntl")
pytest.importorskip("matplotlib")

import nn
from autograd import Value
from autograd.files import write_atomically
from demos.common import figure, save_figure

NOBODY = 65534


@pytest.fixture(name="path")
def _path(tmp_path: Path) -> Path:
    path = tmp_path / "file"
    path.write_bytes(b"old")
    return path


@pytest.fixture(name="own_folder")
def _own_folder() -> Iterator[Path]:
    """A folder of a user who is not root, to whom everything is permitted."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if os.geteuid() > 0:
            yield folder
            folder.chmod(0o700)
            return
        os.chown(folder, NOBODY, NOBODY)
        os.seteuid(NOBODY)
        try:
            yield folder
        finally:
            os.seteuid(0)


@contextlib.contextmanager
def refused(error: type[OSError], path: Path, folder: Path) -> Iterator[None]:
    """A write that must fail, name its file, and leave no other file in the folder."""
    with pytest.raises(error) as caught:
        yield
    assert caught.value.filename == str(path)
    assert os.listdir(folder) == ["file"]


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_the_steps_in_their_order(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    steps: list[str] = []
    fsync, replace = os.fsync, os.replace

    def synced(descriptor: int) -> None:
        is_folder = stat.S_ISDIR(os.fstat(descriptor).st_mode)
        steps.append("folder" if is_folder else f"{os.fstat(descriptor).st_size} bytes")
        fsync(descriptor)

    def replaced(source: Path, target: Path) -> None:
        assert source.parent == target.parent
        assert source.name.startswith(".file.")
        steps.append("rename")
        replace(source, target)

    monkeypatch.setattr(os, "fsync", synced)
    monkeypatch.setattr(os, "replace", replaced)
    write_atomically(path, b"newer")
    assert steps == ["5 bytes", "rename", "folder"]
    assert path.read_bytes() == b"newer"
    assert os.listdir(path.parent) == ["file"]


def failing(error: BaseException) -> Callable[..., None]:
    def fail(*arguments: object) -> None:
        raise error

    return fail


@pytest.mark.parametrize("call", ["chmod", "fsync", "replace"])
@pytest.mark.parametrize("error", [OSError(errno.EIO, "broken"), KeyboardInterrupt()])
def test_whatever_call_fails_the_old_file_stays(
    call: str, error: BaseException, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, call, failing(error))
    with pytest.raises(type(error)) as raised:
        write_atomically(path, b"new")
    if isinstance(raised.value, OSError):
        assert (raised.value.errno, raised.value.filename) == (errno.EIO, str(path))
    assert path.read_bytes() == b"old"
    assert os.listdir(path.parent) == ["file"]


def test_a_system_that_cannot_sync_folders(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fsync = os.fsync

    def only_files(descriptor: int) -> None:
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            raise OSError(errno.EINVAL, "a folder")
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", only_files)
    before = {*os.listdir("/proc/self/fd")}
    write_atomically(path, b"new")
    assert {*os.listdir("/proc/self/fd")} <= before  # the collector may close others
    assert path.read_bytes() == b"new"


def test_permissions_are_kept_and_a_secret_is_never_open(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path.chmod(0o755)
    write_atomically(path, b"new")
    assert mode(path) == 0o755
    path.chmod(0o600)
    seen = []
    monkeypatch.setattr(os, "chmod", lambda name, permissions: seen.append(mode(name)))
    write_atomically(path, b"new")
    assert seen == [0o600]


def test_a_new_file_has_the_permissions_of_every_new_file(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        write_atomically(tmp_path / "file", b"new")
    finally:
        os.umask(before)
    assert mode(tmp_path / "file") == 0o640


@pytest.mark.parametrize("exists", [True, False])
def test_a_symbolic_link_stays_one(exists: bool, tmp_path: Path) -> None:
    (tmp_path / "store").mkdir()
    target, link = tmp_path / "store" / "target", tmp_path / "link"
    if exists:
        target.write_bytes(b"old")
    link.symlink_to("store/target")
    write_atomically(link, b"new")
    assert link.is_symlink()
    assert target.read_bytes() == b"new"
    assert os.listdir(target.parent) == ["target"]
    assert sorted(os.listdir(tmp_path)) == ["link", "store"]


def test_links_in_a_ring(tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")
    with pytest.raises(OSError, match="/a'"):
        write_atomically(tmp_path / "a", b"new")
    assert (tmp_path / "a").is_symlink()


def test_a_planted_name_is_not_followed(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    victim = path.parent / "victim"
    victim.write_bytes(b"mine")
    monkeypatch.setattr(os, "urandom", bytes)
    planted = path.parent / f".file.{'00' * 8}.tmp"
    planted.symlink_to(victim)
    with pytest.raises(FileExistsError, match="/file'"):
        write_atomically(path, b"new")
    assert (path.read_bytes(), victim.read_bytes()) == (b"old", b"mine")
    assert planted.is_symlink()


def test_two_processes_may_write_at_once(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def meanwhile(descriptor: int) -> None:
        monkeypatch.undo()
        write_atomically(path, b"theirs")
        assert path.read_bytes() == b"theirs"

    monkeypatch.setattr(os, "fsync", meanwhile)
    write_atomically(path, b"ours")
    assert path.read_bytes() == b"ours"
    assert os.listdir(path.parent) == ["file"]


def test_a_pipe_is_written_to(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        write_atomically(pipe, b"new")
        assert os.read(reader, 10) == b"new"
    finally:
        os.close(reader)
    assert stat.S_ISFIFO(pipe.stat().st_mode)
    assert os.listdir(tmp_path) == ["pipe"]


def test_a_folder_in_the_files_place(tmp_path: Path) -> None:
    folder = tmp_path / "runs"
    folder.mkdir()
    for path in (folder, tmp_path, Path(), Path("/")):
        with pytest.raises(IsADirectoryError) as caught:
            write_atomically(path, b"new")
        assert caught.value.filename == str(path)
    assert [*tmp_path.rglob("*")] == [folder]


def test_a_folder_that_is_missing_or_a_file_is_refused(path: Path) -> None:
    for blocked, error in [
        (path.parent / "none" / "file", FileNotFoundError),
        (path / "file", NotADirectoryError),
    ]:
        with refused(error, blocked, path.parent):
            write_atomically(blocked, b"new")


def test_a_file_and_a_folder_that_must_not_be_written_to(own_folder: Path) -> None:
    path = own_folder / "file"
    path.write_bytes(b"old")
    path.chmod(0o444)
    with refused(PermissionError, path, own_folder):
        write_atomically(path, b"new")
    assert (path.read_bytes(), mode(path)) == (b"old", 0o444)
    path.chmod(0o644)
    own_folder.chmod(0o500)
    for blocked in (path, own_folder / "new"):
        with refused(PermissionError, blocked, own_folder):
            write_atomically(blocked, b"new")
    assert path.read_bytes() == b"old"
    own_folder.chmod(0o300)  # may be written to, not listed
    write_atomically(path, b"new")
    assert path.read_bytes() == b"new"


def test_everything_is_written_the_same_way(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root, history = Value(2.0) * 3.0, nn.History.from_dict({"loss": [2.0, 1.0]})
    saves: list[tuple[str, Callable[[Path], object]]] = [
        *((suffix, root.graph().save) for suffix in (".dot", ".tex")),
        *(
            (suffix, partial(nn.save_model, nn.Neuron(1)))
            for suffix in (".json", ".safetensors")
        ),
        *((suffix, history.save) for suffix in (".html", ".png")),
        (".html", root.steps().save),
        (".png", partial(save_figure, figure(4.0, 3.0)[0])),
    ]
    monkeypatch.setattr(os, "fsync", failing(OSError(errno.ENOSPC, "No space left")))
    for suffix, save in saves:
        target = path.with_suffix(suffix)
        target.write_bytes(b"old")
        with pytest.raises(OSError) as full:
            save(target)
        assert full.value.filename == str(target)
        assert target.read_bytes() == b"old"
        target.unlink()
    assert os.listdir(path.parent) == ["file"]
