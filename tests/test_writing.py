"""Files are written whole or not at all, and nothing but a regular file is ever replaced."""

import errno
import os
import resource
import socket
import stat
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from shutil import rmtree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnncast.errors import OutputClosedError, OutputError
from rnncast.files.output.writing import check_writable, growing, written, written_text
from tests.faults import FAILING, faults, small_disk

OLD, NEW = b"old\n", bytes(range(256)) * 100  # NEW takes several writes


def put(path: Path | str, content: bytes = NEW) -> None:
    with written(str(path)) as file:
        for start in range(0, len(content), 1000):
            file.write(content[start : start + 1000])


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working folder."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def full_disk(tmp_path: Path) -> Iterator[Path]:
    """A folder on a disk of its own of 64 KB, of which 4 KB are left."""
    folder = tmp_path / "disk"
    with small_disk(folder, "64k"):
        (folder / "ballast").write_bytes(bytes(60 * 1024))
        yield folder


@given(content=st.binary(max_size=20_000), old=st.none() | st.binary(max_size=20_000))
def test_what_is_written_is_there_alone(
    tmp_path_factory: pytest.TempPathFactory, content: bytes, old: bytes | None
) -> None:
    folder = tmp_path_factory.mktemp("folder")
    if old is not None:
        (folder / "file").write_bytes(old)
    put(folder / "file", content)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == {"file": content}


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o644, 0o666, 0o755, 0o4711])
def test_a_file_keeps_its_mode(here: Path, mode: int) -> None:
    Path("file").write_bytes(OLD)
    os.chmod("file", mode)
    put("file")
    assert stat.S_IMODE(os.stat("file").st_mode) == mode


def test_a_file_keeps_its_owner(here: Path) -> None:
    Path("file").write_bytes(OLD)
    try:
        os.chown("file", 1234, 2345)
    except PermissionError as refusal:
        pytest.skip(f"no file can be given away here: {refusal}")
    put("file")
    status = os.stat("file")
    assert (status.st_uid, status.st_gid) == (1234, 2345)


@pytest.mark.parametrize("mask", [0o000, 0o022, 0o027, 0o077])
def test_a_new_file_has_the_mode_that_the_umask_gives_and_the_umask_is_left_alone(
    here: Path, mask: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = os.umask(mask)
    try:
        with monkeypatch.context() as patch:
            patch.setattr(os, "umask", lambda mask: pytest.fail("the umask was touched"))
            put("file")
    finally:
        os.umask(before)
    assert stat.S_IMODE(os.stat("file").st_mode) == 0o666 & ~mask


def test_a_secret_file_is_at_no_moment_readable_to_others(here: Path) -> None:
    Path("file").write_bytes(OLD)
    os.chmod("file", 0o600)
    with written("file"):
        assert {stat.S_IMODE(path.stat().st_mode) for path in here.iterdir()} == {0o600}


@pytest.mark.parametrize("old", [OLD, None], ids=["file", "dangling"])
@pytest.mark.parametrize("way", ["folder/file", "{here}/folder/file"], ids=["relative", "absolute"])
def test_links_are_followed(here: Path, old: bytes | None, way: str) -> None:
    Path("folder").mkdir()
    if old is not None:
        Path("folder/file").write_bytes(old)
    Path("link").symlink_to(way.format(here=here))
    Path("link to link").symlink_to("link")
    put("link to link")
    assert os.readlink("link") == way.format(here=here)
    assert os.readlink("link to link") == "link"
    assert Path("folder/file").read_bytes() == NEW
    assert sorted(os.listdir()) == ["folder", "link", "link to link"]
    assert os.listdir("folder") == ["file"]


def read_beside(read: Callable[[], bytes], write: Callable[[], None]) -> bytes:
    """What a reader reads in a thread of its own, while something is written."""
    found: list[bytes] = []
    reader = threading.Thread(target=lambda: found.append(read()), daemon=True)
    reader.start()
    write()
    reader.join(30)
    return found[0]


@pytest.mark.parametrize("name", ["pipe", "link"])
def test_a_named_pipe_is_written_to_and_stays_one(here: Path, name: str) -> None:
    os.mkfifo("pipe")
    Path("link").symlink_to("pipe")
    assert read_beside(Path("pipe").read_bytes, lambda: put(name)) == NEW
    assert stat.S_ISFIFO(os.stat("pipe").st_mode)
    assert sorted(os.listdir()) == ["link", "pipe"]


def test_a_pipe_whose_reader_goes_ends_quietly(here: Path) -> None:
    def read() -> bytes:
        with open("pipe", "rb", 0) as pipe:
            return pipe.read(1)

    os.mkfifo("pipe")
    with pytest.raises(OutputClosedError):
        read_beside(read, lambda: put("pipe", NEW * 100))


def test_a_socket_is_written_to_and_stays_one(here: Path) -> None:
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("socket")
        server.listen()

        def read() -> bytes:
            connection, _ = server.accept()
            with connection, connection.makefile("rb") as file:
                return file.read()

        assert read_beside(read, lambda: put("socket")) == NEW
    assert stat.S_ISSOCK(os.stat("socket").st_mode)


@pytest.mark.parametrize(("minor", "error"), [(3, None), (7, "No space left on device")], ids=["null", "full"])
def test_a_device_is_written_to_and_stays_one(here: Path, minor: int, error: str | None) -> None:
    try:
        os.mknod("device", stat.S_IFCHR | 0o666, os.makedev(1, minor))
        Path("device").write_bytes(b"")
    except PermissionError as refusal:
        pytest.skip(f"no device node can be made here: {refusal}")
    if error is None:
        put("device")
        with growing("device") as line:
            line("words")
    else:
        with pytest.raises(OutputError, match=f"cannot write device: {error}"):
            put("device")
        with pytest.raises(OutputError, match=error), growing("device") as line:
            line("words")
    assert stat.S_ISCHR(os.stat("device").st_mode)
    assert os.listdir() == ["device"]


@pytest.mark.parametrize("name", ["/dev/fd/{}", "/proc/self/fd/{}", "link"])
def test_an_open_descriptor_is_written_from_where_it_stands(here: Path, name: str) -> None:
    with open("file", "wb") as file:
        file.write(b"before ")
        file.flush()
        Path("link").symlink_to(f"/dev/fd/{file.fileno()}")
        put(name.format(file.fileno()), b"amid ")
        with growing(name.format(file.fileno())) as line:
            line("a line")
        file.write(b"after")
    assert Path("file").read_bytes() == b"before amid a line\nafter"


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("", "Is a directory"),
        ("folder", "Is a directory"),
        ("new/", "Is a directory"),
        ("no/file", "No such file or directory"),
        ("ballast/file", "Not a directory"),
        ("loop", "Too many levels of symbolic links"),
        ("/dev/fd/999", "Bad file descriptor"),
        ("x" * 300, "File name too long"),
        ("closed", "Permission denied"),
    ],
)
def test_what_cannot_be_written_is_one_sentence(here: Path, path: str, words: str) -> None:
    Path("folder").mkdir()
    Path("ballast").write_bytes(OLD)
    Path("loop").symlink_to("loop")
    Path("closed").write_bytes(OLD)
    os.chmod("closed", 0o444)
    if path == "closed" and os.access("closed", os.W_OK):
        pytest.skip("nothing is closed to root")
    before = sorted(os.listdir())
    with pytest.raises(OutputError) as raised:
        put(path)
    assert raised.value.message == f"cannot write {path}: {words}"
    if path != "/dev/fd/999":
        with pytest.raises(OutputError, match=words):
            check_writable(path)
    assert sorted(os.listdir()) == before


