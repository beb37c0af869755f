"""A candidate's reports and the active model's, as they come: late, lost, failed; paired frame by frame."""

import json
import math
from collections.abc import Sequence
from pathlib import Path

import msgspec
import pytest

from fleet.arrivals import Arrival
from fleet.cli import hub
from fleet.ledger.ledger import Booked, Ledger
from fleet.reporting.run_summary import run_summary
from replay.runs.same_frames.figures import OnSameFrames
from sensors.errors import GilmokError
from tests.fakes import ManualClock
from tests.fleet.ledger.arriving import birth_of
from tests.fleet.shadowing import CANDIDATE, active, beside_it, speaker_with_shadow, well
from tests.speaker import SHA, Speaker


@pytest.fixture
def speaker() -> Speaker:
    return speaker_with_shadow(ManualClock())


def told(store: Path, speaker: Speaker, *batches: Sequence[Arrival]) -> OnSameFrames:
    with Ledger(store) as ledger:
        ledger.commit([birth_of(speaker)])
        for batch in batches:
            ledger.commit(batch)
        (pair,) = run_summary(ledger, speaker.birth.run, [speaker.birth], []).same_frames
        return pair


def test_only_frames_of_which_both_reports_are_here_are_held_against_each_other(
    tmp_path: Path, speaker: Speaker
) -> None:
    # Of the active model's, 2 is lost; of the candidate's, those of 1 and 3 (it skipped 4).
    live = [active(speaker, n) for n in (0, 1, 3, 4, 5)]
    said = [beside_it(speaker, 0, 0), beside_it(speaker, 2, 2), beside_it(speaker, 4, 5, boxes=2)]
    pair = told(tmp_path / "hub.db", speaker, live, said)
    assert (pair.pairs, pair.alone_b, pair.agreement.frames) == (2, 1, 2)
    assert pair.agreement.paired.f1 == pytest.approx(2 * 6 / (8 + 6))
    assert (pair.a.sha256, pair.b.sha256) == (SHA, CANDIDATE)


def test_a_report_that_comes_late_is_paired_then_and_a_repeat_changes_nothing(tmp_path: Path, speaker: Speaker) -> None:
    said = [beside_it(speaker, 0, 0), beside_it(speaker, 1, 1)]
    before = told(tmp_path / "hub.db", speaker, [active(speaker, 0)], said)
    assert (before.pairs, before.alone_b) == (1, 1)
    after = told(tmp_path / "hub.db", speaker, [active(speaker, 1, late=True)], said)
    assert (after.pairs, after.alone_b) == (2, 0)


def test_a_failed_frame_of_either_is_counted_and_no_agreement(tmp_path: Path, speaker: Speaker) -> None:
    live = [active(speaker, 0), active(speaker, 1, boxes=None), active(speaker, 2)]
    said = [beside_it(speaker, number, number) for number in range(2)] + [beside_it(speaker, 2, 2, boxes=None)]
    pair = told(tmp_path / "hub.db", speaker, live, said)
    assert (pair.pairs, pair.failed_a, pair.failed_b, pair.agreement.frames) == (3, 1, 1, 1)
    assert pair.agreement.paired.f1 == 1.0


def test_without_a_pair_nothing_is_made_up(tmp_path: Path, speaker: Speaker) -> None:
    pair = told(tmp_path / "hub.db", speaker, [active(speaker, 0)])
    assert (pair.pairs, pair.alone_b) == (0, 0)
    assert math.isnan(pair.agreement.paired.f1)
    assert math.isnan(pair.accuracy.difference)
    assert pair.accuracy.unknown
    assert pair.latency_b_ns["total"].n == 0


def test_the_streams_own_books_know_nothing_of_it(tmp_path: Path, speaker: Speaker) -> None:
    with Ledger(tmp_path / "hub.db") as ledger:
        assert ledger.commit([birth_of(speaker), active(speaker, 0), beside_it(speaker, 0, 0)]) == Booked(1, 0, 0)
        summary = run_summary(ledger, speaker.birth.run, [speaker.birth], [])
    assert (summary.frames.ok, summary.frames.failed) == (1, 0)


def test_gilmok_hub_shadow_tells_it_and_what_its_node_measured(
    tmp_path: Path, speaker: Speaker, capsys: pytest.CaptureFixture[str]
) -> None:
    store = tmp_path / "hub.db"
    told(store, speaker, [active(speaker, 0), beside_it(speaker, 0, 0), well(speaker, 1)])
    assert hub.main(["shadow", "pole", "--store", str(store), "--json"]) == 0
    (pair,) = json.loads(capsys.readouterr().out)
    assert pair["counts"]["skipped"] == {"baseline": 4, "budget": 2}
    assert (pair["cost"]["p99_with_ns"], pair["cost"]["share"], pair["b"]["device_kind"]) == (22_000_000, 0.25, "npu")
    assert pair["agreement"]["paired"]["f1"] == 1.0
    assert pair["accuracy"]["difference"] is None
    assert hub.main(["shadow", "seoul/pole", "--store", str(store)]) == 0
    shown = capsys.readouterr().out
    assert "1.100" in shown
    assert "4 baseline, 2 budget" in shown


def test_a_stream_is_held_against_another_that_saw_the_same_recording(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    store, clock = tmp_path / "hub.db", ManualClock()
    with Ledger(store) as ledger:
        for node, boxes, digest in (("pole", 2, "a" * 64), ("mast", 4, "a" * 64), ("van", 4, "b" * 64)):
            one = Speaker(clock, node=node)
            streams = (msgspec.structs.replace(one.birth.streams[0], dataset="mot", recording="WALK", digest=digest),)
            one.birth = msgspec.structs.replace(one.birth, streams=streams)
            ledger.commit([birth_of(one), *(active(one, n, boxes) for n in range(3))])
    assert hub.main(["shadow", "pole", "--teacher", "mast/camera", "--store", str(store), "--json"]) == 0
    (pair,) = json.loads(capsys.readouterr().out)
    assert (pair["seen_by"], pair["a"]["name"], pair["b"]["name"]) == ("streams", "mast/camera", "pole/camera")
    assert (pair["pairs"], pair["counts"], pair["cost"]) == (3, None, None)
    assert pair["agreement"]["paired"]["f1"] == pytest.approx(2 * 2 / (4 + 2))
    with pytest.raises(GilmokError, match="saw the same recording as van/camera"):
        hub.main(["shadow", "pole", "--teacher", "van/camera", "--store", str(store)])


def test_what_can_not_be_told_is_said_in_one_line(tmp_path: Path) -> None:
    plain, store = Speaker(ManualClock()), tmp_path / "hub.db"
    with Ledger(store) as ledger:
        ledger.commit([birth_of(plain)])
    for asked, why in (
        (["pole"], "ran no shadow"),
        (["pale"], "no node 'pale'"),
        (["pole", "--run", "no-such"], "in run 'no-such'"),
        (["pole", "--teacher", "pole/south"], "has no stream 'pole/south'"),
        (["pole", "--teacher", "pole/camera"], "saw the same recording"),
    ):
        with pytest.raises(GilmokError, match=why):
            hub.main(["shadow", *asked, "--store", str(store)])
