"""Inputs spoilt in the ways in which people's are: cut, edited by hand, written by another tool, or made to hurt."""

import gzip
import json
import re
import tomllib
import zlib
from collections.abc import Callable
from pathlib import Path
from random import Random

import tomli_w

from tests.fuzz import deep_mutations
from tests.fuzz.values import NUMBERS, TEXTS, changed

WORDS = (
    b"\x00", b"\xff\xfe", b"\xef\xbb\xbf", b"\r\n", b"nan", b"-inf", b"1e999", b"99999999999999999999", b"-", b"[[",
    b"\x1b[2J", b"<!ENTITY a 'b'>", b"}", b'"', b",,", b"\xe9", b"\n\n", b"  ", b"null", b"{", b"<x>", b"\xed\xa0\x80",
)  # fmt: skip
DEEP: dict[str, Callable[[Path, Random], str]] = {
    ".sqlite": deep_mutations.ledger,
    ".onnx": deep_mutations.network,
}
_NUMBER = re.compile(rb"-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?")


def spoilt(path: Path, rng: Random) -> str:
    """Spoil the file in one way, and say which."""
    ways: list[Callable[[bytes, Random], bytes]] = [_bits, _cut, _without_a_part, _twice, _word, _number, _lines]
    content = path.read_bytes()
    if path.suffix == ".json":
        ways += [_json] * 8
    elif path.suffix in (".jsonl", ".txt", ".ini", ".xml", ".yaml"):
        ways += [_number, _lines, _word] * 2
    elif path.suffix == ".toml":
        ways += [_toml] * 8
    elif path.suffix == ".tsv":
        ways += [_message] * 8
    elif path.suffix == ".gz":
        ways += [_zipped] * 8
    if path.suffix == ".jsonl":
        ways += [_json_line] * 8
    if rng.random() < 0.04:
        return _no_file(path, rng)
    if rng.random() < 0.8 and path.suffix in DEEP and (done := DEEP[path.suffix](path, rng)):
        return done
    way = rng.choice(ways)
    path.write_bytes(way(content, rng))
    return f"{path.name}: {way.__name__.strip('_')}"


def _no_file(path: Path, rng: Random) -> str:
    path.unlink()
    match rng.randrange(4):
        case 0:
            return f"{path.name}: gone"
        case 1:
            path.mkdir()
            return f"{path.name}: a folder"
        case 2:
            path.touch()
            return f"{path.name}: empty"
        case _:
            path.symlink_to(path.name)
            return f"{path.name}: a link to itself"


def _bits(content: bytes, rng: Random) -> bytes:
    raw = bytearray(content)
    for _ in range(rng.choice((1, 1, 3, 30)) if raw else 0):
        raw[rng.randrange(len(raw))] ^= 1 << rng.randrange(8)
    return bytes(raw)


def _cut(content: bytes, rng: Random) -> bytes:
    return content[: rng.randrange(len(content) + 1)]


def _part(content: bytes, rng: Random) -> tuple[int, int]:
    begin = rng.randrange(len(content) + 1)
    return begin, min(len(content), begin + rng.choice((1, 4, 40, 400)))


def _without_a_part(content: bytes, rng: Random) -> bytes:
    begin, end = _part(content, rng)
    return content[:begin] + content[end:]


def _twice(content: bytes, rng: Random) -> bytes:
    begin, end = _part(content, rng)
    return content[:end] + content[begin:]


def _word(content: bytes, rng: Random) -> bytes:
    at = rng.randrange(len(content) + 1)
    return content[:at] + rng.choice(WORDS) * rng.choice((1, 1, 1, 200)) + content[at:]


def _number(content: bytes, rng: Random) -> bytes:
    found = list(_NUMBER.finditer(content[:200_000]))
    if not found:
        return _word(content, rng)
    one = rng.choice(found)
    return content[: one.start()] + str(rng.choice(NUMBERS[:-2])).encode() + content[one.end() :]


def _lines(content: bytes, rng: Random) -> bytes:
    lines = content.splitlines(keepends=True) or [b""]
    at, other = rng.randrange(len(lines)), rng.randrange(len(lines))
    match rng.randrange(4):
        case 0:
            del lines[at]
        case 1:
            lines[at], lines[other] = lines[other], lines[at]
        case 2:
            lines.insert(at, lines[other])
        case _:
            lines.insert(at, rng.choice(WORDS) + b"\n")
    return b"".join(lines)


def _json(content: bytes, rng: Random) -> bytes:
    try:
        tree = json.loads(content)
    except (ValueError, RecursionError):
        return _bits(content, rng)
    if rng.random() < 0.02:
        return b"[" * 100_000
    return json.dumps(changed(tree, rng), ensure_ascii=rng.random() < 0.5).encode(errors="replace")


def _json_line(content: bytes, rng: Random) -> bytes:
    lines = content.splitlines(keepends=True)
    if not lines:
        return content
    at = rng.randrange(len(lines))
    lines[at] = _json(lines[at], rng) + b"\n"
    return b"".join(lines)


def _message(content: bytes, rng: Random) -> bytes:
    """A topic, and what was said there."""
    lines = content.splitlines(keepends=True) or [b""]
    at = rng.randrange(len(lines))
    topic, _, payload = lines[at].partition(b"\t")
    if rng.random() < 0.1:
        topic = rng.choice(TEXTS).encode(errors="replace") if rng.random() < 0.5 else _word(topic, rng)
    else:
        payload = _json(payload, rng)
    lines[at] = topic + b"\t" + payload.replace(b"\n", b" ") + b"\n"
    return b"".join(lines)


def _zipped(content: bytes, rng: Random) -> bytes:
    try:
        return gzip.compress(_json_line(gzip.decompress(content), rng), mtime=0)
    except (OSError, EOFError, zlib.error):  # spoilt before
        return _bits(content, rng)


def _toml(content: bytes, rng: Random) -> bytes:
    try:
        return tomli_w.dumps(changed(tomllib.loads(content.decode()), rng)).encode()
    except (ValueError, TypeError):
        return _lines(content, rng)
