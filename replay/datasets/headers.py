"""What a picture's first and last bytes tell, without decoding it."""

import struct
from pathlib import Path

import simplejpeg

from sensors.files import JPEG_START, PNG_END, PNG_START, PictureUnreadable, read_picture

FIRST_BYTES = 65_536
LAST_BYTES = 4_096
JPEG_END = b"\xff\xd9"


def picture_size(path: Path) -> tuple[int, int]:
    """Width and height in pixels; raises PictureUnreadable, also where a JPEG or PNG ends too early."""
    try:
        with path.open("rb") as file:
            first = file.read(FIRST_BYTES)
            file.seek(max(0, path.stat().st_size - LAST_BYTES))
            last = file.read()
    except OSError as error:
        raise PictureUnreadable(path, error.strerror or str(error)) from error
    if first.startswith(JPEG_START):
        # Some cameras append to the last marker, so it is looked for rather than compared.
        return _ended(path, _jpeg_size(path, first), JPEG_END in last)
    if first.startswith(PNG_START) and len(first) >= 24:
        width, height = struct.unpack(">II", first[16:24])
        return _ended(path, (width, height), PNG_END in last)
    image = read_picture(path)
    return image.shape[1], image.shape[0]


def _jpeg_size(path: Path, first: bytes) -> tuple[int, int]:
    try:
        height, width, *_ = simplejpeg.decode_jpeg_header(first)
    except ValueError:
        try:
            # An embedded profile or thumbnail may push the size beyond the first bytes.
            height, width, *_ = simplejpeg.decode_jpeg_header(path.read_bytes())
        except ValueError as error:
            raise PictureUnreadable(path, f"its header is damaged: {error}") from error
    return width, height


def _ended(path: Path, size: tuple[int, int], ended: bool) -> tuple[int, int]:
    if not ended:
        raise PictureUnreadable(path, "the file ends before the picture does")
    return size
