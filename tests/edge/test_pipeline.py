import math
from collections.abc import Sequence

import numpy as np
import pytest
from msgspec.structs import replace

from edge.device.backend import Tensors
from edge.pipeline import Pipeline
from edge.scene.grounding import Grounding
from edge.stream import Stream
from edge.tracking import Tracking
from edge.wire.findings import check_findings
from edge.wire.messages import Findings, FrameReport, MessageWrong, check, decode, encode
from models.detections import Detections
from models.manifest import Artefact, InputContract, Manifest, Origin, Suppression
from models.tensors import DType, Quantisation, TensorSpec
from sensors.clock import NS_PER_MS, Stamp
from sensors.config import ConfigWrong
from sensors.frame import NO_IMAGE, Array, Frame, FrameId
from sensors.ground.geometry import CameraGeometry
from sensors.pace.pacing import PacingError
from sensors.sources.source import LiveHealth
from sensors.sources.source import Origin as SourceOrigin
from tests.fakes import ManualClock, StrictSession

# One cell of a 32-pixel grid: a YOLOX head whose box can be worked out by hand.
SIZE_PX, STRIDE_PX = 32, 32
INPUT = InputContract(width=SIZE_PX, height=SIZE_PX, colour="BGR", resize="letterbox-top-left")


def manifest(labels: tuple[str, ...] = ("car", "bus")) -> Manifest:
    return Manifest(
        name="one-cell",
        summary="",
        file="one-cell.onnx",
        sha256="ab" * 32,
        bytes=0,
        origin=Origin(url="", licence=""),
        input=INPUT,
        outputs=((1, 1, 5 + len(labels)),),
        decoder="yolox",
        decoder_options={"strides": [STRIDE_PX]},
        suppression=Suppression(score_floor=0.01, iou=0.65),
        labels=labels,
    )


def artefact() -> Artefact:
    from pathlib import Path

    return Artefact(
        model="one-cell", path=Path("one-cell.onnx"), sha256="cd" * 32, precision="fp32", backend="fake", input=INPUT
    )


def head(cx: float, cy: float, width: float, height: float, objectness: float, scores: Sequence[float]) -> Array:
    """The raw output whose only cell says that box, in network pixels."""
    box = [cx / STRIDE_PX, cy / STRIDE_PX, np.log(width / STRIDE_PX), np.log(height / STRIDE_PX)]
    return np.array([[[*box, objectness, *scores]]], np.float32)


def answering(output: Array, quantisation: Quantisation | None = None) -> StrictSession:
    dtype: DType = "uint8" if output.dtype == np.uint8 else "float32"
    return StrictSession(
        TensorSpec("images", (1, 3, SIZE_PX, SIZE_PX), "float32"),
        [TensorSpec("output", output.shape, dtype, quantisation)],
        lambda _feed: [output],
    )


def frame(clock: ManualClock, seq: int = 0, width: int = 64, height: int = 64, fault: str = "") -> Frame:
    image = NO_IMAGE if fault else np.full((height, width, 3), 100, np.uint8)
    return Frame(FrameId("north", seq), clock.now(), "arrival", image, fault)


def pipeline(session: StrictSession, clock: ManualClock) -> Pipeline:
    return Pipeline(manifest(), artefact(), session, clock, session_count=3)


def test_a_box_comes_back_in_the_pixels_of_the_frame() -> None:
    clock = ManualClock()
    report = pipeline(answering(head(16, 8, 8, 4, 0.9, [0.5, 0.001])), clock).step(frame(clock))
    # The frame is twice the network's input, so every number doubles: centre (32, 16), 16 wide, 8 high.
    assert report.findings == Findings(boxes=((24.0, 12.0, 40.0, 20.0),), scores=(0.45,), labels=(0,))
    assert (report.session, report.n, report.stream, report.seq) == (3, 0, "north", 0)
    assert (report.model, report.artefact) == ("ab" * 6, "cd" * 6)


class Slow(StrictSession):
    """Takes as long as it is told, and has a deadline as a watched session does."""

    deadline_ns = 260 * NS_PER_MS

    def __init__(self, clock: ManualClock, takes_ns: int) -> None:
        output = head(16, 8, 8, 4, 0.9, [0.5, 0.1])

        def answer(_feed: Array) -> Tensors:
            clock.pass_ns(takes_ns)
            return [output]

        super().__init__(
            TensorSpec("images", (1, 3, SIZE_PX, SIZE_PX), "float32"),
            [TensorSpec("output", output.shape, "float32")],
            answer,
        )


@pytest.mark.parametrize(("late_ns", "status"), [(0, "ok"), (1, "failed")])
def test_the_deadline_is_what_it_says_to_the_nanosecond(late_ns: int, status: str) -> None:
    clock = ManualClock()
    report = pipeline(Slow(clock, Slow.deadline_ns + late_ns), clock).step(frame(clock))
    check(report)
    assert report.stages["infer"] == Slow.deadline_ns + late_ns
    assert report.status == status
    assert ("no answer within 260 ms; it came later" in report.reason) == (status == "failed")


