"""What candidates found beside the active models, held against these on the very same frames."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import msgspec

from edge.wire.messages import FrameReport, Health
from edge.wire.shadows import ShadowHealth
from fleet.arrivals import key_of
from fleet.ledger.reader import LedgerReader
from fleet.ledger.shadow_reports import shadow_reports
from replay.comparison.paired_reports import Told, on_same_frames
from replay.runs.same_frames.figures import Cost, Counts, OnSameFrames
from replay.runs.stream_record import StreamRecord


@dataclass(frozen=True, slots=True, eq=False)
class Beside:
    """What a candidate said of a stream, and its node's last word."""

    reports: Sequence[FrameReport]
    health: Health | None


def beside(ledger: LedgerReader, found: Iterable[StreamRecord]) -> list[Beside | None]:
    """Of each of `found`, a session's stream; None where its node had no candidate. Raises StoreBroken."""
    told: list[Beside | None] = []
    for record in found:
        key = key_of(record.birth)
        health = ledger.last_heard(key).health
        if record.birth.shadow is None and (health is None or health.shadow is None):
            told.append(None)
        else:
            told.append(Beside(shadow_reports(ledger, key, record.stream.name), health))
    return told


def shadows(found: Iterable[StreamRecord], besides: Iterable[Beside | None]) -> tuple[OnSameFrames, ...]:
    """Each candidate held against the active model of `found`, session by session."""
    pairs = zip(found, besides, strict=True)
    return tuple(shadow_of(record, one.reports, one.health) for record, one in pairs if one is not None)


def shadow_of(record: StreamRecord, reports: Sequence[FrameReport], health: Health | None) -> OnSameFrames:
    """`reports`: the candidate's; `health`: its node's last word."""
    birth, stream = record.birth, record.stream
    said = health.shadow if health is not None else None
    a = Told.active(birth, stream, record.reports)
    if birth.shadow is None:
        # Its model isn't there: nobody knows more of it than why.
        b = Told(msgspec.structs.replace(a.ran, model="", sha256="", artefact="", device_kind=""), birth, stream, ())
    else:
        b = Told.shadow(birth, stream, reports, said.device_kind if said is not None else "")
    pair = on_same_frames(a, b, "shadow", record.recording, record.truth_unknown)
    if said is None:
        return pair
    return msgspec.structs.replace(
        pair, counts=_counts(said, stream.name, len(reports)), cost=_cost(said, record), phase=said.phase, why=said.why
    )


def _counts(said: ShadowHealth, stream: str, booked: int) -> Counts | None:
    own = said.streams.get(stream)
    if own is None:
        return None
    return Counts(
        seen=own.seen,
        ok=own.ok,
        failed=own.failed,
        pending=own.pending,
        skipped=dict(own.skipped),
        unsent=own.unsent,
        booked=booked,
    )


def _cost(said: ShadowHealth, record: StreamRecord) -> Cost | None:
    own, shadow = said.streams.get(record.stream.name), record.birth.shadow
    if own is None or shadow is None:
        return None
    return Cost(
        max_p99_ratio=shadow.max_p99_ratio,
        max_share=shadow.max_share,
        share=said.share,
        p99_with_ns=own.p99_with_ns,
        p99_without_ns=own.p99_without_ns,
        n_with=own.n_with,
        n_without=own.n_without,
        judged=said.judged,
        exceeded=said.exceeded,
        power_with_w=said.power_with_w,
        power_without_w=said.power_without_w,
        n_power_with=said.n_power_with,
        n_power_without=said.n_power_without,
    )
