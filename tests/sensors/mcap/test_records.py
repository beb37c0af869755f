"""MCAP files read record by record: whole, cut anywhere, damaged, hostile."""

import struct
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mcap.reader import make_reader
from mcap.writer import CompressionType

from sensors.mcap.errors import McapWrong
from sensors.mcap.records import HEAD, MAGIC, MOST_RECORD, McapReader
from sensors.mcap.recover import recover
from tests.mcap_files import BEGAN, jpeg, ours, raw_file

PICTURES = [jpeg(seed) for seed in range(4)]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file of many small chunks."""

    def write(writer: object) -> None:
        schema = writer.register_schema("thing", "jsonschema", b"{}")  # type: ignore[attr-defined]
        channel = writer.register_channel("/things", "json", schema)  # type: ignore[attr-defined]
        for n in range(40):
            content = b'{"n": %d}' % n + b" " * 300
            writer.add_message(channel, BEGAN.utc_ns + n, content, BEGAN.utc_ns, n)  # type: ignore[attr-defined]

    return raw_file(tmp_path_factory.mktemp("whole") / "x.mcap", write, chunk_size=1000)


def sequences(path: Path) -> list[int]:
    return [message.sequence for message in McapReader(path).messages()]


def last_of_each_chunk(path: Path) -> list[tuple[int, int]]:
    """(end of the chunk's record, messages up to there)"""
    content = path.read_bytes()
    ends: dict[int, int] = {}
    for message in McapReader(path).messages():
        _, length = HEAD.unpack_from(content, message.place.offset)
        ends[message.place.offset + HEAD.size + length] = message.sequence + 1
    return sorted(ends.items())


@pytest.mark.parametrize("compression", list(CompressionType))
def test_what_the_makers_writer_wrote_is_read(tmp_path: Path, compression: CompressionType) -> None:
    def write(writer: object) -> None:
        channel = writer.register_channel("/a", "json", 0)  # type: ignore[attr-defined]
        for n in range(5):
            writer.add_message(channel, n, b"{}" * 50, n + 1, n)  # type: ignore[attr-defined]

    path = raw_file(tmp_path / "x.mcap", write, compression=compression, chunk_size=100)
    reader = McapReader(path)
    read = list(reader.messages())
    assert [(one.log_time_ns, one.publish_time_ns, one.sequence) for one in read] == [(n, n + 1, n) for n in range(5)]
    assert reader.damage == []
    assert [reader.at(one.place).sequence for one in reversed(read)] == [4, 3, 2, 1, 0]


def test_what_we_write_passes_the_makers_reader(tmp_path: Path) -> None:
    path = ours(tmp_path / "x.mcap", PICTURES)
    with path.open("rb") as file:
        reader = make_reader(file, validate_crcs=True)
        summary = reader.get_summary()
        topics = [channel.topic for _, channel, _ in reader.iter_messages()]
    assert summary is not None
    assert summary.statistics is not None
    assert summary.statistics.message_count == len(topics) == 3 * len(PICTURES)
    assert {schema.name for schema in summary.schemas.values()} >= {"foxglove.CompressedImage", "gilmok.Frame"}


@settings(max_examples=60, deadline=None)
@given(share=st.floats(0, 1))
def test_a_file_cut_anywhere_loses_its_last_chunk_at_most(
    whole: Path, tmp_path_factory: pytest.TempPathFactory, share: float
) -> None:
    folder = tmp_path_factory.mktemp("cut")
    cut = len(MAGIC) + int(share * (whole.stat().st_size - len(MAGIC) - 1))
    path, out = folder / "cut.mcap", folder / "out.mcap"
    path.write_bytes(whole.read_bytes()[:cut])
    kept = max([0, *(n for end, n in last_of_each_chunk(whole) if end <= cut)])
    recovered = recover(path, out)
    assert recovered.messages == kept
    assert len(recovered.damage) == 1
    assert sequences(out) == list(range(kept))
    with out.open("rb") as file:
        assert len(list(make_reader(file, validate_crcs=True).iter_messages())) == kept


def test_one_flipped_bit_costs_its_chunk_and_no_more(whole: Path, tmp_path: Path) -> None:
    ends = last_of_each_chunk(whole)
    broken = bytearray(whole.read_bytes())
    broken[ends[3][0] - 20] ^= 4
    path = tmp_path / "x.mcap"
    path.write_bytes(bytes(broken))
    reader = McapReader(path)
    read = [message.sequence for message in reader.messages()]
    assert read == [n for n in range(40) if not ends[2][1] <= n < ends[3][1]]
    assert len(reader.damage) == 1


def record(kind: int, content: bytes, claimed: int | None = None) -> bytes:
    return HEAD.pack(kind, len(content) if claimed is None else claimed) + content


def chunk(packed: bytes, *, size: int, compression: bytes) -> bytes:
    head = struct.pack("<QQQII", 0, 0, size, 0, len(compression)) + compression
    return record(0x06, head + struct.pack("<Q", len(packed)) + packed)


def hostile() -> dict[str, bytes]:
    import lz4.frame
    import zstandard

    bomb = bytes(MOST_RECORD + 1)
    return {
        "a record without end": record(0x06, b"", claimed=2**63),
        "a skipped record without end": record(0x09, b"", claimed=2**64 - 1),
        "a chunk that claims too much": chunk(b"", size=2**62, compression=b""),
        "a zstd bomb": chunk(zstandard.compress(bomb), size=10, compression=b"zstd"),
        "an lz4 bomb": chunk(lz4.frame.compress(bomb), size=10, compression=b"lz4"),
        "an unknown compression": chunk(b"x", size=1, compression=b"brotli"),
        "garbage in a chunk": chunk(bytes(range(256)), size=256, compression=b""),
        "zeros in a chunk": chunk(bytes(90), size=90, compression=b""),
        "a message of no channel": record(0x05, bytes(30)),
        "a channel of no schema": record(0x04, struct.pack("<HHI", 1, 7, 0) + bytes(12)),
        "text that is none": record(0x03, struct.pack("<HI", 1, 4) + b"\xff\xfe\xfd\xfc" + bytes(8)),
        "an empty record": record(0x06, b""),
    }


@pytest.mark.parametrize("what", list(hostile()))
def test_hostile_records_are_told_and_hold_nothing(tmp_path: Path, what: str) -> None:
    path = tmp_path / "x.mcap"
    path.write_bytes(MAGIC + hostile()[what])
    reader = McapReader(path)
    assert list(reader.messages()) == []
    assert reader.damage != []


@pytest.mark.parametrize("content", [b"", b"\x89MCAP", b"PK\x03\x04" + bytes(100)])
def test_what_is_no_mcap_file_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "x.mcap"
    path.write_bytes(content)
    with pytest.raises(McapWrong, match="no MCAP file"):
        McapReader(path)
