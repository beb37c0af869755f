"""Pictures as cameras and tools write them: with an orientation, cut short, with something behind their end."""

import struct
import zlib
from pathlib import Path

import cv2
import numpy as np

from sensors.frame import Image


def gradient(height: int = 48, width: int = 80, shift: int = 0) -> Image:
    y, x = np.mgrid[:height, :width]
    return np.stack([x + shift, y * 2, x + y], axis=2).astype(np.uint8)


def saved(folder: Path, name: str, image: Image) -> Path:
    path = folder / name
    assert cv2.imwrite(str(path), image)
    return path


def turn(path: Path, orientation: int) -> Path:
    """Say in the file, a JPEG, PNG or WebP of `saved`, that its camera was held so (EXIF's 1 to 8)."""
    entry = struct.pack(">HHIHH", 0x0112, 3, 1, orientation, 0)
    exif = b"MM\0*" + struct.pack(">IH", 8, 1) + entry + bytes(4)
    content = path.read_bytes()
    if path.suffix == ".jpg":
        exif = b"Exif\0\0" + exif
        content = content[:2] + b"\xff\xe1" + struct.pack(">H", len(exif) + 2) + exif + content[2:]
    elif path.suffix == ".png":
        content = content[:33] + png_chunk(b"eXIf", exif) + content[33:]
    else:
        content = _extended_webp(content, exif)
    path.write_bytes(content)
    return path


def png_chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def _extended_webp(content: bytes, exif: bytes) -> bytes:
    decoded = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR)
    assert decoded is not None
    height, width, _ = decoded.shape
    size = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    body = b"WEBPVP8X" + struct.pack("<I", 10) + bytes([8, 0, 0, 0]) + size + content[12:]
    body += b"EXIF" + struct.pack("<I", len(exif)) + exif
    return bytes(b"RIFF" + struct.pack("<I", len(body)) + body)
