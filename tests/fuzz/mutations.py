"""Inputs spoilt in the ways in which people's are: cut, edited by hand, written by another tool, or made to hurt."""

import gzip
import json
import re
import tomllib
import zlib
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import tomli_w

NUMBERS: tuple[Any, ...] = (
    0, -1, 1, 2**31, 2**63, 2**64, 2**70, -(2**70), 0.0, -0.0, 0.5, 1e308, -1e308, 5e-324, float("nan"), float("inf"),
    float("-inf"), 10**400, 100000,
)  # fmt: skip
TEXTS = (
    "", " ", "\x1b[31m", "[/bold]", "\u202e", "a" * 5000, "..", "/", "../../etc/passwd", "~nobody/x", "a\nb", "nan",
    "car", "{}", "%s%n", "차량", "\U0001f697", "\x00", "-", "--help", "mqtt://u:secret@h:1/", "C:\\x\\y.jpg",
)  # fmt: skip
OTHERS: tuple[Any, ...] = (None, True, False, [], {}, [[]], {"a": {}}, [None])
WORDS = (
    b"\x00", b"\xff\xfe", b"\xef\xbb\xbf", b"\r\n", b"nan", b"-inf", b"1e999", b"99999999999999999999", b"-", b"[[",
    b"\x1b[2J", b"<!ENTITY a 'b'>", b"}", b'"', b",,", b"\xe9", b"\n\n", b"  ", b"null", b"{", b"<x>", b"\xed\xa0\x80",
)  # fmt: skip
_NUMBER = re.compile(rb"-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?")


def nasty(rng: Random) -> Any:
    """A value that a file might hold where another was meant."""
    return rng.choice(rng.choice((NUMBERS, TEXTS, OTHERS)))


def spoilt(path: Path, rng: Random) -> str:
    """Spoil the file in one way, and say which."""
    ways: list[Callable[[bytes, Random], bytes]] = [_bits, _cut, _without_a_part, _twice, _word, _number, _lines]
    content = path.read_bytes()
    if path.suffix == ".json":
        ways += [_json] * 8
    elif path.suffix in (".jsonl", ".txt", ".ini", ".xml"):
        ways += [_number, _lines, _word] * 2
    elif path.suffix == ".toml":
        ways += [_toml] * 8
    elif path.suffix == ".gz":
        ways += [_zipped] * 8
    if path.suffix == ".jsonl":
        ways += [_json_line] * 8
    if rng.random() < 0.04:
        return _no_file(path, rng)
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


def changed(tree: Any, rng: Random) -> Any:
    """`tree` with one of its nodes, at any depth, gone, given twice, renamed or of another kind."""
    places = list(_places(tree))
    if not places:
        return nasty(rng)
    holder, key = rng.choice(places)
    match rng.randrange(6):
        case 0:
            del holder[key]
        case 1 if isinstance(holder, dict):
            holder[str(nasty(rng))] = holder.pop(key)
        case 1:
            holder.insert(key, holder[key])
        case 2:
            holder[key] = [holder[key]] * rng.choice((1, 2, 100))
        case _:
            holder[key] = nasty(rng)
    return tree


def _places(tree: Any) -> Any:
    if isinstance(tree, dict | list):
        for key, value in tree.items() if isinstance(tree, dict) else enumerate(tree):
            yield tree, key
            yield from _places(value)
