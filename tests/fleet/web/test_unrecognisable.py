"""A hub shows no faces and plates of a recording that is somebody's own."""

import struct
from pathlib import Path

import cv2
import numpy as np
import pytest

pytest.importorskip("mcap", reason="needs mcap: pip install 'gilmok[record]'")

from edge.wire.findings import Findings
from fleet.ledger.reader import FrameRow
from fleet.web.nodes.pictures import picture_message
from replay.recording import open_dataset
from sensors.frame import Encoded, Image
from sensors.mcap.writing import FrameFacts, McapWriter
from tests.fakes import ManualClock
from tests.speaker import Speaker

STRIPES: Image = np.zeros((240, 320, 3), np.uint8)
STRIPES[:, ::2] = 255


def test_the_picture_of_an_mcap_recording_is_blurred_where_the_model_found_something(tmp_path: Path) -> None:
    clock = ManualClock()
    with (tmp_path / "street.mcap").open("wb") as file:
        writer, at = McapWriter(file), clock.now()
        writer.picture("camera", Encoded("png", cv2.imencode(".png", STRIPES)[1].tobytes()), at, 3)
        writer.facts("camera", FrameFacts(seq=3, stamp=at, kind="arrival"))
        writer.finish()
    speaker = Speaker(clock)
    found = Findings(boxes=((100, 100, 180, 160),), scores=(0.9,), labels=(0,))
    row = FrameRow(speaker.report(3, findings=found), clock.now(), None)
    message = picture_message(
        speaker.birth, speaker.birth.streams[0], row, open_dataset("mcap", tmp_path).open("street")
    )
    jpeg = message[4 + struct.unpack_from(">I", message)[0] :]
    shown = np.asarray(cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR))
    assert shown[110:150, 110:170].std() < 10
    assert shown[10:80, 10:90].std() > 80
