"""A long list in a JSON file from outside, some of its elements at a time: bounded, however long the file is.

Where an element ends is told by the brackets outside of strings, looked for in a whole block at once; what lies between
is decoded, and checked, by msgspec.
"""

import codecs
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

from sensors.outside import ContentWrong, json_of, open_bytes

T = TypeVar("T")
Depths: TypeAlias = NDArray[np.int32]

BLOCK_BYTES = 2**20
MOST_ELEMENT_BYTES = 2**26
"""A frame of a labelled video has some hundred kilobytes."""
MOST_KEY_BYTES = 256
QUOTE, BACKSLASH, COMMA, LIST = b'"\\,['
BLANK = b" \t\r\n"
_PLACE = re.compile(r"\$\[([0-9]+)\]")
IN_STRING = -1
"""As the depth of a byte in a string."""


def json_elements(path: Path, kind: type[T], key: str = "") -> Iterator[T]:
    """The elements of the list that the file is; or, where it is an object, of the list that stands there as `key`.

    NaN and Infinity are null. Raises ContentWrong.
    """
    return _elements(_blocks(path), kind, key)


def json_parts(content: bytes | memoryview, kind: type[T]) -> Iterator[T]:
    """The elements of a list of JSON that is in memory already, as `json_elements`."""
    view = memoryview(content)
    return _elements((bytes(view[at : at + BLOCK_BYTES]) for at in range(0, len(view), BLOCK_BYTES)), kind, "")


def _elements(blocks: Iterable[bytes], kind: type[T], key: str) -> Iterator[T]:
    scan, before, kept, done = _Scan(), b"", b"", 0
    within = 0
    """The depth inside of the list; 0 before it begins."""
    over, some = False, False
    for block in blocks:
        depths = scan.feed(block)
        start = 0
        if not within:
            start = _begin(before, block, depths, key)
            within = int(depths[start - 1]) if start else 0
            before = (before + block)[-MOST_KEY_BYTES:]
        if not within or over:
            continue
        closing = np.flatnonzero(depths[start:] == within - 1)
        over = bool(len(closing))
        stop = start + int(closing[0]) if over else len(block)
        commas = np.flatnonzero((_codes(block)[start:stop] == COMMA) & (depths[start:stop] == within))
        if len(commas):
            end = start + int(commas[-1])
            here = _decoded(kept + block[start:end], kind, done)
            yield from here
            done += len(here)
            kept, start, some = b"", end + 1, True
        kept += block[start:stop]
        if over and (some or kept.strip(BLANK)):
            yield from _decoded(kept, kind, done)
            kept = b""
        if len(kept) > MOST_ELEMENT_BYTES:
            raise ContentWrong(f"has an element of more than {MOST_ELEMENT_BYTES:,} bytes")
    if not within:
        raise ContentWrong(f"holds no list {key!r}" if key and scan.fed else "is no JSON list")
    if not over or scan.depth:
        raise ContentWrong("is not whole: it ends in the middle")


class _Scan:
    """How deep each byte lies in brackets, block after block."""

    def __init__(self) -> None:
        self.depth = 0
        self.fed = 0
        self._outside = 0
        """Bytes outside of all brackets, one of which is the last that closes."""
        self._inside = 0
        """1 in a string."""
        self._backslashes = 0
        """At the end of the last block."""

    def feed(self, block: bytes) -> Depths:
        """(N,) the depth behind each byte, IN_STRING for those of a string."""
        codes = _codes(block)
        quotes = codes == QUOTE
        if self._backslashes or BACKSLASH in block:
            quotes &= self._unescaped(codes)
        inside = (np.cumsum(quotes, dtype=np.int32) + self._inside) & 1
        steps = _is_one_of(codes, b"[{").astype(np.int8) - _is_one_of(codes, b"]}").astype(np.int8)
        steps[inside == 1] = 0
        depths = np.cumsum(steps, dtype=np.int32) + np.int32(self.depth)
        self.depth, self._inside = int(depths[-1]), int(inside[-1])
        self.fed += len(block)
        if self.depth < 0:
            raise ContentWrong("is not JSON: a bracket closes what was never opened")
        depths[inside == 1] = IN_STRING
        self._outside += len(bytes(codes[depths == 0]).translate(None, BLANK))
        if self._outside > 1:
            raise ContentWrong("is not JSON: something stands before its beginning or behind its end")
        return depths

    def _unescaped(self, codes: NDArray[np.uint8]) -> NDArray[np.bool_]:
        """(N,) whether an even number of backslashes stands before each byte."""
        places = np.arange(len(codes), dtype=np.int32)
        plain = np.maximum.accumulate(np.where(codes == BACKSLASH, np.int32(-1 - self._backslashes), places))
        before = np.concatenate([[np.int32(-1 - self._backslashes)], plain[:-1]])
        run = places - 1 - before
        self._backslashes = int(places[-1] - plain[-1])
        even: NDArray[np.bool_] = run % 2 == 0
        return even


def _blocks(path: Path) -> Iterator[bytes]:
    try:
        with open_bytes(path) as file:
            if not file.peek(len(codecs.BOM_UTF8)).startswith(codecs.BOM_UTF8):
                file.seek(0)
            else:
                file.seek(len(codecs.BOM_UTF8))
            while block := file.read(BLOCK_BYTES):
                yield block
    except OSError as error:
        raise ContentWrong(f"can't be read: {error.strerror or error}") from error


def _begin(before: bytes, block: bytes, depths: Depths, key: str) -> int:
    """The place behind the list's opening bracket; 0 where it doesn't open in this block."""
    opens = np.flatnonzero(_codes(block) == LIST)
    if not (before + block[: opens[0] if len(opens) else None]).strip(BLANK):
        return int(opens[0]) + 1 if len(opens) else 0
    named = re.compile(rb'"' + re.escape(key.encode()) + rb'"\s*:\s*$')
    for place in opens[depths[opens] == 2].tolist() if key else ():
        if named.search((before + block[max(0, place - MOST_KEY_BYTES) : place])[-MOST_KEY_BYTES:]):
            return int(place) + 1
    return 0


def _decoded(content: bytes, kind: type[T], done: int) -> list[T]:
    """`done`: how many elements stand before these."""
    if not content.strip(BLANK):
        raise ContentWrong("is not JSON: a comma in its list has no element beside it")
    try:
        return json_of(b"[" + content + b"]", list[kind], nan_as_null=True)  # type: ignore[valid-type]
    except ContentWrong as error:
        raise ContentWrong(_PLACE.sub(lambda found: f"$[{int(found[1]) + done}]", error.what, 1)) from error


def _codes(block: bytes) -> NDArray[np.uint8]:
    return np.frombuffer(block, np.uint8)


def _is_one_of(codes: NDArray[np.uint8], wanted: bytes) -> NDArray[np.bool_]:
    first, second = wanted
    found: NDArray[np.bool_] = (codes == first) | (codes == second)
    return found
