"""Arrivals as the ledger's tables want them."""

from typing import Any

from fleet.arrivals import (
    BirthArrived,
    ConnArrived,
    HealthArrived,
    Refused,
    ReportArrived,
    SessionKey,
    ShadowArrived,
    UnitReported,
)


def frame_row(arrival: ReportArrived) -> dict[str, Any]:
    report = arrival.report
    return {
        **_session(arrival.key),
        "stream": report.stream,
        "n": report.n,
        "seq": report.seq,
        "stamp_mono_ns": report.stamp.mono_ns,
        "label_utc_ns": report.stamp.utc_ns if arrival.clock_known else arrival.received.utc_ns,
        "clock_known": arrival.clock_known,
        "status": report.status,
        "total_ns": report.total_ns,
        "received_mono_ns": arrival.received.mono_ns,
        "received_utc_ns": arrival.received.utc_ns,
        "received_boot": arrival.boot,
        "hub_latency_ns": arrival.hub_latency_ns,
        "late": arrival.late,
        "payload": arrival.payload,
    }


def shadow_row(arrival: ShadowArrived) -> dict[str, Any]:
    report = arrival.report
    return {
        **_session(arrival.key),
        "stream": report.stream,
        "n": report.n,
        "seq": report.seq,
        "stamp_mono_ns": report.stamp.mono_ns,
        "status": report.status,
        "received_utc_ns": arrival.received.utc_ns,
        "payload": arrival.payload,
    }


def session_row(arrival: BirthArrived) -> dict[str, Any]:
    return {
        **_session(arrival.key),
        "count": arrival.birth.session,
        # PostgreSQL has no NUL in a text; the payload keeps the name as it is.
        "run": arrival.birth.run.replace("\0", "\ufffd"),
        "born_utc_ns": arrival.birth.stamp.utc_ns if arrival.clock_known else arrival.received.utc_ns,
        "received_utc_ns": arrival.received.utc_ns,
        "former": arrival.former,
        "payload": arrival.payload,
    }


def health_row(arrival: HealthArrived) -> dict[str, Any]:
    return {
        **_session(arrival.key),
        "stamp_mono_ns": arrival.health.stamp.mono_ns,
        "final": arrival.health.final,
        "received_utc_ns": arrival.received.utc_ns,
        "payload": arrival.payload,
    }


def conn_row(arrival: ConnArrived) -> dict[str, Any]:
    return {**_session(arrival.key), "state": arrival.state, "received_utc_ns": arrival.received.utc_ns}


def unit_row(arrival: UnitReported) -> dict[str, Any]:
    return {
        "site": arrival.key.site,
        "node": arrival.key.node,
        "received_utc_ns": arrival.received.utc_ns,
        "payload": arrival.payload,
    }


def refused_row(refused: Refused) -> dict[str, Any]:
    return {
        "received_utc_ns": refused.received.utc_ns,
        "received_mono_ns": refused.received.mono_ns,
        "topic": refused.topic,
        "reason": refused.reason,
        "what": refused.what,
        "payload": refused.payload,
    }


def _session(key: SessionKey) -> dict[str, Any]:
    return {"site": key.site, "node": key.node, "session": key.id}
