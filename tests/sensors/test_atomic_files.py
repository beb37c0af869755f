import errno
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from sensors.atomic_files import FileUnwritable, copy, replacing, write

ABANDONED = """
import os, sys
from pathlib import Path
from sensors.atomic_files import replacing
with replacing(Path(sys.argv[1])) as file:
    file.write(b"half of it")
    file.flush()
    os._exit(9)
"""


def test_a_file_is_replaced_whole_and_keeps_its_permissions(tmp_path: Path) -> None:
    path = tmp_path / "page.html"
    assert write(path, "ä") == path
    assert path.read_bytes() == "ä".encode()
    path.chmod(0o640)
    write(path, b"new", durable=True)
    assert path.read_bytes() == b"new"
    assert path.stat().st_mode & 0o777 == 0o640
    assert list(tmp_path.iterdir()) == [path]


def test_what_fails_half_way_leaves_what_was_there_and_no_temporary(tmp_path: Path) -> None:
    path = tmp_path / "run.json"
    write(path, b"before")

    def half_of_it() -> None:
        with replacing(path) as file:
            file.write(b"half of it")
            raise KeyError("something else went wrong")

    with pytest.raises(KeyError):
        half_of_it()
    assert path.read_bytes() == b"before"
    assert list(tmp_path.iterdir()) == [path]


def test_what_a_killed_process_left_is_used_by_the_next_and_does_not_pile_up(tmp_path: Path) -> None:
    path = tmp_path / "run.json"
    done = subprocess.run([sys.executable, "-P", "-c", ABANDONED, path], check=False)
    assert done.returncode == 9
    assert not path.exists()
    write(path, b"whole")
    assert path.read_bytes() == b"whole"
    assert list(tmp_path.iterdir()) == [path]


def test_two_writers_of_one_file_take_turns(tmp_path: Path) -> None:
    path = tmp_path / "page.html"
    pages = [bytes([65 + number]) * 300_000 for number in range(8)]
    writers = [threading.Thread(target=write, args=(path, page)) for page in pages]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert path.read_bytes() in pages
    assert list(tmp_path.iterdir()) == [path]


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    link = tmp_path / "page.html"
    link.symlink_to(tmp_path / "real" / "page.html")
    write(link, b"page")
    assert link.is_symlink()
    assert (tmp_path / "real" / "page.html").read_bytes() == b"page"


def test_a_device_is_written_into_and_stays_one(tmp_path: Path) -> None:
    link = tmp_path / "nowhere"
    link.symlink_to("/dev/null")
    write(link, b"gone")
    assert Path("/dev/null").is_char_device()


def test_a_name_as_long_as_a_file_system_allows(tmp_path: Path) -> None:
    assert write(tmp_path / ("ä" * 127), b"x").read_bytes() == b"x"
    with pytest.raises(FileUnwritable, match="name it shorter"):
        write(tmp_path / ("n" * 256), b"x")


def test_a_full_disk_is_told_with_what_was_to_be_written_and_the_room_there_is() -> None:
    with pytest.raises(
        FileUnwritable, match=r"^/dev/full can't be written: No space left.*\(9\.0 kB to write, .* left\)"
    ):
        write(Path("/dev/full"), bytes(9000))


def test_a_link_to_itself_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.symlink_to("a.json")
    assert write(path, b"a").read_bytes() == b"a"
    assert not path.is_symlink()


def test_of_a_copy_it_is_the_new_place_that_is_full(tmp_path: Path) -> None:
    source = write(tmp_path / "a.bin", b"a")
    with pytest.raises(FileUnwritable, match=r"^/dev/full can't be written"):
        copy(source, Path("/dev/full"))
    assert copy(source, tmp_path / "b.bin").read_bytes() == b"a"


@pytest.mark.parametrize(
    ("name", "says"),
    [("absent/page.html", "make its folder first, or name another file"), ("file/page.html", "make its folder first")],
)
def test_what_to_do_is_told(tmp_path: Path, name: str, says: str) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(FileUnwritable) as told:
        write(tmp_path / name, b"x", hint="name another file")
    assert says in told.value.hint
    assert str(tmp_path / name) in told.value.sentence


def test_a_folder_in_its_place_is_told(tmp_path: Path) -> None:
    with pytest.raises(FileUnwritable, match=f"^{tmp_path} can't be written: Is a directory"):
        write(tmp_path, b"x")


def test_nobody_follows_a_link_in_place_of_the_temporary(tmp_path: Path) -> None:
    (tmp_path / "victim").write_bytes(b"mine")
    (tmp_path / ".page.html.new").symlink_to(tmp_path / "victim")
    with pytest.raises(FileUnwritable) as told:
        write(tmp_path / "page.html", b"x")
    assert isinstance(told.value.__cause__, OSError)
    assert told.value.__cause__.errno == errno.ELOOP
    assert (tmp_path / "victim").read_bytes() == b"mine"
