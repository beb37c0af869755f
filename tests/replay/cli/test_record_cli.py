import re
from pathlib import Path

import pytest

from gilmok import main
from tests import layouts, videos
from tests.mcap_files import jpeg, ours
from tests.tiny import write_model, write_recording


def said(capsys: pytest.CaptureFixture[str], *argv: str) -> tuple[int, str, str]:
    status = main(["replay", *argv])
    told = capsys.readouterr()
    return status, told.out, told.err


def digest_of(capsys: pytest.CaptureFixture[str], *argv: str) -> str:
    status, out, err = said(capsys, "determinism", *argv)
    assert status == 0, err
    found = re.search(r"[0-9a-f]{12,}", out)
    assert found is not None
    return found[0]


def test_a_replay_of_the_record_finds_what_a_replay_of_the_original_finds(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = str(write_model(tmp_path))
    write_recording(tmp_path / "walk")
    (tmp_path / "out").mkdir()
    status, out, _ = said(
        capsys, "record", "--root", str(tmp_path / "walk"), "--out", str(tmp_path / "out" / "walk.mcap")
    )
    assert (status, "12 pictures as they are stored" in out) == (0, True)
    before = digest_of(capsys, "--root", str(tmp_path / "walk"), "--model", model)
    assert digest_of(capsys, "--root", str(tmp_path / "out"), "--model", model) == before


def test_a_video_is_recorded_with_its_own_times(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    clip = videos.write_video(tmp_path / "clip.mp4", 6, at_ms=(0, 40, 80, 500, 540, 580))
    (tmp_path / "out").mkdir()
    status, out, _ = said(capsys, "record", str(clip), "--out", str(tmp_path / "out" / "c.mcap"))
    assert (status, "6 frames" in out) == (0, True)
    status, out, _ = said(capsys, "check", "--root", str(tmp_path / "out"))
    assert status == 0


def test_conversion_to_mcap_and_back_keeps_all_that_the_layout_holds(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    layouts.mot15(tmp_path / "root")
    status, out, _ = said(
        capsys, "convert", "--root", str(tmp_path / "root"), "--to", "mcap", "--out", str(tmp_path / "m")
    )
    assert (status, "loses nothing" in out) == (0, True)
    status, out, _ = said(
        capsys, "convert", "--root", str(tmp_path / "m"), "--to", "mot", "--out", str(tmp_path / "back")
    )
    assert (status, "loses nothing" in out) == (0, True)


def test_recover_says_what_it_left_out(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = ours(tmp_path / "x.mcap", [jpeg(seed) for seed in range(120)])
    path.write_bytes(path.read_bytes()[:-200_000])
    status, out, _ = said(capsys, "recover", str(path))
    assert (status, "left out: it ends in the middle" in out) == (0, True)
    assert (tmp_path / "x-recovered.mcap").exists()


@pytest.mark.parametrize(
    ("argv", "why"),
    [
        (["record", "--out", "x.mcap"], "what is to be recorded"),
        (["record", "nowhere.mp4", "--out", "x.mcap"], "nowhere.mp4 is not there"),
        (["record", "nowhere.mp4", "--out", "x.mp4"], "ends in .mcap"),
        (["record", "nowhere.mp4", "--out", "there.mcap"], "is there already"),
        (["record", "nowhere.mp4", "--out", "no/folder.mcap"], "no/folder.mcap"),
        (["recover", "nowhere.mcap"], "nowhere.mcap"),
        (["recover", "there.mcap"], "is no MCAP file"),
        (["recover", "empty.mcap"], "not a single whole message"),
        (["record", "http://user:secret@127.0.0.1:1/x", "--out", "x.mcap"], "password"),
    ],
)
def test_what_can_not_be_done_is_told_and_leaves_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, argv: list[str], why: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("there.mcap").write_bytes(b"something else")
    Path("empty.mcap").write_bytes(b"\x89MCAP0\r\n")
    status, out, err = said(capsys, *argv)
    assert (status, out, err.count("\n") <= 3) == (1, "", True)
    assert why in err
    assert "secret" not in err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["empty.mcap", "there.mcap"]
