import math
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.wire.messages import MAX_BYTES, Findings, FrameReport, MessageWrong, check, decode, encode
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
