"""Chips side by side: measured ones ranked, stand-ins apart from them, and what makes two of them incomparable told."""

from collections.abc import Sequence
from pathlib import Path

import msgspec

from replay.qualify.page.texts import device, median, of_set, sure
from replay.qualify.page.tiles import scenario
from replay.qualify.parts.accuracy import Accuracy
from replay.qualify.parts.identity import same_campaign
from replay.qualify.qualification import Qualification, read
from replay.qualify.verdict import STAND_INS, Word, was_busy
from sensors.record import Record


class Row(Record, frozen=True, kw_only=True):
    """None where it was not measured."""

    folder: str
    place: int | None
    """From 1; None: it stands outside the ranking."""
    device: str
    backend: str
    device_kind: str
    precision: str
    verdict: str
    failed: tuple[str, ...]
    """Criteria that were not met."""
    ratio: float | None
    """AP of the candidate over that of the reference."""
    ratio_verdict: str
    accuracy: str
    """AP of the candidate with its 95 % interval, and of how many boxes and pictures; empty where there is none."""
    matched: float | None
    """Share of boxes, 0 to 1, of the side that has fewer partners."""
    p90_ns: int | None
    """SingleStream."""
    p99_ns: int | None
    """At the constant rate."""
    cameras: int | None
    """The most that kept their deadline."""
    throughput: float | None
    """Samples a second, Offline."""
    cold_start_ns: int | None
    """The median of all starts."""
    memory: float | None
    """Resident bytes at the end of the soak."""
    watts: float | None
    apart: str
    """Why it stands outside the ranking."""


class Comparison(Record, frozen=True, kw_only=True):
    rows: tuple[Row, ...]
    """Ranked ones first, best first."""
    rule: str
    warnings: tuple[str, ...]
    """What makes these reports differ in more than their chips."""


RULE = (
    "Reports without a failed criterion come before those with one; then more cameras in the deadline; then the "
    "lower p99 at the camera's rate; then the higher throughput. Emulated and simulated devices are not ranked: "
    "their times are no chip's."
)


def compared(folders: Sequence[Path]) -> Comparison:
    """The qualifications in these folders, ranked by RULE; raises RecordUnreadable."""
    reports = [(folder, read(folder)) for folder in folders]
    rows = [_row(folder, found) for folder, found in reports]
    ranked = sorted((row for row in rows if not row.apart), key=_merit)
    placed = [_placed(row, place) for place, row in enumerate(ranked, 1)]
    apart = sorted((row for row in rows if row.apart), key=_merit)
    return Comparison(rows=(*placed, *apart), rule=RULE, warnings=tuple(_warnings([found for _, found in reports])))


def _row(folder: Path, found: Qualification) -> Row:
    measured, side = found.measured, found.measured.identity.candidate
    single, constant = scenario(measured, "SingleStream"), scenario(measured, "Constant")
    offline = scenario(measured, "Offline")
    parity, endurance = measured.parity, measured.endurance
    boxes = parity.boxes if parity else None
    failed = tuple(one.asked for one in found.verdict.criteria if one.outcome == "fail")
    return Row(
        folder=str(folder),
        place=None,
        device=device(side),
        backend=f"{side.backend}:{side.device}",
        device_kind=side.device_kind,
        precision=side.precision,
        verdict=found.verdict.word,
        failed=failed,
        ratio=measured.accuracy.ratio.value if measured.accuracy else None,
        ratio_verdict=measured.accuracy.ratio.verdict if measured.accuracy else "not measured",
        accuracy=_accuracy(measured.accuracy) if measured.accuracy else "",
        matched=min(boxes.of_reference, boxes.of_candidate) if boxes else None,
        p90_ns=single.latency_ns.p90 if single else None,
        p99_ns=constant.latency_ns.p99 if constant else None,
        cameras=measured.streams.most if measured.streams else None,
        throughput=offline.samples_per_s if offline else None,
        cold_start_ns=median(measured.coldstart.total_ns) if measured.coldstart else None,
        memory=endurance.memory.end if endurance else None,
        watts=endurance.power.mean_w if endurance and endurance.power else None,
        apart=f"{side.device_kind}: its times are no chip's" if side.device_kind in STAND_INS else "",
    )


def _accuracy(found: Accuracy) -> str:
    size = of_set(found)
    return f"AP {sure(found.candidate['AP'], found.candidate_interval)}{f', {size}' if size else ''}"


def _merit(row: Row) -> tuple[bool, int, float, float]:
    """Ascending: the best first. What was not measured is the worst."""
    return (
        row.verdict == Word.FAIL,
        -(row.cameras if row.cameras is not None else -1),
        float("inf") if row.p99_ns is None else row.p99_ns,
        -(row.throughput or 0.0),
    )


def _placed(row: Row, place: int) -> Row:
    return msgspec.structs.replace(row, place=place)


def _warnings(reports: Sequence[Qualification]) -> list[str]:
    first, found = reports[0], []
    for one in reports[1:]:
        found += same_campaign(first.measured.identity, one.measured.identity)
    for what, values in (
        ("rates", {f"{one.campaign['rate_fps']:g}/s" for one in reports}),
        ("deadlines", {f"{one.campaign['deadline_ms']:g} ms" for one in reports}),
        ("sizes of campaign", {str(one.campaign.get("kind", "full")) for one in reports}),
        ("hosts", {one.measured.identity.host.get("processor", "unnamed") for one in reports}),
        ("versions of gilmok", {one.measured.identity.software.get("gilmok", "?") for one in reports}),
    ):
        if len(values) > 1:
            found.append(f"{what} differ: {', '.join(sorted(values))}")
    busy = [device(one.measured.identity.candidate) for one in reports if was_busy(one.measured.identity)]
    if busy:
        found.append(f"times were taken on a machine that was busy with other work: {', '.join(sorted(set(busy)))}")
    return sorted(set(found))
