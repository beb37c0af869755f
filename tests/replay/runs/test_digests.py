"""Digests of years are held against each other: what they are of never changes."""

import hashlib

from edge.wire.messages import Findings, FrameReport
from replay.runs.digests import findings_digest
from sensors.clock import Stamp

AT = Stamp(1, 2)


def report(seq: int, findings: Findings | None) -> FrameReport:
    return FrameReport(
        session=0, n=seq, stream="replay", seq=seq, stamp=AT, kind="arrival", stages={}, total_ns=0, published=AT,
        status="ok" if findings else "failed", findings=findings, model="a" * 12, artefact="b" * 12,
    )  # fmt: skip


def test_a_digest_is_of_number_status_boxes_scores_labels_and_tracks_and_of_nothing_that_came_later() -> None:
    box = ((1.0, 2.0, 3.5, 4.25),)
    plain = Findings(boxes=box, scores=(0.5,), labels=(2,))
    placed = Findings(boxes=box, scores=(0.5,), labels=(2,), ground=((1.0, 2.0, 0.1, 0.1, 0.0),))
    told = b'[7,"ok"]{"boxes":[[1.0,2.0,3.5,4.25]],"scores":[0.5],"labels":[2],"tracks":null}[8,"failed"]'
    assert findings_digest([report(7, plain), report(8, None)]) == hashlib.sha256(told).hexdigest()
    assert findings_digest([report(7, placed), report(8, None)]) == hashlib.sha256(told).hexdigest()
