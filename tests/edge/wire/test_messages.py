import math
from collections.abc import Iterator
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.wire.asyncapi import document
from edge.wire.messages import (
    MAX_BYTES,
    Findings,
    FrameReport,
    Health,
    Message,
    MessageWrong,
    StreamCounters,
    check,
    decode,
    encode,
)
from models.detections import Detections
from sensors.clock import Stamp

GOOD = FrameReport(
    session=1,
    n=0,
    stream="north",
    seq=7,
    stamp=Stamp(10, 20),
    kind="scheduled",
    stages={"wait": 1, "prepare": 2, "infer": 30, "decode": 4},
    total_ns=37,
    published=Stamp(50, 60),
    status="ok",
    findings=Findings(boxes=((0.0, 1.0, 2.0, 3.0),), scores=(0.5,), labels=(2,)),
    model="0123456789ab",
    artefact="0123456789ab",
)


def test_a_report_survives_the_wire() -> None:
    assert decode(encode(GOOD), FrameReport) == GOOD
    check(GOOD)


def test_a_reader_ignores_what_a_newer_writer_added() -> None:
    newer = msgspec.json.encode({**msgspec.to_builtins(GOOD), "weather": "rain"})
    assert decode(newer, FrameReport) == GOOD


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (b"", "json"),
        (b"{", "json"),
        (b"\xff\xfe", "json"),
        (b"[]", "schema"),
        (b'{"session": "one"}', "schema"),
        (b" " * (MAX_BYTES + 1), "oversize"),
    ],
)
def test_what_is_no_report_is_refused_under_a_reason(payload: bytes, reason: str) -> None:
    with pytest.raises(MessageWrong) as caught:
        decode(payload, FrameReport)
    assert caught.value.reason == reason


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"total_ns": 36}, "stages"),
        ({"stages": {"wait": -1, "infer": 38}}, "stages"),
        ({"findings": None}, "findings"),
        ({"status": "failed"}, "findings"),
        ({"findings": Findings(boxes=(), scores=(0.5,), labels=(2,))}, "findings"),
        ({"findings": Findings(boxes=((0, 0, 1, 1),), scores=(math.nan,), labels=(2,))}, "findings"),
        ({"findings": Findings(boxes=((0, 0, math.inf, 1),), scores=(0.5,), labels=(2,))}, "findings"),
        ({"findings": Findings(boxes=((5, 0, 1, 1),), scores=(0.5,), labels=(2,))}, "findings"),
        ({"findings": Findings(boxes=((0, 0, 1, 1),), scores=(0.5,), labels=(-2,))}, "findings"),
        ({"findings": Findings(boxes=((0, 0, 1, 1),), scores=(0.5,), labels=(2,), tracks=())}, "findings"),
    ],
)
def test_a_report_that_contradicts_itself_is_refused(change: dict[str, Any], reason: str) -> None:
    with pytest.raises(MessageWrong) as caught:
        check(msgspec.structs.replace(GOOD, **change))
    assert caught.value.reason == reason


@given(st.lists(st.tuples(*[st.floats(0, 4096, width=32)] * 4, st.floats(0, 1, width=32)), max_size=20))
def test_findings_are_rounded_once_and_come_back_equal(rows: list[tuple[float, float, float, float, float]]) -> None:
    boxes = np.array([row[:4] for row in rows], np.float32).reshape(-1, 4)
    scores = np.array([row[4] for row in rows], np.float32)
    found = Findings.of(Detections(boxes, scores, np.zeros(len(rows), np.int64)))
    assert msgspec.json.decode(msgspec.json.encode(found), type=Findings) == found
    for box, row in zip(found.boxes, rows, strict=True):
        assert all(abs(wire - exact) <= 0.0501 for wire, exact in zip(box, row[:4], strict=True))


REPORT: dict[str, Any] = msgspec.to_builtins(GOOD)
HEALTH: dict[str, Any] = msgspec.to_builtins(
    Health(session=1, stamp=Stamp(10, 20), streams={"north": StreamCounters()}, queued=0)
)


@pytest.mark.parametrize(
    ("kind", "whole", "change", "reason"),
    [
        (Health, HEALTH, {"streams": {"north": {"captured": 2**70}}}, "range"),
        (Health, HEALTH, {"streams": {"north": {"ok": -1}}}, "range"),
        (Health, HEALTH, {"streams": {"[/bold]": {}}}, "schema"),
        (Health, HEALTH, {"streams": {"n" * 101: {}}}, "schema"),
        (Health, HEALTH, {"streams": {"north\n": {}}}, "schema"),
        (Health, HEALTH, {"streams": {f"n{n}": {} for n in range(1001)}}, "schema"),
        (Health, HEALTH, {"power_w": 1e30}, "range"),
        (FrameReport, REPORT, {"findings": {"boxes": [[0, 0, 1e308, 1]], "scores": [0.5], "labels": [0]}}, "range"),
        (
            FrameReport,
            REPORT,
            {"findings": {"boxes": [[0, 0, 1, 1]], "scores": [0.5], "labels": [0], "tracks": [2**70]}},
            "range",
        ),
        (FrameReport, REPORT, {"seq": 2**63}, "range"),
        (FrameReport, REPORT, {"stamp": {"mono_ns": 2**61, "utc_ns": 0}}, "range"),
        (FrameReport, REPORT, {"published": {"mono_ns": 0, "utc_ns": 2**70}}, "range"),
        (FrameReport, REPORT, {"stages": {"wait": 2**61}}, "range"),
        (FrameReport, REPORT, {"reason": "r" * 1001}, "schema"),
        (FrameReport, REPORT, {"session_id": "\x1b[31m"}, "schema"),
    ],
)
def test_what_can_not_be_stored_summed_or_shown_is_refused(
    kind: type[Message], whole: dict[str, Any], change: dict[str, Any], reason: str
) -> None:
    assert isinstance(decode(msgspec.json.encode(whole), kind), kind)
    with pytest.raises(MessageWrong) as caught:
        decode(msgspec.json.encode(whole | change), kind)
    assert caught.value.reason == reason


def test_every_number_and_text_of_every_message_has_bounds() -> None:
    unbounded = [
        (name, key)
        for name, schema in document()["components"]["schemas"].items()
        for key, field in schema.get("properties", {}).items()
        for kind in _plain(field)
        if not set(kind) & {"maximum", "exclusiveMaximum", "maxLength", "enum"}
    ]
    assert unbounded == []


def _plain(field: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The numbers and texts in a field's schema, in its lists and tables too."""
    if field.get("type") in ("integer", "number", "string"):
        yield field
    inner = [
        *field.get("anyOf", []),
        *field.get("prefixItems", []),
        field.get("items"),
        field.get("additionalProperties"),
    ]
    for one in inner:
        if isinstance(one, dict):
            yield from _plain(one)
