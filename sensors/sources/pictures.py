"""Single pictures from files. A damaged one is told, never guessed at; one that every viewer shows is read."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import cv2
import numpy as np
import simplejpeg

from sensors.clock import Clock
from sensors.errors import GilmokError
from sensors.frame import NO_IMAGE, Encoded, Frame, FrameId, Image, PictureFormat
from sensors.outside import ContentWrong, open_bytes, read_bytes
from sensors.sources.picture_header import (
    JPEG,
    JPEG_END,
    ON_ITS_SIDE,
    PNG,
    PNG_END,
    UPRIGHT,
    Header,
    HeaderDamaged,
    header_of,
    png_chunks,
    without_profile,
)

FIRST_BYTES = 65_536
ENDINGS = (".jpg", ".jpeg", ".png", ".bmp", ".webp")
"""Of the names of pictures, in any case."""
KEPT: dict[str, PictureFormat] = {".jpg": "jpeg", ".jpeg": "jpeg", ".png": "png", ".webp": "webp"}
"""Of pictures that can be kept elsewhere as they are."""
JPEG_QUALITY = 95
MOST_BYTES = 2**29
MOST_PIXELS = 2**26
"""Some 67 million: a picture of a few kilobytes may claim billions."""

HARMLESS = ("Invalid SOS parameters", "Unknown Adobe color transform")
"""What libjpeg warns of although nothing is missing."""
ODD_PROFILE = "Corrupt JPEG data: bad ICC marker"


class PictureUnreadable(GilmokError):
    def __init__(self, path: Path, why: str) -> None:
        super().__init__(f"{path} can't be read as a picture: {why}", "replace the file by a whole copy")


@dataclass(frozen=True, slots=True, eq=False)
class Decoded:
    image: Image
    """As stored."""
    header: Header
    oddity: str = ""
    """What is odd about the file although every viewer shows it: `has no end mark`."""
    encoded: Encoded | None = None
    """The file's own bytes, of a kind that is kept elsewhere as it is."""

    def shown(self, *, upright: bool) -> Image:
        """Read-only, and turned as viewers show it where `upright`."""
        image = _turned(self.image, self.header.orientation) if upright else self.image
        image.flags.writeable = False
        return image


def read_picture(path: Path) -> Image:
    """The picture in BGR as viewers show it, read-only.

    Raises PictureUnreadable where it is missing, damaged or no picture.
    """
    return decode(path).shown(upright=True)


def read_frame(path: Path, frame_id: FrameId, clock: Clock) -> Frame:
    """The picture as a frame that has arrived now; an unreadable one is a frame with a fault."""
    image, fault, encoded = NO_IMAGE, "", None
    try:
        decoded = decode(path)
        image, encoded = decoded.shown(upright=True), decoded.encoded
    except PictureUnreadable as error:
        fault = error.sentence
    return Frame(frame_id, clock.now(), "arrival", image, fault, encoded=encoded)


class PictureNotWritable(GilmokError):
    def __init__(self, path: Path) -> None:
        super().__init__(f"{path} can't be written", "name a .png or .jpg in a folder that exists and is writable")


def check_writable(path: Path) -> None:
    """Raises PictureNotWritable where its ending or its folder will not do: before a long work for it."""
    if path.suffix.lower() not in ENDINGS or path.is_dir() or not os.access(path.parent, os.W_OK):
        raise PictureNotWritable(path)


def write_picture(path: Path, image: Image) -> None:
    """In the format that the name ends in, one of ENDINGS; raises PictureNotWritable."""
    # Not by OpenCV itself: it dies of a name that is not UTF-8.
    check_writable(path)
    try:
        path.write_bytes(cv2.imencode(path.suffix.lower(), image)[1].tobytes())
    except OSError as error:
        raise PictureNotWritable(path) from error


def encode(image: Image, kind: Literal["png", "jpeg"]) -> Encoded:
    """A picture anew: as PNG with every pixel, at OpenCV's quickest level; as JPEG in a tenth of the time."""
    if kind == "png":
        return Encoded("png", cv2.imencode(".png", image, [cv2.IMWRITE_PNG_COMPRESSION, 1])[1].tobytes())
    return Encoded("jpeg", simplejpeg.encode_jpeg(image, JPEG_QUALITY, "BGR", "444"))