def test_names_as_long_as_they_may_be(here: Path) -> None:
    put("x" * 255)
    assert os.listdir() == ["x" * 255]


def test_a_folder_that_has_gone(here: Path) -> None:
    Path("folder").mkdir()
    os.chdir("folder")
    os.rmdir("../folder")
    with pytest.raises(OutputError, match="cannot write file: No such file or directory"):
        put("file")


def test_a_folder_that_goes_while_it_is_written_to(here: Path) -> None:
    def write() -> None:
        with written("folder/file") as file:
            file.write(NEW)
            rmtree("folder")

    Path("folder").mkdir()
    with pytest.raises(OutputError, match="cannot write folder/file: No such file or directory"):
        write()
    assert os.listdir() == []


def every_fault(write: Callable[[], None], error: int, check: Callable[[str], None], only: tuple[str, ...]) -> int:
    """Make each call to the operating system fail in turn, and check what is left; how many calls there were."""
    at = 0
    while True:
        with faults(at, error, only) as layer:
            try:
                write()
                failed = False
            except OutputError:
                failed = True
        if not layer.reached:
            assert not failed
            return at
        assert failed, f"a failing {layer.calls[at]} was not noticed"
        check(layer.calls[at])
        at += 1


ERRORS = [errno.ENOSPC, errno.EIO, errno.EDQUOT, errno.EROFS]


@pytest.mark.parametrize("error", ERRORS, ids=errno.errorcode.get)
@pytest.mark.parametrize("old", [OLD, None], ids=["old", "new"])
def test_whatever_fails_the_old_file_is_whole(here: Path, old: bytes | None, error: int) -> None:
    def reset() -> None:
        Path("file").unlink(missing_ok=True)
        if old is not None:
            Path("file").write_bytes(old)
            os.chmod("file", 0o600)

    def check(call: str) -> None:
        found = Path("file").read_bytes() if Path("file").exists() else None
        assert set(os.listdir()) <= {"file"}
        assert found == old or (found == NEW and call in ("open", "fsync"))  # of the folder, once all is in its place
        if found is not None and old is not None:
            assert stat.S_IMODE(os.stat("file").st_mode) == 0o600
        reset()

    reset()
    calls = every_fault(lambda: put("file"), error, check, FAILING)
    assert calls == len(["open", *["fchmod"] * bool(old), *["write"] * 4, "fsync", "replace", "open", "fsync"])


