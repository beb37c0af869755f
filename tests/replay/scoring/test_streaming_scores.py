"""Streaming accuracy out of a run's reports, on a recording of four frames worked by hand."""

from dataclasses import dataclass, field
from pathlib import Path

import pytest

import gilmok
from edge.wire.messages import Findings, FrameReport
from replay.datasets.mot import MotChallenge
from replay.recording import Recording
from replay.runs.runfolder import read_summary
from replay.scoring.reference import score
from replay.scoring.stream import ScoredStream
from replay.scoring.streaming import Unstreamable, answer_timeline, streamed, streaming_accuracy
from sensors.clock import NS_PER_MS, Stamp
from tests.tiny import BOX, write_model, write_recording

LABELS = ("person", "car")
LEFT, TOP, WIDTH, HEIGHT = BOX
RIGHT = Findings(boxes=((LEFT, TOP, LEFT + WIDTH, TOP + HEIGHT),), scores=(0.9,), labels=(0,))
WRONG = Findings(boxes=((0, 0, 4, 4),), scores=(0.9,), labels=(0,))
NOTHING = Findings(boxes=(), scores=(), labels=())
T0_NS = 7_000 * NS_PER_MS
PERIOD_MS = 20


@dataclass
class Told:
    """Reports of frames 1, 2, ...: (frame, published after its due instant in ms, what was found)."""

    reports: list[FrameReport] = field(default_factory=list)

    def ok(self, seq: int, after_ms: float, findings: Findings | None, late_ns: int = 0) -> "Told":
        due_ns = T0_NS + (seq - 1) * PERIOD_MS * NS_PER_MS + late_ns
        took_ns = round(after_ms * NS_PER_MS)
        self.reports.append(
            FrameReport(
                session=0,
                n=len(self.reports),
                stream="s",
                seq=seq,
                stamp=Stamp(due_ns, due_ns),
                kind="scheduled",
                stages={"infer": took_ns},
                total_ns=took_ns,
                published=Stamp(due_ns + took_ns, due_ns + took_ns),
                status="ok" if findings is not None else "failed",
                findings=findings,
                model="",
                artefact="",
            )
        )
        return self


