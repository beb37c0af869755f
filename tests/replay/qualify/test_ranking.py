import math
from pathlib import Path
from typing import Any

import msgspec
import pytest

import gilmok
from replay.qualify.qualification import Qualification, read
from replay.qualify.ranking import compared
from replay.qualify.verdict import Verdict, Word
from sensors.terminal.pretty_json import pretty

replace = msgspec.structs.replace


def variant(
    found: Qualification, folder: Path, *, most: int, word: Word = Word.INCONCLUSIVE, kind: str = "npu", **more: Any
) -> Path:
    """A report that differs in a few points, in a folder of its own."""
    measured = found.measured
    assert measured.streams is not None
    side = replace(measured.identity.candidate, device_kind=kind, device=folder.name, description=folder.name)
    measured = replace(
        measured,
        identity=replace(measured.identity, candidate=side),
        streams=replace(measured.streams, most=most),
    )
    verdict = Verdict(word=word, sentence="", criteria=())
    folder.mkdir()
    (folder / "qualification.json").write_bytes(pretty(replace(found, measured=measured, verdict=verdict, **more)))
    return folder


def test_measured_chips_are_ranked_and_stand_ins_are_not(qualified: Path, tmp_path: Path) -> None:
    found = read(qualified)
    folders = [
        variant(found, tmp_path / "pretended", most=64, kind="emulated"),
        variant(found, tmp_path / "slow", most=1),
        variant(found, tmp_path / "wrong", most=32, word=Word.FAIL),
        variant(found, tmp_path / "fast", most=8),
        variant(found, tmp_path / "simulated", most=2, kind="simulator"),
    ]
    rows = compared(folders).rows
    assert [(row.device, row.place) for row in rows] == [
        ("fast", 1),
        ("slow", 2),
        ("wrong", 3),
        ("pretended", None),
        ("simulated", None),
    ]
    assert "its times are no chip's" in rows[3].apart


def test_what_makes_two_reports_incomparable_is_told(qualified: Path, tmp_path: Path) -> None:
    found = read(qualified)
    other = variant(found, tmp_path / "other", most=1, campaign={**found.campaign, "deadline_ms": 7.0})
    assert any("deadlines differ: 20 ms, 7 ms" in one for one in compared([qualified, other]).warnings)
    assert not any("differ" in one for one in compared([qualified, qualified]).warnings)


@pytest.mark.parametrize(("load", "told"), [(0.2, False), (1.5, True), (math.nan, False)])
def test_a_machine_that_was_busy_is_told(qualified: Path, tmp_path: Path, load: float, told: bool) -> None:
    found = read(qualified)
    identity = replace(found.measured.identity, load_before=load, cores=2)
    folder = variant(replace(found, measured=replace(found.measured, identity=identity)), tmp_path / "chip", most=1)
    assert any("busy with other work: chip" in one for one in compared([folder]).warnings) == told


def test_the_page_and_the_table_mark_what_is_no_chip(
    qualified: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pretended = variant(read(qualified), tmp_path / "pretended", most=64, kind="emulated")
    page = tmp_path / "page.html"
    assert gilmok.main(["qualify", "compare", str(qualified), str(pretended), "--out", str(page)]) == 0
    out = capsys.readouterr().out
    assert "(emulated)" in out
    assert "AP 1.0000 (–), 6 boxes in 6 pictures" in out
    assert '<span class="kind">emulated</span>' in page.read_text()
    assert gilmok.main(["qualify", "compare", str(qualified), str(pretended), "--json"]) == 0
    assert '"place": null' in capsys.readouterr().out
