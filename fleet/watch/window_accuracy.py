"""Accuracy of late: a stream that replays a recording, scored over a sliding window of its frames."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from edge.wire.messages import Birth, StreamBirth
from fleet.ledger.reader import FrameRow
from replay.recording import Recording
from replay.scoring.ap_interval import ApInterval, ap_interval
from replay.scoring.reference import score
from replay.scoring.stream import ScoredStream
from replay.scoring.streaming import streaming_accuracy
from replay.scoring.summary import calibrated_on
from sensors.errors import GilmokError

WINDOW = 300
"""Frames."""


def window_accuracy(
    birth: Birth, stream: StreamBirth, rows: Sequence[FrameRow], recording: Recording
) -> dict[str, Any]:
    """By the rules of a run's summary, over the last WINDOW frames up to the newest reported one; dropped ones count.

    `unknown` says why there are no figures; NaN is where one is undefined.
    """
    reports = {row.report.seq: row.report for row in rows}
    if not reports:
        return {"unknown": "no report has come yet"}
    if why := calibrated_on(birth, stream, list(reports.values())):
        return {"unknown": why}
    last, first = max(reports), min(reports)
    frames = [number for number in recording.numbers if first <= number <= last][-WINDOW:]
    known = {number: reports.get(number) for number in frames}
    found = [one.findings if one is not None else None for one in known.values()]
    scored = ScoredStream(
        recording=recording,
        model_labels=birth.model.labels,
        labels=stream.labels,
        frames=frames,
        truths=[recording.truth(number) for number in frames],
        answers=[None if one is None else one.detections() for one in found],
        reports=[one for one in known.values() if one is not None],
        wanted=stream.classes,
    )
    hub_ns = {row.report.seq: row.hub_latency_ns for row in rows if row.hub_latency_ns is not None}
    try:
        captured, sure = score(scored), ap_interval(scored.pool)
        own = scored.where_answered()
        answered, sure_answered = score(own), sure if own is scored else ap_interval(own.pool)
        streamed = streaming_accuracy(
            scored,
            stream.pace,
            hub_latency_ns=hub_ns if all(one.report.seq in hub_ns for one in rows) else None,
            captured=captured.overall,
            answered=answered.overall,
        )
    except GilmokError as error:
        return {"unknown": error.sentence}
    return {
        "unknown": "",
        "first": frames[0],
        "last": frames[-1],
        "n_frames": len(frames),
        "n_answered": sum(one is not None for one in found),
        "n_truth": _number(captured.overall.get("n_truth")),
        "AP": _number(captured.overall["AP"]),
        "AP50": _number(captured.overall["AP50"]),
        **sure.ends("AP", "AP50"),
        "AP_answered": _number(answered.overall["AP"]),
        **dict(zip(("AP_answered_low", "AP_answered_high"), sure_answered.ends("AP").values(), strict=True)),
        "sAP_edge": _number(streamed.sap_edge),
        "sAP_hub": _number(streamed.sap_hub),
        **_ends(streamed.intervals),
        "streaming_unknown": streamed.unknown,
    }


def _ends(intervals: Mapping[str, ApInterval]) -> dict[str, float | None]:
    """Of the streaming AP, where there is one."""
    return {
        f"sAP_{where}_{end}": value
        for where, sure in intervals.items()
        for end, value in zip(("low", "high"), sure.ends("AP").values(), strict=True)
    }


def _number(value: float | None) -> float | None:
    return None if value is None or math.isnan(value) else float(value)