class Numbered:
    """Gives every finding of a frame the next id; a broken one forgets the last finding."""

    def __init__(self, broken: bool = False) -> None:
        self._broken = broken

    def update(self, found: Detections, at: Stamp) -> Sequence[int]:  # noqa: ARG002
        return range(len(found) - self._broken)


@pytest.mark.parametrize("broken", [False, True])
def test_findings_have_track_ids_or_the_frame_has_failed(broken: bool) -> None:
    clock = ManualClock(tick_ns=7)
    session = answering(head(16, 8, 8, 4, 0.9, [0.5, 0.4]))
    tracking = Tracking("numbered", Numbered(broken))
    report = Pipeline(manifest(), artefact(), session, clock, tracking=tracking).step(frame(clock))
    check(report)
    assert list(report.stages) == ["wait", "prepare", "infer", "decode", "track"]
    if broken:
        assert (report.status, report.findings) == ("failed", None)
        assert report.reason == "tracker 'numbered' gave 1 ids for 2 findings"
    else:
        assert report.findings is not None
        assert (report.findings.labels, report.findings.tracks) == ((0, 1), (0, 1))


def test_the_stages_are_disjoint_and_sum_to_the_whole() -> None:
    clock = ManualClock(tick_ns=7)
    steps = pipeline(answering(head(16, 8, 8, 4, 0.9, [0.5, 0.1])), clock)
    first = frame(clock)
    clock.pass_ns(1_000)
    report = steps.step(first)
    check(report)
    assert list(report.stages) == ["wait", "prepare", "infer", "decode"]
    assert report.stages["wait"] == 1_007
    assert min(report.stages.values()) > 0
    assert report.total_ns == sum(report.stages.values())


def test_an_answer_of_nothing_is_ok_and_empty() -> None:
    clock = ManualClock()
    report = pipeline(answering(head(16, 8, 8, 4, 0.0, [0.5, 0.5])), clock).step(frame(clock))
    assert report.status == "ok"
    assert report.findings == Findings(boxes=(), scores=(), labels=())


@pytest.mark.parametrize("rubbish", [np.nan, np.inf, -np.inf])
def test_outputs_that_are_no_numbers_fail_the_frame_and_are_no_empty_road(rubbish: float) -> None:
    clock = ManualClock()
    output = head(16, 8, 8, 4, 0.9, [0.5, 0.1])
    output[0, 0, 4] = rubbish
    report = pipeline(answering(output), clock).step(frame(clock))
    assert report.status == "failed"
    assert report.findings is None
    assert "not finite" in report.reason
    check(report)


def test_a_failed_inference_fails_its_frame_and_the_next_one_goes_on() -> None:
    clock = ManualClock()
    session = answering(head(16, 8, 8, 4, 0.9, [0.5, 0.1]))
    steps = pipeline(session, clock)
    session.broken = "the device is hot"
    failed = [steps.step(frame(clock, seq)) for seq in range(5)]
    session.broken = ""
    good = steps.step(frame(clock, 5))
    assert {report.status for report in failed} == {"failed"}
    assert "the device is hot" in failed[0].reason
    assert (good.status, good.n) == ("ok", 5)


def test_a_faulty_frame_never_reaches_the_device() -> None:
    clock = ManualClock()
    session = answering(head(16, 8, 8, 4, 0.9, [0.5, 0.1]))
    session.close()
    report = pipeline(session, clock).step(frame(clock, fault="a.jpg is truncated"))
    assert (report.status, report.reason) == ("failed", "a.jpg is truncated")
    check(report)


def test_a_quantised_output_means_what_its_scale_says() -> None:
    clock = ManualClock()
    real = head(16, 16, 32, 32, 0.75, [0.5, 0.25])
    quantisation = Quantisation(scale=0.25, zero_point=10)
    stored = (real / 0.25 + 10).round().astype(np.uint8)
    report = pipeline(answering(stored, quantisation), clock).step(frame(clock))
    assert report.findings is not None
    assert report.findings.scores == (0.375, 0.1875)
    assert report.findings.boxes[0] == (0.0, 0.0, 64.0, 64.0)


class HandFed:
    """A pace whose frames a test hands over, some of them already dropped."""

    origin = SourceOrigin("test", "by hand")
    fps = 10.0

    def __init__(self, frames: Sequence[Frame], dropped: int = 0) -> None:
        self._frames = iter(frames)
        self.dropped = dropped
        self.skipped = 0
        self.captured = len(frames) + dropped

    def start(self) -> None: ...

    def take(self) -> Frame | None:
        return next(self._frames, None)

    def stop(self) -> None:
        self._frames = iter(())

    def live_health(self) -> LiveHealth | None:
        return None

    def pacing_error(self) -> PacingError | None:
        return None

    def close(self) -> None: ...


