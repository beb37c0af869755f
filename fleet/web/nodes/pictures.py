"""A stream's newest answered frame as one message: the picture and the boxes that belong to it, never apart."""

from typing import Any

import cv2
import numpy as np

from edge.wire.live.pictures import LENGTH, packed, unpacked
from edge.wire.messages import Birth, FrameReport, MessageWrong, StreamBirth
from fleet.ledger.reader import FrameRow
from fleet.watch.fleet_row import ms
from replay.datasets.unrecognisable import unrecognisable
from replay.recording import Recording
from replay.truth import Role
from sensors.clock import NS_PER_MS
from sensors.errors import GilmokError
from sensors.terminal.foreign_text import shown
from sensors.terminal.pretty_json import compact

WIDTH = 640
QUALITY = 75


def picture_message(birth: Birth, stream: StreamBirth, row: FrameRow, recording: Recording | str) -> bytes:
    """Of an answered frame. Four bytes: how long the JSON is; the JSON; a JPEG of at most WIDTH pixels' width, or none.

    Boxes are in pixels of the recording's picture, whose size the JSON says. `unknown` says why there is no picture.
    """
    told = {**_told(birth, stream.name, row.report), "unknown": recording if isinstance(recording, str) else ""}
    number = row.report.seq
    jpeg = b""
    if not isinstance(recording, str):
        try:
            image = recording.picture(number)
        except (GilmokError, KeyError) as error:
            told["unknown"] = error.sentence if isinstance(error, GilmokError) else "the recording has no such frame"
        else:
            told |= {"width": image.shape[1], "height": image.shape[0], "truth": _truth(recording, number)}
            assert row.report.findings is not None
            found, truth = row.report.findings.detections(), recording.truth(number)
            image = unrecognisable(recording, image, truth, found, birth.model.labels)
            scale = min(1.0, WIDTH / image.shape[1])
            small = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA) if scale < 1 else image
            jpeg = cv2.imencode(".jpg", np.ascontiguousarray(small), [cv2.IMWRITE_JPEG_QUALITY, QUALITY])[1].tobytes()
    return packed(compact(told), jpeg)


def _told(birth: Birth, stream: str, report: FrameReport) -> dict[str, Any]:
    """Of an answered frame."""
    assert report.findings is not None
    found = zip(report.findings.boxes, report.findings.scores, report.findings.labels, strict=True)
    return {
        "site": birth.site,
        "node": birth.node,
        "stream": stream,
        "seq": report.seq,
        "t": report.stamp.utc_ns // NS_PER_MS,
        "total_ms": ms(report.total_ns),
        "stages_ms": {name: ms(took) for name, took in report.stages.items()},
        "found": [
            {"box": box, "score": score, "label": shown(_name(birth.model.labels, label))}
            for box, score, label in found
        ],
    }


def live_message(birth: Birth, stream: str, payload: bytes) -> bytes:
    """The same, of a picture that the node itself sent; raises MessageWrong where it is none of that session's."""
    head, jpeg = unpacked(payload)
    report = head.report
    if (report.session_id, report.stream) != (birth.session_id, stream):
        raise MessageWrong("foreign", "it is a picture of another stream or session")
    told = {**_told(birth, stream, report), "unknown": "", "width": head.width, "height": head.height, "truth": None}
    return packed(compact(told), jpeg)


def has_picture(message: bytes) -> bool:
    end: int = LENGTH.unpack_from(message)[0]
    return len(message) > LENGTH.size + end


def _truth(recording: Recording, number: int) -> list[dict[str, Any]] | None:
    """None: nobody labelled the frame."""
    truth = recording.truth(number)
    if truth is None:
        return None
    return [
        {"box": truth.boxes[row].round(2).tolist(), "label": shown(_name(recording.labels, int(truth.labels[row])))}
        for row in np.flatnonzero(truth.roles == Role.POSITIVE).tolist()
    ]


def _name(labels: Any, label: int) -> str:
    return labels[label] if 0 <= label < len(labels) else str(label)
