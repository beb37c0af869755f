"""Arrivals as the ledger's tables want them."""

from typing import Any

from fleet.arrivals import KEPT_BYTES, BirthArrived, ConnArrived, HealthArrived, Refused, ReportArrived


def frame_row(arrival: ReportArrived) -> dict[str, Any]:
    report = arrival.report
    return {
        "site": arrival.key.site,
        "node": arrival.key.node,
        "session": report.session,
        "stream": report.stream,
        "n": report.n,
        "seq": report.seq,
        "stamp_mono_ns": report.stamp.mono_ns,
        "stamp_utc_ns": report.stamp.utc_ns,
        "status": report.status,
        "total_ns": report.total_ns,
        "received_mono_ns": arrival.received.mono_ns,
        "received_utc_ns": arrival.received.utc_ns,
        "received_boot": arrival.boot,
        "hub_latency_ns": arrival.hub_latency_ns,
        "payload": arrival.payload,
    }


def session_row(arrival: BirthArrived) -> dict[str, Any]:
    return {
        "site": arrival.key.site,
        "node": arrival.key.node,
        "session": arrival.birth.session,
        "run": arrival.birth.run,
        "born_utc_ns": arrival.birth.stamp.utc_ns,
        "received_utc_ns": arrival.received.utc_ns,
        "payload": arrival.payload,
    }


def health_row(arrival: HealthArrived) -> dict[str, Any]:
    return {
        "site": arrival.key.site,
        "node": arrival.key.node,
        "session": arrival.health.session,
        "stamp_mono_ns": arrival.health.stamp.mono_ns,
        "final": arrival.health.final,
        "received_utc_ns": arrival.received.utc_ns,
        "payload": arrival.payload,
    }


def conn_row(arrival: ConnArrived) -> dict[str, Any]:
    return {
        "site": arrival.key.site,
        "node": arrival.key.node,
        "session": arrival.session,
        "state": arrival.state,
        "received_utc_ns": arrival.received.utc_ns,
    }


def refused_row(refused: Refused) -> dict[str, Any]:
    return {
        "received_utc_ns": refused.received.utc_ns,
        "received_mono_ns": refused.received.mono_ns,
        "topic": refused.topic,
        "reason": refused.reason,
        "what": refused.what,
        "bytes": len(refused.payload),
        "payload": refused.payload[:KEPT_BYTES],
    }
