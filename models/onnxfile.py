"""Whether a file is a whole ONNX model, told from its outermost records alone: nothing of the graph is read."""

import os
import sys
from pathlib import Path
from typing import BinaryIO

from sensors.errors import GilmokError

GRAPH_FIELD = 7
"""`ModelProto.graph` in onnx.proto."""

MAX_VARINT_BYTES = 10


class ModelFileBroken(GilmokError):
    def __init__(self, path: Path, why: str) -> None:
        super().__init__(f"{path} is no whole ONNX model: {why}", "fetch or export it again")


def check(path: Path) -> None:
    """Raise ModelFileBroken where the file is cut short, is something else, or holds no graph."""
    size = path.stat().st_size
    fields = set()
    with path.open("rb") as file:
        while file.tell() < size:
            tag = _varint(file, path)
            fields.add(tag >> 3)
            _skip(file, tag & 7, path)
            if file.tell() > size:
                raise ModelFileBroken(path, f"it ends after {size:,} bytes in the middle of a record")
    if GRAPH_FIELD not in fields:
        raise ModelFileBroken(path, "it holds no graph")


def _varint(file: BinaryIO, path: Path) -> int:
    value = 0
    for place in range(MAX_VARINT_BYTES):
        byte = file.read(1)
        if not byte:
            raise ModelFileBroken(path, "it ends in the middle of a record")
        value |= (byte[0] & 0x7F) << (7 * place)
        if byte[0] < 0x80:
            return value
    raise ModelFileBroken(path, "its records are not those of ONNX")


def _skip(file: BinaryIO, wire_type: int, path: Path) -> None:
    """Pass over a record's value; the numbers are the wire types of protocol buffers."""
    match wire_type:
        case 0:
            _varint(file, path)
        case 1:
            file.seek(8, os.SEEK_CUR)
        case 2:
            # No file is longer than that, and no seek can go further.
            file.seek(min(_varint(file, path), sys.maxsize - file.tell()), os.SEEK_CUR)
        case 5:
            file.seek(4, os.SEEK_CUR)
        case _:
            raise ModelFileBroken(path, "its records are not those of ONNX")
