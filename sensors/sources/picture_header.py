"""What a picture's own bytes tell without decoding it: its kind, its size, and how a camera was held (EXIF).

PNG: https://www.w3.org/TR/png-3, WebP: RFC 9649, EXIF: CIPA DC-008, section 4.6.
"""

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

import simplejpeg

JPEG, PNG, BMP, RIFF = b"\xff\xd8", b"\x89PNG\r\n\x1a\n", b"BM", b"RIFF"
JPEG_END = b"\xff\xd9"
PNG_END = b"\0\0\0\0IEND\xaeB`\x82"

UPRIGHT = 1
"""The orientation of a picture that is to be shown as it is stored; 2 to 8 turn or mirror it."""
ON_ITS_SIDE = 5
"""From this orientation on, width and height change places."""

_ORIENTATION_TAG, _SHORT = 0x0112, 3
_APP1, _APP2, _SCAN = 0xE1, 0xE2, 0xDA
_WITHOUT_LENGTH = (0x01, *range(0xD0, 0xD9))


class HeaderDamaged(Exception):
    """A sentence says how."""


@dataclass(frozen=True, slots=True)
class Header:
    width: int
    """Pixels, as stored."""
    height: int
    orientation: int = UPRIGHT
    """EXIF's, 1 to 8."""

    @property
    def stored(self) -> tuple[int, int]:
        return self.width, self.height

    @property
    def upright(self) -> tuple[int, int]:
        """Width and height as viewers show it."""
        return self.stored[::-1] if self.orientation >= ON_ITS_SIDE else self.stored


def header_of(content: bytes) -> Header | None:
    """Of a whole picture, or of its first bytes; None for a kind that isn't known here. Raises HeaderDamaged."""
    try:
        if content.startswith(JPEG):
            # Not strict: what libjpeg merely warns of, an odd colour profile for one, leaves the size as it is.
            height, width, *_ = simplejpeg.decode_jpeg_header(content, strict=False)
            return Header(width, height, _jpeg_orientation(content))
        if content.startswith(PNG):
            width, height = struct.unpack_from(">II", content, 16)
            return Header(width, height, _png_orientation(content))
        if content.startswith(BMP):
            width, height = struct.unpack_from("<ii", content, 18)
            return Header(abs(width), abs(height))
        if content.startswith(RIFF) and content[8:12] == b"WEBP":
            return Header(*_webp_size(content), _webp_orientation(content))
    except (ValueError, struct.error) as error:
        raise HeaderDamaged(f"its header is damaged: {error}") from error
    except KeyError as error:  # of a JPEG that ends before it says what its colours are
        raise HeaderDamaged("its header is damaged: it is cut off") from error
    return None


def png_chunks(content: bytes) -> Iterator[tuple[bytes, int, int, bool]]:
    """(type, start, end, whole): where each chunk lies, and whether its checksum agrees; the last may be cut short."""
    start = len(PNG)
    while start + 8 <= len(content):
        length, kind = struct.unpack_from(">I4s", content, start)
        end = start + 12 + length
        # The checksum covers the type and what follows it.
        whole = end <= len(content) and zlib.crc32(content[start + 4 : end - 4]) == struct.unpack_from(
            ">I", content, end - 4
        )[0]  # fmt: skip
        yield kind, start, end, whole
        start = end


def without_profile(content: bytes) -> bytes:
    """A JPEG without its colour profile, which is not looked at here."""
    kept, copied = bytearray(), 0
    for marker, start, end in _jpeg_segments(content):
        if marker == _APP2 and content[start + 4 : end].startswith(b"ICC_PROFILE\0"):
            kept += content[copied:start]
            copied = end
    return bytes(kept + content[copied:])


def _jpeg_segments(content: bytes) -> Iterator[tuple[int, int, int]]:
    """(marker, start, end) of each segment before the picture's own data; the last may be cut short."""
    at = len(JPEG)
    while at + 4 <= len(content) and content[at] == 0xFF:
        marker = content[at + 1]
        if marker == 0xFF or marker in _WITHOUT_LENGTH:
            at += 1 if marker == 0xFF else 2
            continue
        if marker == _SCAN:
            return
        (length,) = struct.unpack_from(">H", content, at + 2)
        yield marker, at, at + 2 + length
        at += 2 + length


def _jpeg_orientation(content: bytes) -> int:
    for marker, start, end in _jpeg_segments(content):
        if marker == _APP1 and content[start + 4 : start + 10] == b"Exif\0\0":
            return _exif_orientation(content[start + 10 : end])
    return UPRIGHT


def _png_orientation(content: bytes) -> int:
    for kind, start, end, whole in png_chunks(content):
        if kind == b"eXIf" and whole:
            return _exif_orientation(content[start + 8 : end - 4])
        if kind == b"IDAT" and end > len(content):
            break
    return UPRIGHT


def _webp_orientation(content: bytes) -> int:
    at = 12
    while at + 8 <= len(content):
        kind, length = struct.unpack_from("<4sI", content, at)
        if kind == b"EXIF":
            return _exif_orientation(content[at + 8 : at + 8 + length].removeprefix(b"Exif\0\0"))
        at += 8 + length + length % 2
    return UPRIGHT


def _webp_size(content: bytes) -> tuple[int, int]:
    kind = content[12:16]
    if kind == b"VP8X":
        wide, high = (int.from_bytes(content[at : at + 3], "little") for at in (24, 27))
        return wide + 1, high + 1
    if kind == b"VP8L":
        (bits,) = struct.unpack_from("<I", content, 21)
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    wide, high = struct.unpack_from("<HH", content, 26)
    return wide & 0x3FFF, high & 0x3FFF


def _exif_orientation(tiff: bytes) -> int:
    """From the first directory of a TIFF; UPRIGHT where it has none, or none that makes sense."""
    order = {b"II": "<", b"MM": ">"}.get(tiff[:2])
    try:
        if order is None:
            return UPRIGHT
        (directory,) = struct.unpack_from(f"{order}I", tiff, 4)
        (entries,) = struct.unpack_from(f"{order}H", tiff, directory)
        for entry in range(entries):
            tag, kind, _, value = struct.unpack_from(f"{order}HHIH", tiff, directory + 2 + 12 * entry)
            if (tag, kind) == (_ORIENTATION_TAG, _SHORT):
                return value if 1 <= value <= 8 else UPRIGHT
    except struct.error:
        pass
    return UPRIGHT
