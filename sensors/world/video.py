"""Writing H.264 that plain OpenCV decodes: no B-frames, one thread, so that the same pictures give the same bytes."""

from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import av

from sensors.world.textures import Picture


class VideoWriter:
    """Writes BGR pictures of one size; the file is whole only after the `with` block."""

    def __init__(self, path: Path, width: int, height: int, fps: float, quality: int) -> None:
        """`quality` is x264's constant rate factor."""
        self._file: Any = av.open(str(path), "w")
        self._stream = self._file.add_stream("libx264", rate=Fraction(fps).limit_denominator(1001))
        self._stream.width, self._stream.height, self._stream.pix_fmt = width, height, "yuv420p"
        # `slow` and a long GOP: a recording is written once and shipped; every frame still decodes in order.
        self._stream.options = {
            "crf": str(quality), "preset": "slow", "bf": "0", "g": "60", "threads": "1",
            "x264-params": "colorprim=bt709:transfer=bt709:colormatrix=bt709:fullrange=off",
        }  # fmt: skip

    def write(self, image: Picture) -> None:
        frame = av.VideoFrame.from_ndarray(image, format="bgr24")
        for packet in self._stream.encode(frame):
            self._file.mux(packet)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            for packet in self._stream.encode(None):
                self._file.mux(packet)
        self._file.close()
