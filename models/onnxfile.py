"""What can be told of an ONNX file without loading it: whether it is whole, and which other files hold its weights."""

from pathlib import Path
from typing import BinaryIO

from sensors.errors import GilmokError

GRAPH_FIELD = 7
"""`ModelProto.graph` in onnx.proto."""
INITIALIZER_FIELD, EXTERNAL_FIELD, KEY_FIELD, VALUE_FIELD = 5, 13, 1, 2
"""`GraphProto.initializer`, `TensorProto.external_data`, and the key and value of an entry of it."""

MAX_VARINT_BYTES = 10
MAX_BYTES = 2**31 - 1
"""Of one file of protocol buffers; weights beyond that go into external data files."""


class ModelFileBroken(GilmokError):
    def __init__(self, path: Path, why: str) -> None:
        super().__init__(f"{path} is no whole ONNX model: {why}", "fetch or export it again")


class ModelFileForeign(ModelFileBroken):
    """A whole one, which this ONNX Runtime doesn't run."""

    def __init__(self, path: Path, why: str, hint: str) -> None:
        GilmokError.__init__(self, f"{path} can't be used here: {why}", hint or "export it again")


class WeightsAbsent(ModelFileBroken):
    def __init__(self, path: Path, name: str) -> None:
        GilmokError.__init__(
            self,
            f"{path} keeps its weights in {name}, which is not beside it",
            f"put {name} there under that very name, or export the model into one file",
        )


def check_size(path: Path) -> None:
    """Raise ModelFileBroken where the file has more bytes than a protocol buffer can have."""
    if path.suffix == ".onnx" and path.is_file() and (size := path.stat().st_size) > MAX_BYTES:
        why = f"it has {size:,} bytes, and a protocol buffer ends at {MAX_BYTES:,}"
        raise ModelFileForeign(path, why, "export it with its weights in external data files")


def check(path: Path) -> None:
    """Raise ModelFileBroken where the file is cut short, is something else, or holds no graph."""
    size = path.stat().st_size
    fields = set()
    with path.open("rb") as file:
        while file.tell() < size:
            tag = _varint(file, path)
            if not tag >> 3:
                raise ModelFileBroken(path, "its records are not those of ONNX")
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


def external_files(path: Path) -> list[Path]:
    """The files beside `path` that it names and that are there."""
    return [beside for name in external_names(path) if (beside := path.parent / name).is_file()]


def check_weights(path: Path) -> None:
    """Raise WeightsAbsent where a file that holds the graph's weights is not beside it."""
    for name in external_names(path):
        if not (path.parent / name).is_file():
            raise WeightsAbsent(path, name)


def external_names(path: Path) -> list[str]:
    """Where the graph's own weights lie, as file names; empty where they are in the file or this is no ONNX.

    Raises ModelFileBroken for a place that is not beside the file.
    """
    if path.suffix != ".onnx":
        return []
    names: dict[str, None] = {}
    with path.open("rb") as file:
        whole = (0, path.stat().st_size)
        for graph in _records(file, path, whole, GRAPH_FIELD):
            for tensor in _records(file, path, graph, INITIALIZER_FIELD):
                for entry in _records(file, path, tensor, EXTERNAL_FIELD):
                    texts = [_text(file, path, entry, field) for field in (KEY_FIELD, VALUE_FIELD)]
                    if texts[0] == "location":
                        names[texts[1]] = None
    for name in names:
        if Path(name).name != name:
            raise ModelFileBroken(path, f"its weights are said to lie at {name!r}, which is not beside it")
    return list(names)


def _records(file: BinaryIO, path: Path, within: tuple[int, int], wanted: int) -> list[tuple[int, int]]:
    """First and last place of every record of that field number, by value."""
    found, (place, end) = [], within
    while place < end:
        file.seek(place)
        tag = _varint(file, path)
        length = _length(file, tag & 7, path)
        begin = file.tell()
        place = begin + length
        if tag >> 3 == wanted and tag & 7 == 2:
            found.append((begin, place))
    return found


def _text(file: BinaryIO, path: Path, within: tuple[int, int], field: int) -> str:
    for begin, end in _records(file, path, within, field):
        file.seek(begin)
        return file.read(end - begin).decode(errors="replace")
    return ""
