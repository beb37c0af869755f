"""Whether a file is a whole ONNX model, told from its outermost records alone: nothing of the graph is read."""

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
            end = _length(file, tag & 7, path) + file.tell()
            if end > size:
                raise ModelFileBroken(path, f"it ends after {size:,} bytes in the middle of a record")
            file.seek(end)
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


def _length(file: BinaryIO, wire_type: int, path: Path) -> int:
    """How many bytes of a record's value follow; the numbers are the wire types of protocol buffers."""
    match wire_type:
        case 0:
            _varint(file, path)
            return 0
        case 1:
            return 8
        case 2:
            return _varint(file, path)
        case 5:
            return 4
        case _:
            raise ModelFileBroken(path, "its records are not those of ONNX")
