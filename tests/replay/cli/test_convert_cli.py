from collections.abc import Callable
from pathlib import Path

import pytest

from gilmok import main
from tests.layouts import Made, coco, kitti_object, mot, mot15


def convert(capsys: pytest.CaptureFixture[str], root: Path, to: str, *more: str) -> tuple[int, str, str]:
    out = root.parent / "out"
    status = main(["replay", "convert", "--root", str(root), "--to", to, "--out", str(out), *more])
    said = capsys.readouterr()
    return status, said.out, said.err


def test_what_loses_nothing_is_written_and_named_for_check(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    mot15(tmp_path / "root")
    status, out, err = convert(capsys, tmp_path / "root", "openlabel")
    assert (status, err) == (0, "")
    assert out.splitlines() == [
        "the mot recording TINY-S1 as openlabel loses nothing",
        f"{tmp_path}/out: read back, and as it should be",
        "  3 pictures linked to the originals (hard links)",
        f"  gilmok replay check --dataset openlabel --root {tmp_path}/out --name TINY-S1",
    ]
    assert main(["replay", "check", "--root", str(tmp_path / "out")]) == 0


def test_what_would_be_lost_is_told_and_needs_a_yes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    mot15(tmp_path / "root")
    status, out, err = convert(capsys, tmp_path / "root", "yolo")
    assert status == 1
    assert "  which boxes are one object: 2 tracks of 3 boxes" in out.splitlines()
    assert err.splitlines() == [
        "gilmok: nothing was written: something would be lost",
        "  --yes writes it all the same",
    ]
    assert not (tmp_path / "out").exists()
    status, out, _ = convert(capsys, tmp_path / "root", "yolo", "--yes", "--pictures", "copy")
    assert status == 0
    assert "  3 pictures copied" in out.splitlines()


@pytest.mark.parametrize(("make", "reader"), [(kitti_object, "kitti-object"), (mot15, "kitti-tracking")])
def test_kitti_is_tracking_where_there_are_tracks(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], make: Callable[[Path], Made], reader: str
) -> None:
    make(tmp_path / "root")
    status, out, _ = convert(capsys, tmp_path / "root", "kitti", "--yes")
    assert status == 0
    assert f"--dataset {reader} " in out


def test_nothing_is_written_over_nor_from_what_is_not_sound(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    mot(tmp_path / "root", "S1", "9,1,20,10,10,20,1,1,1\n")
    status, _, err = convert(capsys, tmp_path / "root", "openlabel")
    assert (status, "is not sound" in err) == (1, True)
    status, _, _ = convert(capsys, tmp_path / "root", "openlabel", "--unsound", "--yes")
    assert status == 0
    status, _, err = convert(capsys, tmp_path / "root", "openlabel", "--unsound")
    assert (status, "holds something already" in err) == (1, True)


def test_a_rate_that_nobody_said_is_asked_for(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    coco(tmp_path / "root")
    status, _, err = convert(capsys, tmp_path / "root", "mot", "--yes")
    assert (status, err.splitlines()) == (
        1,
        ["gilmok: mot can't hold a recording without a frame rate", "  say it with --fps"],
    )
    assert convert(capsys, tmp_path / "root", "mot", "--yes", "--fps", "12.5")[0] == 0
