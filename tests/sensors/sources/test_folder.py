from pathlib import Path

import pytest

from sensors.clock import SystemClock
from sensors.sources.folder import ImageFolder, is_meant, pictures_in, sorted_by_number
from sensors.sources.source import SourceUnusable
from tests.fakes import ManualClock
from tests.written_pictures import gradient, saved


def test_a_folder_goes_by_name_and_a_damaged_picture_is_a_frame_with_a_fault(tmp_path: Path) -> None:
    for index in (2, 0, 1):
        saved(tmp_path, f"{index}.png", gradient(shift=index))
    (tmp_path / "1.png").write_bytes(b"\x89PNG, and then nothing")
    (tmp_path / "notes.txt").write_text("no picture")
    source = ImageFolder(ImageFolder.Options(path=tmp_path), stream="s", clock=ManualClock())
    frames = list(source.frames())
    assert [frame.id.seq for frame in frames] == [0, 1, 2]
    assert [bool(frame.fault) for frame in frames] == [False, True, False]
    assert frames[1].image.size == 0
    assert frames[2].image[0, 0, 0] == 2


@pytest.mark.parametrize("content", [None, "empty"])
def test_a_folder_that_is_missing_or_empty_can_not_be_a_source(tmp_path: Path, content: str | None) -> None:
    path = tmp_path / "pictures"
    if content:
        path.mkdir()
    with pytest.raises(SourceUnusable, match="pictures"):
        ImageFolder(ImageFolder.Options(path=path), stream="s", clock=SystemClock())


@pytest.mark.parametrize(
    "names",
    [
        ["2.jpg", "10.jpg"],
        ["img2.jpg", "img10.jpg"],
        ["1305031102.975304.png", "1305031103.075304.png", "1305031104.9.png"],
        ["7.25.png", "7.5.png", "8.png"],
        ["a9b2.png", "a9b10.png", "a10b1.png"],
        ["1714550400000000000.png", "1714550400033333333.png", "18446744073709551617.png"],
        ["1.png", "01.png", "a.png", "b.png", "교차로.png"],
    ],
)
def test_numbers_in_names_sort_as_numbers(names: list[str]) -> None:
    paths = [Path(name) for name in names]
    expected = sorted(paths, key=str) if "01.png" in names else paths
    assert sorted_by_number(reversed(paths)) == expected


def test_pictures_have_one_list_of_endings_and_the_litter_of_file_managers_is_none(tmp_path: Path) -> None:
    for name in ("1.JPG", "2.jpeg", "3.Png", "4.bmp", "5.webp", "._1.jpg", ".DS_Store", "Thumbs.db", "notes.txt"):
        (tmp_path / name).write_bytes(b"")
    (tmp_path / "6.jpg").mkdir()
    assert [path.name for path in pictures_in(tmp_path)] == ["1.JPG", "2.jpeg", "3.Png", "4.bmp", "5.webp"]
    assert not is_meant(Path("__MACOSX"))


def test_a_folder_as_a_source_goes_by_number(tmp_path: Path) -> None:
    for index in (10, 2, 9):
        saved(tmp_path, f"{index}.png", gradient(shift=index))
    source = ImageFolder(ImageFolder.Options(path=tmp_path), stream="s", clock=ManualClock())
    assert [frame.image[0, 0, 0] for frame in source.frames()] == [2, 9, 10]
