from pathlib import Path

import pytest

from sensors.sources.container import is_cut_off

TS = b"G" + bytes(187)
FLV = b"FLV\x01\x05\x00\x00\x00\x09" + bytes(4) + b"\x09\x00\x00\x14" + bytes(27) + (31).to_bytes(4, "big")


def riff(length: int, content: bytes = bytes(100)) -> bytes:
    return b"RIFF" + length.to_bytes(4, "little") + content


def ebml(length: bytes, content: bytes = bytes(100)) -> bytes:
    return b"\x1a\x45\xdf\xa3\x84" + bytes(4) + b"\x18\x53\x80\x67" + length + content


def box(kind: bytes, content: bytes = bytes(20)) -> bytes:
    return (8 + len(content)).to_bytes(4, "big") + kind + content


@pytest.mark.parametrize(
    ("content", "cut"),
    [
        (riff(100), False),
        (riff(101, bytes(101)), False),  # the padding of an odd length may be missing
        (riff(102), True),
        (riff(0), False),
        (riff(0xFFFFFFFF), False),
        (riff(100) + riff(100), False),
        (riff(100) + riff(102), True),
        (riff(100) + b"RIF", False),
        (ebml(b"\xe4"), False),
        (ebml(b"\xe5"), True),
        (ebml(b"\x01\x00\x00\x00\x00\x00\x00\x64"), False),
        (ebml(b"\x01\x00\x00\x00\x00\x00\x00\x65"), True),
        (ebml(b"\x01\xff\xff\xff\xff\xff\xff\xff"), False),
        (ebml(b"\xff"), False),
        (ebml(b"\x00"), False),
        (b"\x1a\x45\xdf\xa3", False),
        (b"\x1a\x45\xdf\xa3\x84" + bytes(8), False),
        (b"RIFF", False),
        (TS * 3, False),
        (TS * 2 + TS[:77], True),
        (b"G" + bytes(300), False),  # no packets: another format
        (FLV, False),
        (FLV[:-7], True),
        (b"FLV", True),
        (box(b"ftyp") + box(b"moov") + box(b"mdat"), False),
        (box(b"ftyp") + box(b"moov") + box(b"mdat")[:-1], True),
        (box(b"ftyp") + box(b"mdat"), True),  # the index would come behind it
        (box(b"ftyp") + box(b"mdat") + box(b"moov") + b"trailing bytes", False),
        (box(b"ftyp") + box(b"mdat") + box(b"moov") + bytes(9), False),
        (box(b"ftyp") + bytes(4) + b"mdat" + bytes(99), False),  # to the end, says its length
        (box(b"ftyp") + box(b"moov") + b"\0\0\0\1mdat" + (99).to_bytes(8, "big"), True),
        (b"", False),
    ],
)
def test_a_container_that_ends_before_it_should_was_cut_off(tmp_path: Path, content: bytes, cut: bool) -> None:
    path = tmp_path / "drive"
    path.write_bytes(content)
    assert is_cut_off(path) is cut
