"""Whether a file was cut off, by what its outermost box says of its length; FFmpeg reads on without a word."""

from pathlib import Path
from typing import BinaryIO

EBML, SEGMENT = b"\x1a\x45\xdf\xa3", b"\x18\x53\x80\x67"
BOXES = (b"ftyp", b"moov", b"mdat", b"free", b"skip", b"wide", b"pnot")
"""With which an MP4 or a QuickTime file may begin."""
LATER_BOXES = (b"moof", b"mfra", b"sidx", b"styp", b"uuid", b"meta", b"udta")
LONG, TO_THE_END = 1, 0
"""Lengths of such a box: in the next eight bytes; whatever there is."""
TS_SYNC, TS_BYTES = b"G", 188
UNKNOWN_LENGTHS = (0, 0xFFFFFFFF)
"""What a writer leaves that could not go back to the beginning."""


def is_cut_off(path: Path) -> bool:
    """True of RIFF (AVI), EBML (Matroska, WebM) and boxes (MP4, QuickTime) that end before they should, and of MPEG-TS
    and FLV that end within a packet; False where nothing tells.
    """
    with path.open("rb") as file:
        start, kind = file.read(4), file.read(4)
        file.seek(0)
        if start == b"RIFF":
            promised = _riff_end(file)
        elif start == EBML:
            promised = _ebml_end(file)
        elif kind in BOXES:
            promised = _boxes_end(file, path.stat().st_size)
        elif start[:1] == TS_SYNC and file.read(TS_BYTES + 1)[-1:] == TS_SYNC:
            return path.stat().st_size % TS_BYTES != 0
        elif start[:3] == b"FLV":
            return not _ends_with_a_tag(file, path.stat().st_size)
        else:
            return False
        return promised is not None and promised > path.stat().st_size


def _boxes_end(file: BinaryIO, size: int) -> int | None:
    """Of the last box that begins in the file, and beyond it where the index is none of them; None where what is there
    is no box: trailing bytes, that every player passes over.
    """
    end, kinds = 0, set()
    while end < size:
        file.seek(end)
        head = file.read(16)
        length, kind = int.from_bytes(head[:4], "big"), head[4:8]
        if length == TO_THE_END or kind not in (*BOXES, *LATER_BOXES):
            return None
        kinds.add(kind)
        if length == LONG:
            length = int.from_bytes(head[8:], "big") if len(head) == 16 else 16
        end += max(length, 8)
    return end if b"moov" in kinds else end + 1


def _ends_with_a_tag(file: BinaryIO, size: int) -> bool:
    """Whether its last four bytes say how long the FLV tag before them is."""
    file.seek(max(0, size - 4))
    length = int.from_bytes(file.read(4), "big")
    file.seek(max(0, size - 4 - length))
    return 11 <= length <= size and int.from_bytes(file.read(4)[1:], "big") == length - 11


def _riff_end(file: BinaryIO) -> int | None:
    """Of the last chunk; a file of more than a gigabyte has several of them, one after another."""
    end = 0
    while (head := file.read(8))[:4] == b"RIFF" and len(head) == 8:
        length = int.from_bytes(head[4:], "little")
        if length in UNKNOWN_LENGTHS:
            return None
        end += 8 + length + length % 2
        file.seek(end)
    # The padding of an odd last chunk is often left out.
    return end - 1


def _ebml_end(file: BinaryIO) -> int | None:
    """Of the segment; None where it was written without a length, as live streams are."""
    file.seek(len(EBML))
    length = _ebml_length(file)
    if length is None:
        return None
    file.seek(length, 1)
    if file.read(4) != SEGMENT:
        return None
    length = _ebml_length(file)
    return None if length is None else file.tell() + length


def _ebml_length(file: BinaryIO) -> int | None:
    """A number whose first bits tell how many bytes it has; all ones stand for unknown."""
    first = file.read(1)
    if not first or not first[0]:
        return None
    more = 8 - first[0].bit_length()
    rest = file.read(more)
    value = int.from_bytes(first + rest, "big") - (1 << (7 * (more + 1)))
    return None if len(rest) < more or value == (1 << (7 * (more + 1))) - 1 else value
