import json
from pathlib import Path

import pytest

import gilmok
from tests.made_runs import Played, write_drives, write_group, write_run


@pytest.fixture
def sides(tmp_path: Path) -> tuple[Path, Path]:
    root = write_drives(tmp_path / "kitti", n=8)
    return write_group(tmp_path / "a", root, [9, 8] * 4), write_group(tmp_path / "b", root, [4, 5] * 4)


def compare(*words: object) -> int:
    return gilmok.main(["replay", "compare", *map(str, words), "--resamples", "200"])


def test_the_exit_status_is_the_verdict(sides: tuple[Path, Path], capsys: pytest.CaptureFixture[str]) -> None:
    a, b = sides
    assert compare(a, b, "--json") == 3
    told = json.loads(capsys.readouterr().out)
    assert (told["verdict"], told["seed"], told["resamples"], told["sequences"]) == ("WORSE", 1, 200, 8)
    assert [one["recording"] for one in told["per_sequence"]][:2] == ["kitti-tracking 0000", "kitti-tracking 0001"]
    # Frames are too few for a p99: undefined is null, not 0.
    (p99,) = [row for row in told["figures"] if row["figure"] == "latency p99"]
    assert (p99["a"], p99["difference"], p99["verdict"]) == (None, None, "INCONCLUSIVE")
    assert compare(b, a) == 0
    assert "INCONCLUSIVE" in capsys.readouterr().out


def test_sides_may_be_lists_of_runs_and_margins_may_be_set(
    sides: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    a, b = sides
    assert compare("--a", *sorted(a.iterdir()), "--b", *sorted(b.iterdir()), "--margin-ap", 0.3, "--json") == 3
    told = json.loads(capsys.readouterr().out)
    assert told["margins"] == {"ap": 0.3, "sap": 0.01, "p99": 1.05, "relative": None}


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["a"],
        ["a", "b", "c"],
        ["--a", "a"],
        ["a", "b", "--a", "c", "--b", "d"],
        ["a", "b", "--margin-ap", "-1"],
        ["a", "b", "--margin-ap", "nan"],
        ["a", "b", "--margin-p99", "0.9"],
        ["a", "b", "--seed", "x"],
    ],
)
def test_what_cannot_be_meant_is_a_usage_error(words: list[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        compare(*words)
    assert stopped.value.code == 2


def test_what_cannot_be_compared_is_one_sentence_and_a_hint(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root = write_drives(tmp_path / "kitti", n=2)
    a = write_run(tmp_path / "a", Played(root=root))
    b = write_run(tmp_path / "b", Played(root=root, drive=1))
    assert compare(a, b) == 1
    assert capsys.readouterr().err == (
        "gilmok: A and B can't be compared: only A played kitti-tracking 0000 and only B played kitti-tracking 0001\n"
        "  run both sides over the same; `gilmok replay compare --common` leaves out what only one side played\n"
    )


def test_the_page_is_written_beside_the_table(
    sides: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("matplotlib", reason="the page takes the extra `report`")
    assert compare(*sides, "--out", tmp_path / "compare.html") == 3
    page = (tmp_path / "compare.html").read_text(encoding="utf-8")
    assert "WORSE" in page
    assert "<script" not in page
    assert "compare.html" in capsys.readouterr().out