def test_the_body_s_own_failure_leaves_the_old_file(here: Path) -> None:
    def write(failure: type[BaseException]) -> None:
        with written("file") as file:
            file.write(NEW)
            raise failure

    Path("file").write_bytes(OLD)
    for failure in (KeyboardInterrupt, ZeroDivisionError, SystemExit):
        with pytest.raises(failure):
            write(failure)
    assert Path("file").read_bytes() == OLD
    assert os.listdir() == ["file"]


def test_a_full_disk(full_disk: Path) -> None:
    path = full_disk / "file"
    path.write_bytes(OLD)
    with pytest.raises(OutputError, match="No space left on device") as caught:
        put(path)
    assert "make room" in caught.value.hint
    with pytest.raises(OutputError, match="No space left on device"):
        put(full_disk / "other")
    assert path.read_bytes() == OLD
    assert sorted(os.listdir(full_disk)) == ["ballast", "file"]


def test_a_log_on_a_full_disk_ends_with_a_whole_line(full_disk: Path) -> None:
    path, words = full_disk / "log", "words " * 30

    def write() -> None:
        with growing(str(path)) as line:
            for _ in range(1000):
                line(words)

    with pytest.raises(OutputError, match="No space left on device"):
        write()
    lines = path.read_text().splitlines(keepends=True)
    assert len(lines) > 3
    assert set(lines) == {words + "\n"}


def test_a_read_only_disk(full_disk: Path) -> None:
    (full_disk / "file").write_bytes(OLD)
    subprocess.run(["mount", "-o", "remount,ro", full_disk], check=True)
    for path in ("file", "other"):
        for write in (put, check_writable):
            with pytest.raises(OutputError, match=r"Read-only file system|Permission denied"):
                write(str(full_disk / path))
    assert (full_disk / "file").read_bytes() == OLD


@pytest.mark.parametrize("limit", [0, 1, 1000, 8192, 9000, len(NEW) - 1])
def test_a_limit_of_the_file_size(here: Path, limit: int) -> None:
    """A fault of the real system at any byte, which needs no rights."""
    Path("file").write_bytes(OLD)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, before[1]))
    try:
        with pytest.raises(OutputError, match="File too large"):
            put("file")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert Path("file").read_bytes() == OLD
    assert os.listdir() == ["file"]


def test_a_log_grows_by_whole_lines_and_empties_the_old_at_the_first(here: Path) -> None:
    Path("log").write_bytes(OLD)
    os.chmod("log", 0o600)
    with growing("log") as line:
        assert Path("log").read_bytes() == OLD
        line("größe")
        assert Path("log").read_text("utf-8") == "größe\n"
        line("two")
    assert Path("log").read_text("utf-8") == "größe\ntwo\n"
    assert stat.S_IMODE(os.stat("log").st_mode) == 0o600


def test_whatever_fails_the_lines_of_a_log_are_whole(here: Path) -> None:
    def write() -> None:
        with growing("log") as line:
            for number in range(5):
                line(f"line {number}")

    def check(call: str) -> None:
        found = Path("log").read_text() if Path("log").exists() else ""
        assert "".join(f"line {number}\n" for number in range(5)).startswith(found)
        assert not found or found.endswith("\n")

    def check_or_old(call: str) -> None:
        if call == "ftruncate":
            assert Path("log").read_bytes() == OLD
        else:
            check(call)
        Path("log").write_bytes(OLD)

    assert every_fault(write, errno.ENOSPC, check, ("open", "write")) == 6
    Path("log").write_bytes(OLD)
    assert every_fault(write, errno.ENOSPC, check_or_old, ("ftruncate", "write")) == 6


def test_text_is_utf_8_and_never_fails_for_what_it_holds(here: Path) -> None:
    with written_text("file") as file:
        file.write("größe \ud800\r\n")
    assert Path("file").read_bytes() == "größe \\ud800\r\n".encode()


def test_writers_side_by_side_leave_one_of_their_files_whole(here: Path) -> None:
    contents = [bytes([number]) * 50_000 for number in range(8)]

    def write(content: bytes) -> None:
        for _ in range(20):
            put("file", content)

    writers = [threading.Thread(target=write, args=(content,)) for content in contents]
    put("file", contents[0])
    for each in writers:
        each.start()
    while any(each.is_alive() for each in writers):
        assert Path("file").read_bytes() in contents
    assert os.listdir() == ["file"]


def test_a_killed_writer_leaves_the_old_file(here: Path) -> None:
    Path("file").write_bytes(OLD)
    code = (
        "import os, signal; from rnncast.files.output.writing import written\n"
        "with written('file') as file: file.write(bytes(100_000)); os.kill(os.getpid(), signal.SIGKILL)"
    )
    assert subprocess.run([sys.executable, "-c", code]).returncode == -9
    assert Path("file").read_bytes() == OLD