@pytest.fixture
def recording(tmp_path: Path) -> Recording:
    return MotChallenge(write_recording(tmp_path / "mot", frames=4, fps=1000 // PERIOD_MS)).open("WALK")


def scored(told: Told, recording: Recording, captured: int = 4) -> ScoredStream:
    return ScoredStream.of(told.reports, recording, LABELS, captured=captured)


def test_the_newest_answer_by_then_is_scored_at_node_and_hub(recording: Recording) -> None:
    # Due at 0, 20, 40, 60 ms. The node publishes frame 1's answer at 20 (just in time for frame 2's instant) and
    # frame 3's at 45; the hub has them 1 ms and 20 ms later: 21 and 65.
    told = Told().ok(1, 20, RIGHT).ok(3, 5, WRONG)
    made = streaming_accuracy(
        scored(told, recording),
        "realtime",
        hub_latency_ns={1: 21 * NS_PER_MS, 3: 25 * NS_PER_MS},
        captured={"AP": 0.25, "AP50": 0.5},
        answered={"AP": 0.75, "AP50": 1.0},
    )
    assert made.edge is not None
    assert made.hub is not None
    # Edge: nothing, right (1's), right (1's), wrong: the false alarm stands behind two hits of four.
    assert made.sap_edge == pytest.approx(51 / 101, abs=1e-9)
    # Hub: nothing, nothing, right (1's), right (1's; 3's comes after the end).
    assert made.sap_hub == pytest.approx(51 / 101, abs=1e-9)
    assert (made.edge.miss, made.edge.dropped, made.edge.n) == (1, 2, 4)
    assert (made.hub.miss, made.hub.dropped) == (2, 2)
    assert (made.edge.answered_within["20"], made.hub.answered_within["20"]) == (0.5, 0.0)
    assert made.edge.staleness_mean == pytest.approx((1 + 2 + 1) / 3)
    # From 20 to 45 ms frame 1's answer, from then to 60 frame 3's, 5 ms old when it comes.
    assert made.edge.age is not None
    assert made.edge.age.over_time_ns.max == 45 * NS_PER_MS
    assert (made.ap_captured, made.ap_answered) == (0.25, 0.75)
    assert made.ap50 == {
        "edge": made.ap50["edge"],
        "hub": made.ap50["hub"],
        "captured": 0.5,
        "answered": 1.0,
        "offline": 0.5,
    }
    assert (made.offline, made.deprecated["offline"]) == (0.25, "ap_captured")


def test_the_model_s_accuracy_is_that_of_the_frames_it_answered_and_the_run_s_that_of_all(recording: Recording) -> None:
    """Of four frames one was dropped and one failed; what was answered was right."""
    stream = scored(Told().ok(1, 0, RIGHT).ok(2, 0, RIGHT).ok(3, 0, None), recording)
    captured, answered = score(stream).overall, score(stream.where_answered()).overall
    assert (captured["n_frames"], answered["n_frames"]) == (4, 2)
    assert captured["AP"] == pytest.approx(51 / 101)
    assert answered["AP"] == pytest.approx(1.0)
    whole = scored(Told().ok(1, 0, RIGHT), recording, captured=1)
    assert whole.where_answered() is whole


def test_an_empty_answer_replaces_the_older_one_and_a_failure_does_not(recording: Recording) -> None:
    stream = scored(Told().ok(1, 0, RIGHT).ok(2, 0, None).ok(3, 0, NOTHING), recording)
    figures = score(streamed(stream, answer_timeline(stream, scheduled=True))).overall
    assert figures["AP"] == pytest.approx(51 / 101)
    assert figures["n_found"] == 2


def test_a_hub_without_a_common_clock_is_told_and_the_node_still_scored(recording: Recording) -> None:
    made = streaming_accuracy(
        scored(Told().ok(1, 0, RIGHT), recording, captured=1),
        "realtime",
        hub_latency_ns=None,
        captured={"AP": 1.0, "AP50": 1.0},
        answered={"AP": 1.0, "AP50": 1.0},
    )
    assert made.sap_edge == pytest.approx(1.0)
    assert made.sap_hub is None
    assert made.hub_unknown


def test_stamps_off_the_schedule_are_refused(recording: Recording) -> None:
    told = Told().ok(1, 0, RIGHT).ok(2, 0, RIGHT, late_ns=1)
    with pytest.raises(Unstreamable, match="frame 2"):
        answer_timeline(scored(told, recording), scheduled=True)


def test_an_answer_published_before_its_frame_is_refused(recording: Recording) -> None:
    with pytest.raises(Unstreamable, match="left before"):
        answer_timeline(scored(Told().ok(1, -1, RIGHT), recording), scheduled=True)


@pytest.mark.parametrize(("pace", "defined"), [("lockstep", False), ("realtime", True)])
def test_a_run_tells_streaming_accuracy_in_real_time_only(tmp_path: Path, pace: str, defined: bool) -> None:
    where = ["--dataset", "mot", "--root", str(write_recording(tmp_path / "mot")), "--name", "WALK", "--no-report"]
    model = str(write_model(tmp_path))
    gilmok.main(["replay", "run", *where, "--model", model, "--pace", pace, "--out", str(tmp_path / "run")])
    summary = read_summary(tmp_path / "run")
    streaming = summary["accuracy"]["streaming"]
    if not defined:
        assert "lockstep" in streaming["unknown"]
        assert streaming["sAP_edge"] is None
        return
    assert streaming["unknown"] == ""
    assert streaming["offline"] == summary["accuracy"]["coco"]["AP"]
    assert streaming["edge"]["n"] == 12
    assert streaming["edge"]["dropped"] == summary["frames"]["dropped"]
    assert streaming["hub"] is None
    assert streaming["hub_unknown"]
