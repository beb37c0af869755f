"""`gilmok replay events` over a run and over what a node recorded."""

import json
from pathlib import Path

import msgspec
import pytest

import gilmok
from edge.config import RecordChoice
from edge.wire.findings import Findings
from edge.wire.messages import FrameReport
from sensors.clock import NS_PER_S
from tests.fakes import ManualClock
from tests.tiny import write_model, write_recording

RULES = """
[[events]]
name = "somebody"
kind = "inside"
on_s = 0.04
"""


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """12 frames at 50 a second, in lockstep; somebody is in each."""
    folder = tmp_path_factory.mktemp("events")
    where = ["--dataset", "mot", "--root", str(write_recording(folder / "mot")), "--name", "WALK"]
    out = folder / "run"
    assert gilmok.main(["replay", "run", *where, "--model", str(write_model(folder)), "--out", str(out)]) == 0
    return out


def told(capsys: pytest.CaptureFixture[str], *words: str) -> list[dict[str, object]]:
    capsys.readouterr()
    assert gilmok.main(["replay", "events", *words, "--json"]) == 0
    found: list[dict[str, object]] = json.loads(capsys.readouterr().out)
    return found


def test_rules_find_the_frames_of_a_run_by_the_recordings_own_time(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rules = tmp_path / "RULES.toml"
    rules.write_text(RULES)
    (event,) = told(capsys, str(run), "--rules", str(rules))
    # Two frames are 40 ms: the third is the first that is marked.
    assert (event["event"], event["first_seq"], event["last_seq"], event["frames"]) == ("somebody", 3, 12, 10)
    assert event["seconds"] == pytest.approx(9 / 50)
    assert told(capsys, str(run)) == []
    assert gilmok.main(["replay", "events", str(run)]) == 0
    assert "no events in 12 reported frames" in capsys.readouterr().out


def test_rules_that_a_run_cant_be_asked_and_folders_without_reports_end_with_status_1(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rules = tmp_path / "RULES.toml"
    rules.write_text(RULES.replace("inside", "dwell"))
    assert gilmok.main(["replay", "events", str(run), "--rules", str(rules)]) == 1
    assert "has no tracker" in capsys.readouterr().err
    rules.write_text(f'{RULES}streams = ["south"]')
    assert gilmok.main(["replay", "events", str(run), "--rules", str(rules)]) == 1
    assert "there is no stream 'south'" in capsys.readouterr().err
    for subject in (tmp_path, tmp_path / "nothing", rules):
        assert gilmok.main(["replay", "events", str(subject)]) == 1


def test_what_a_node_marked_is_kept_by_its_recorder_and_found_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("mcap", reason="needs mcap: pip install 'gilmok[record]'")
    from edge.recorder.recorder import Recorder

    clock = ManualClock()
    recorder = Recorder(RecordChoice(), tmp_path, "n1", ["north"], clock)
    recorder.start(None)
    for seq in range(10):
        at, marks = clock.now(), ("jam",) if 4 <= seq <= 7 else ()
        recorder.report(
            FrameReport(
                session=1, n=seq, stream="north", seq=seq, stamp=at, kind="arrival", stages={}, total_ns=0,
                published=at, status="ok", findings=Findings(boxes=(), scores=(), labels=()), model="a",
                artefact="b", events=marks,
            )
        )  # fmt: skip
        clock.pass_ns(NS_PER_S)
    recorder.close()
    ring = tmp_path / "n1/north"
    (event,) = told(capsys, str(ring))
    assert (event["event"], event["first_seq"], event["last_seq"], event["seconds"]) == ("jam", 4, 7, 3.0)
    lines = [msgspec.json.decode(line) for line in (ring / "events.jsonl").read_bytes().splitlines()]
    assert [line["why"] for line in lines] == ["frame 4: jam"]
    (file,) = ring.glob("*.mcap")
    (tmp_path / "cut.mcap").write_bytes(file.read_bytes()[:-100])
    assert gilmok.main(["replay", "events", str(tmp_path / "cut.mcap")]) == 0
    assert "its writer was killed, or it was cut off; what happened there is not told" in capsys.readouterr().err
    rules = tmp_path / "RULES.toml"
    rules.write_text(RULES)
    assert gilmok.main(["replay", "events", str(ring), "--rules", str(rules)]) == 1
    assert "nobody knows its labels" in capsys.readouterr().err
