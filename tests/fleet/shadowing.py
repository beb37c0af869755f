"""A node with a candidate beside its model, told to a ledger frame by frame as its hub would."""

import msgspec

from edge.wire.messages import FrameReport, Health, ShadowBirth, encode
from edge.wire.shadows import ShadowHealth, ShadowStream
from fleet.arrivals import BirthArrived, HealthArrived, ReportArrived, ShadowArrived
from sensors.clock import NS_PER_MS, Clock, Stamp
from tests.speaker import Speaker, findings

CANDIDATE = "d" * 64
PERIOD_NS = 40 * NS_PER_MS


def speaker_with_shadow(clock: Clock, node: str = "pole") -> Speaker:
    made = Speaker(clock, node=node)
    model = msgspec.structs.replace(made.birth.model, name="yolox-tiny", sha256=CANDIDATE, artefact=CANDIDATE)
    shadow = ShadowBirth(
        model=model, backend="onnxruntime", device="cpu", max_p99_ratio=1.1, max_share=0.5, block_s=5.0
    )
    made.birth = msgspec.structs.replace(made.birth, shadow=shadow)
    return made


def introduced(speaker: Speaker) -> BirthArrived:
    return BirthArrived(speaker.key, speaker.birth, encode(speaker.birth), speaker.clock.now())


def active(speaker: Speaker, n: int, boxes: int | None = 4, *, late: bool = False) -> ReportArrived:
    """The active model's report of frame n; `boxes` None: it failed."""
    report = _taken(speaker, n, boxes)
    return ReportArrived(speaker.key, report, encode(report), speaker.clock.now(), None, late=late)


def beside_it(speaker: Speaker, number: int, n: int, boxes: int | None = 4) -> ShadowArrived:
    """The candidate's report `number`, of frame n."""
    own = msgspec.structs.replace(_taken(speaker, n, boxes), n=number, model=CANDIDATE[:12], artefact=CANDIDATE[:12])
    return ShadowArrived(speaker.key, own, encode(own), speaker.clock.now())


def well(speaker: Speaker, ok: int) -> HealthArrived:
    """The node's health, with that of its shadow."""
    own = ShadowStream(
        seen=9, ok=2, failed=1, skipped={"baseline": 4, "budget": 2}, unsent=1, n_with=150, n_without=150,
        p99_with_ns=22 * NS_PER_MS, p99_without_ns=20 * NS_PER_MS,
    )  # fmt: skip
    said = ShadowHealth(phase="running", device_kind="npu", share=0.25, judged=2, streams={"camera": own})
    health: Health = msgspec.structs.replace(speaker.health(ok=ok), shadow=said)
    return HealthArrived(speaker.key, health, encode(health), speaker.clock.now())


def _taken(speaker: Speaker, n: int, boxes: int | None) -> FrameReport:
    """Frame n, at its own instant."""
    now = speaker.report(n).stamp
    stamp = Stamp(10**12 + n * PERIOD_NS, now.utc_ns)
    found = {"findings": findings(boxes)} if boxes is not None else {"findings": None, "status": "failed"}
    return speaker.report(n, stamp=stamp, **found)