class Queued(StrictSession):
    """A pipelined device: answers tickets in order, insists that each is collected once and that depth is kept."""

    depth = 3

    def __init__(self, output: Array) -> None:
        answer: Tensors = [output]
        super().__init__(
            TensorSpec("images", (1, 3, SIZE_PX, SIZE_PX), "float32"),
            [TensorSpec("output", output.shape, "float32")],
            lambda _feed: answer,
        )
        self.in_flight: set[int] = set()
        self.most = 0
        self._next = 0

    def submit(self, feeds: Tensors) -> int:
        self._next += 1
        self.in_flight.add(self._next)
        self.most = max(self.most, len(self.in_flight))
        assert len(self.in_flight) <= self.depth
        self._fed = feeds
        return self._next

    def collect(self, ticket: int) -> Tensors:
        self.in_flight.remove(ticket)
        return self.run(self._fed)


@pytest.mark.parametrize("pipelined", [False, True])
def test_what_goes_in_comes_out_in_order_with_its_identity(pipelined: bool) -> None:
    clock = ManualClock(tick_ns=1)
    output = head(16, 8, 8, 4, 0.9, [0.5, 0.1])
    session = Queued(output) if pipelined else answering(output)
    frames = [frame(clock, seq, fault="torn" if seq % 7 == 3 else "") for seq in range(0, 500, 2)]
    reports: list[FrameReport] = []
    stream = Stream("north", HandFed(frames, dropped=11), pipeline(session, clock))
    stream.run(reports.append)
    assert [(report.n, report.seq) for report in reports] == list(enumerate(range(0, 500, 2)))
    assert [report.stamp for report in reports] == [one.stamp for one in frames]
    failed = sum(one.fault != "" for one in frames)
    counted = stream.counters()
    assert (counted.captured, counted.ok, counted.failed) == (261, 250 - failed, failed)
    assert (counted.dropped, counted.pending) == (11, 0)
    if isinstance(session, Queued):
        assert not session.in_flight


def test_what_breaks_in_the_second_half_of_the_path_is_told_by_the_stream() -> None:
    clock = ManualClock()

    def refuse(_report: FrameReport) -> None:
        raise RuntimeError("no room")

    session = Queued(head(16, 8, 8, 4, 0.9, [0.5, 0.1]))
    stream = Stream("north", HandFed([frame(clock, seq) for seq in range(20)]), pipeline(session, clock))
    with pytest.raises(RuntimeError, match="no room"):
        stream.run(refuse)


LEVEL = CameraGeometry(
    width_px=64, height_px=64, fx_px=64, fy_px=64, cx_px=32, cy_px=32, x_m=100, y_m=50, z_m=4, bearing_deg=90,
    pitch_deg=-40, box_sd_px=0.5,
)  # fmt: skip


def placed(camera: CameraGeometry, box: tuple[float, float, float, float], width: int = 64) -> FrameReport:
    """`box`: centre and sides in the network's pixels, half of the frame's."""
    clock = ManualClock()
    session = answering(head(*box, 0.9, [0.5, 0.4]))
    grounding = Grounding("north", camera, ("car", "bus"))
    report = Pipeline(manifest(), artefact(), session, clock, grounding=grounding).step(frame(clock, width=width))
    check(decode(encode(report), FrameReport))
    return report


def test_findings_say_where_they_stand_and_how_sure_that_is() -> None:
    found = placed(LEVEL, (16, 8, 8, 16)).findings
    assert found is not None
    assert found.ground is not None
    car, bus = found.ground
    # It looks east, 40 degrees down; the foot, at pixel (32, 32), is in the middle of the picture.
    assert car == bus
    assert car is not None
    assert car[:2] == (round(100 + 4 / math.tan(math.radians(40)), 2), 50.0)
    assert all(0 < deviation < 0.5 for deviation in car[2:4])
    only_cars = placed(replace(LEVEL, on_ground=("car",)), (16, 8, 8, 16)).findings
    assert only_cars is not None
    assert only_cars.ground == (car, None)


@pytest.mark.parametrize(
    ("pitch_deg", "box", "width"),
    [(0.0, (16, 8, 8, 16), 64), (-40.0, (16, 28, 8, 8), 64), (-40.0, (3, 8, 6, 16), 64), (-40.0, (16, 8, 8, 16), 128)],
    ids=["at the horizon", "foot below the picture", "cut at its side", "a picture of another size"],
)
def test_where_a_foot_cant_be_told_its_place_is_unknown(
    pitch_deg: float, box: tuple[float, float, float, float], width: int
) -> None:
    found = placed(replace(LEVEL, pitch_deg=pitch_deg), box, width).findings
    assert found is not None
    assert found.ground == (None, None)


def test_a_geometry_that_names_a_label_which_the_model_hasnt_is_refused() -> None:
    with pytest.raises(ConfigWrong, match="on_ground names 'cra'"):
        Grounding("north", replace(LEVEL, on_ground=("cra",)), ("car", "bus"))


@pytest.mark.parametrize("ground", [(), ((math.nan, 0.0, 0.1, 0.1, 0.0),)])
def test_places_that_contradict_the_findings_are_refused(
    ground: tuple[tuple[float, float, float, float, float], ...],
) -> None:
    with pytest.raises(MessageWrong):
        check_findings(Findings(boxes=((0, 0, 1, 1),), scores=(0.5,), labels=(0,), ground=ground))
