"""Frames that wait to be blurred by what is found in them: none is written before that is known."""

from collections import OrderedDict
from dataclasses import dataclass, replace
from pathlib import Path

from edge.privacy.exits import Blur
from edge.wire.findings import Findings
from edge.wire.messages import FrameReport
from sensors.frame import Encoded, Image
from sensors.mcap.writing import VIDEO_FORMATS
from sensors.pace.keeping import AnewAs, KeptFrame
from sensors.sources.pictures import PictureUnreadable, decode_content, encode

MOST_BYTES = 64_000_000
"""Of pictures that wait; beyond, the oldest is blurred all over."""
ANSWERS = 256
"""Reports that came before their frame: the camera's process is another."""


@dataclass(frozen=True, slots=True)
class _Waiting:
    frame: KeptFrame
    image: Image | None
    """Decoded already, of a camera's packets, which lean on each other."""

    @property
    def bytes(self) -> int:
        return self.frame.bytes if self.image is None else self.image.nbytes


class Unblurred:
    """Of one stream, whose frames and reports come in order. What it returns may be written."""

    def __init__(self, blur: Blur, anew: AnewAs, name: str) -> None:
        self._blur = blur
        self._anew = anew
        self._path = Path(name)
        self._waiting: OrderedDict[int, _Waiting] = OrderedDict()
        self._answers: OrderedDict[int, Findings | None] = OrderedDict()
        self._bytes = 0
        self._packets: object = None

    def frame(self, frame: KeptFrame) -> list[KeptFrame]:
        if frame.encoded is None:
            return [frame]
        try:
            image = self._packet(frame.encoded) if frame.encoded.format in VIDEO_FORMATS else None
        except PictureUnreadable as error:
            return [_without(frame, error)]
        one = _Waiting(frame, image)
        if frame.seq in self._answers:
            return [self._blurred(one, self._answers.pop(frame.seq))]
        self._waiting[frame.seq] = one
        self._bytes += one.bytes
        done = []
        while self._bytes > MOST_BYTES:
            done.append(self._blurred(self._taken(next(iter(self._waiting))), None))
        return done

    def report(self, report: FrameReport) -> list[KeptFrame]:
        """Frames before it that have none were dropped: no model saw them."""
        done = []
        for seq in list(self._waiting):
            if seq > report.seq:
                break
            done.append(self._blurred(self._taken(seq), report.findings if seq == report.seq else None))
        if not done or done[-1].seq != report.seq:
            self._answers[report.seq] = report.findings
            while len(self._answers) > ANSWERS:
                self._answers.popitem(last=False)
        return done

    def rest(self) -> list[KeptFrame]:
        """At the end: of these nobody will know any more."""
        return [self._blurred(self._taken(seq), None) for seq in list(self._waiting)]

    def _taken(self, seq: int) -> _Waiting:
        one = self._waiting.pop(seq)
        self._bytes -= one.bytes
        return one

    def _blurred(self, one: _Waiting, found: Findings | None) -> KeptFrame:
        assert one.frame.encoded is not None
        try:
            image = self._picture(one.frame.encoded) if one.image is None else one.image
        except PictureUnreadable as error:
            return _without(one.frame, error)
        return replace(one.frame, encoded=encode(self._blur(image, found), self._anew))

    def _picture(self, encoded: Encoded) -> Image:
        """As it is stored: whoever takes a picture's own bytes shows it so."""
        return decode_content(self._path, encoded.content).image

    def _packet(self, encoded: Encoded) -> Image:
        from sensors.mcap.packets import PacketDecoder

        if not isinstance(self._packets, PacketDecoder):
            self._packets = PacketDecoder()
        return self._packets.image(encoded, self._path)


def _without(frame: KeptFrame, error: PictureUnreadable) -> KeptFrame:
    """What can't be blurred isn't kept."""
    return replace(frame, encoded=None, fault=frame.fault or f"no picture of it is kept, since {error.sentence}")
