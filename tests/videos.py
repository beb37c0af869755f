"""Videos written for tests: each frame says in its picture which one it is."""

import struct
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from av.stream import Disposition

from sensors.frame import Image

WIDTH, HEIGHT = 64, 48
BITS, BLOCK = 6, 8
MATRIX = 4 + 4 + 20 + 8 + 8
"""Bytes from a track header's name to its display matrix."""


def picture(number: int, width: int = WIDTH, height: int = HEIGHT) -> Image:
    """Blocks along its lower edge tell the number in binary, and a white upper left corner which way is up."""
    image = np.full((height, width, 3), 90, np.uint8)
    image[: height // 3, : width // 3] = 255
    for bit in range(BITS):
        image[-BLOCK:, bit * BLOCK : (bit + 1) * BLOCK] = 255 if number >> bit & 1 else 0
    return image


def number_in(image: Image) -> int:
    middles = image[-BLOCK // 2, BLOCK // 2 : BITS * BLOCK : BLOCK].mean(axis=1)
    return sum(1 << bit for bit in range(BITS) if middles[bit] > 127)


def write_video(
    path: Path,
    frames: int = 30,
    *,
    codec: str = "libx264",
    pixels: str = "yuv420p",
    size: tuple[int, int] = (WIDTH, HEIGHT),
    fps: int = 30,
    at_ms: Sequence[int] = (),
    container: dict[str, str] | None = None,
    sound_s: float = 0.0,
    cover: bool = False,
    options: dict[str, str] | None = None,
) -> Path:
    """`at_ms`: the frames' own stamps; `cover`: a picture of the album as the first stream."""
    with av.open(str(path), "w", options=container or {}) as file:
        if cover:
            album: Any = file.add_stream("mjpeg", rate=1)
            album.width, album.height, album.pix_fmt, album.disposition = 200, 200, "yuvj420p", Disposition.attached_pic
        stream: Any = file.add_stream(codec, rate=fps)
        stream.width, stream.height = size
        stream.pix_fmt = pixels
        stream.options = {"crf": "4", "q": "2", "b": "2M", **(options or {})}
        sound: Any = file.add_stream("pcm_s16le", rate=8000) if sound_s else None
        if cover:
            still: Any = av.VideoFrame.from_ndarray(picture(0, 200, 200), format="bgr24")
            still.pts = 0
            file.mux([*album.encode(still), *album.encode(None)])
        for number in range(frames):
            frame: Any = av.VideoFrame.from_ndarray(picture(number, *size), format="bgr24")
            if at_ms:
                frame.pts, frame.time_base = at_ms[number], Fraction(1, 1000)
            file.mux(stream.encode(frame))
        if frames:
            file.mux(stream.encode(None))
        else:
            file.start_encoding()
        if sound is not None:
            heard: Any = av.AudioFrame.from_ndarray(np.zeros((1, int(8000 * sound_s)), np.int16), "s16", "mono")
            heard.rate = 8000
            file.mux([*sound.encode(heard), *sound.encode(None)])
    return path


def turn(path: Path, matrix: tuple[int, int, int, int]) -> None:
    """Give an MP4 a display matrix: a, b, c, d, each -1, 0 or 1."""
    content = bytearray(path.read_bytes())
    a, b, c, d = (65_536 * one for one in matrix)
    at = content.find(b"tkhd") + MATRIX
    content[at : at + 36] = struct.pack(">9i", a, b, 0, c, d, 0, 0, 0, 1 << 30)
    path.write_bytes(content)


def begin_at(path: Path, first: int) -> None:
    """Trim an MP4 of 30 frames a second without re-encoding: its edit list begins with frame `first`."""
    content = bytearray(path.read_bytes())
    at = content.find(b"elst") + 4
    assert struct.unpack(">II", content[at : at + 8]) == (0, 1)
    timescale = struct.unpack(">I", content[content.find(b"mvhd") + 16 :][:4])[0]
    media = struct.unpack(">I", content[content.find(b"mdhd") + 16 :][:4])[0]
    duration = struct.unpack(">I", content[at + 8 : at + 12])[0]
    content[at + 8 : at + 16] = struct.pack(">Ii", duration - first * timescale // 30, first * media // 30)
    path.write_bytes(content)
