"""A camera's packets decoded one by one: each key frame begins anew, and a picture belongs to the packet it came in."""

from pathlib import Path
from typing import Any

import av
from av.video.reformatter import VideoReformatter

from sensors.frame import Encoded, Image
from sensors.sources.decoding import ERRORS, image_of
from sensors.sources.pictures import MOST_PIXELS, PictureUnreadable

CODECS = {"h264": "h264", "h265": "hevc"}


class PacketDecoder:
    """Of one stream, in the order of its packets."""

    def __init__(self) -> None:
        self._codec = ""
        self._reformatter = VideoReformatter()

    def image(self, encoded: Encoded, path: Path) -> Image:
        """The packet's picture; `path`: where it lies, for whoever reads an error.

        Raises PictureUnreadable: of a damaged one, and of those before the first key frame.
        """
        if encoded.format != self._codec:
            self._codec, self._begun = encoded.format, False
            self._context: Any = av.CodecContext.create(CODECS[encoded.format], "r")
            # What comes in goes out: neither threads nor an order of showing keep a picture back.
            self._context.thread_count = 1
            self._context.flags |= av.codec.context.Flags.low_delay
        try:
            shown = self._context.decode(av.Packet(encoded.content))
            if len(shown) != 1:
                raise PictureUnreadable(path, "its packet has no picture of its own")
            # Without a key frame the decoder makes a picture up.
            self._begun = self._begun or shown[0].key_frame
            if not self._begun:
                raise PictureUnreadable(path, "the key frame that it leans on is missing")
            if shown[0].width * shown[0].height > MOST_PIXELS:
                raise PictureUnreadable(path, f"it has more than {MOST_PIXELS:,} pixels")
            if shown[0].is_corrupt:
                raise PictureUnreadable(path, "a frame is damaged")
            return image_of(shown[0], self._reformatter)
        except ERRORS as error:
            raise PictureUnreadable(path, str(getattr(error, "strerror", None) or error)) from error