def read_header(path: Path) -> Header:
    """Size and orientation, from the first bytes if they suffice; raises PictureUnreadable."""
    try:
        with open_bytes(path) as file:
            header = header_of(file.read(FIRST_BYTES))
    except (ContentWrong, OSError) as error:
        raise PictureUnreadable(path, str(error)) from error
    except HeaderDamaged:
        header = None  # an embedded profile or thumbnail may push the size beyond the first bytes
    if header is not None:
        return header
    return decode(path).header


def decode(path: Path) -> Decoded:
    """Raises PictureUnreadable."""
    return decode_content(path, _content(path))


def _content(path: Path) -> bytes:
    try:
        return read_bytes(path, MOST_BYTES)
    except ContentWrong as error:
        raise PictureUnreadable(path, str(error)) from error


def decode_content(path: Path, content: bytes) -> Decoded:
    """As `decode`, of a picture's file that was already read, or that lies in another; `path` says where."""
    if not content:
        raise PictureUnreadable(path, "the file is empty")
    try:
        header = header_of(content)
    except HeaderDamaged as error:
        raise PictureUnreadable(path, str(error)) from error
    if header and header.width * header.height > MOST_PIXELS:
        raise PictureUnreadable(path, f"{header.width}x{header.height} are more than {MOST_PIXELS:,} pixels")
    if content.startswith(JPEG):
        image, oddity = _jpeg(path, content)
    else:
        content, oddity = _whole_png(path, content) if content.startswith(PNG) else (content, "")
        image = _by_opencv(path, content)
    kind = KEPT.get(path.suffix.lower())
    encoded = None if kind is None else Encoded(kind, content)
    return Decoded(image, header or Header(image.shape[1], image.shape[0]), oddity, encoded)


def _jpeg(path: Path, content: bytes) -> tuple[Image, str]:
    try:
        # strict: a truncated JPEG decodes to a picture with a grey rest unless one insists
        return simplejpeg.decode_jpeg(content, "BGR", strict=True), _after(content, JPEG_END)
    except ValueError as error:
        why = str(error)
    if why == ODD_PROFILE and (plain := without_profile(content)) != content:
        return _jpeg(path, plain)[0], "has a colour profile that nobody can read"
    if why.startswith(HARMLESS):
        return simplejpeg.decode_jpeg(content, "BGR", strict=False), f"is oddly written ({why})"
    try:
        return simplejpeg.decode_jpeg(content + JPEG_END, "BGR", strict=True), "has no end mark"
    except ValueError:
        raise PictureUnreadable(path, why) from None


def _whole_png(path: Path, content: bytes) -> tuple[bytes, str]:
    """The PNG with its end mark and nothing after it, and what was odd; raises PictureUnreadable."""
    for kind, _, end, whole in png_chunks(content):
        name = kind.decode("latin-1")
        if end > len(content):
            raise PictureUnreadable(path, "the PNG is truncated")
        if not whole and kind[:1].isupper():
            raise PictureUnreadable(path, f"its part {name} is damaged: the checksum differs")
        if kind == b"IEND":
            return content[:end], _after(content, PNG_END)
    return content + PNG_END, "has no end mark"


def _by_opencv(path: Path, content: bytes) -> Image:
    """As stored: orientation is ours to heed, for every kind of file alike."""
    flags = cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION
    try:
        image = cv2.imdecode(np.frombuffer(content, np.uint8), flags)
    except cv2.error as error:
        raise PictureUnreadable(path, str(error.err)) from error
    if image is None:
        raise PictureUnreadable(path, "it is no picture that OpenCV knows")
    return np.asarray(image, np.uint8)


def _after(content: bytes, end: bytes) -> str:
    rest = len(content) - content.rfind(end) - len(end)
    return f"has {rest} bytes after its end" if rest else ""


def _turned(image: Image, orientation: int) -> Image:
    """The stored picture as EXIF's `orientation` wants it shown."""
    if orientation == UPRIGHT:
        return image
    if orientation >= ON_ITS_SIDE:
        image = image.transpose(1, 0, 2)
    if orientation in (3, 4, 7, 8):
        image = image[::-1]
    if orientation in (2, 3, 6, 7):
        image = image[:, ::-1]
    return np.ascontiguousarray(image)
