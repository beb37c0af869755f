"""The one door for bytes from outside: files are read up to a bound, and what isn't text, JSON, YAML or TOML is
one error.

Every reader of a foreign file or message comes through here, so that a byte order mark, nesting without end or a
file without end can't get past any of them. The reader itself says whose file it is and what to do about it.
"""

import codecs
import io
import itertools
import os
import re
import stat
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeVar

import msgspec

T = TypeVar("T")

MOST_BYTES = 2**31
"""Of a file that is read whole: COCO's largest has .5e9."""
MOST_LINE = 2**20
"""Characters: no line of a label file comes near."""

MOST_SMALL_BYTES = 2**20
"""Of what is a page at most: a key, a certificate, a password, an index of a folder."""
MOST_LOOSE_BYTES = 2**25
"""Of JSON whose kind isn't known before: read, it may take twenty times as much."""

MOST_NAN = 1_000_000

MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
"""Byte order marks: some Windows programs begin every text with one."""

# A string is matched to be left alone.
_NOT_JSON = re.compile(rb'"(?:[^"\\]|\\.)*"|-?Infinity|NaN', re.DOTALL)


# Python's own reader takes time and memory by the square of a dotted key's parts.
_LONG_KEY = re.compile(r"""(?<![\w-])(?:(?:[\w-]+|"[^"\n]*"|'[^'\n]*')[ \t]*\.[ \t]*){100}""")
_PYTHONS_TAG = re.compile(r"!!python/|!<?tag:yaml\.org,2002:python/")


class ContentWrong(Exception):
    """Bytes from outside are not what they should be. Readers turn it into an error of their own, with the file's name.

    `line` counts from 1; 0 where the fault has no line of its own.
    """

    def __init__(self, what: str, line: int = 0) -> None:
        super().__init__(what)
        self.what = what
        self.line = line


def read_bytes(path: Path, most: int = MOST_BYTES) -> bytes:
    """The whole file; raises ContentWrong where it can't be read, is no file, or has more than `most` bytes."""
    with open_bytes(path) as file:
        size = os.fstat(file.fileno()).st_size
        if size > most:
            raise ContentWrong(f"has {size:,} bytes: more than {most:,} are not read")
        try:
            return file.read(size)
        except (OSError, MemoryError) as error:
            raise ContentWrong(_unreadable(error)) from error


def read_small(path: Path, most: int = MOST_SMALL_BYTES) -> bytes:
    """A key, a certificate or a password, which a shell may hand over as a pipe; raises OSError."""
    with path.open("rb") as file:
        content = file.read(most + 1)
    if len(content) > most:
        raise OSError(f"it has more than {most:,} bytes")
    return content


def open_bytes(path: Path) -> io.BufferedReader:
    """Open for reading; raises ContentWrong. A pipe or a device is refused: it may never end."""
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise ContentWrong("can't be read: it is no file")
        return path.open("rb")
    except (OSError, ValueError) as error:
        raise ContentWrong(_unreadable(error)) from error


def text_of(content: bytes) -> str:
    """UTF-8, or UTF-16 with its mark, without the mark; raises ContentWrong."""
    try:
        return unmarked(content).decode()
    except UnicodeDecodeError as error:
        raise ContentWrong("is not text in UTF-8") from error


def text_lines(path: Path, most: int = MOST_LINE) -> Iterator[tuple[int, str]]:
    """Each line with its number, from 1, and without its end; no more than one is held.

    Raises ContentWrong, also where a line has more than `most` characters.
    """
    with open_bytes(path) as file:
        mark, encoding = next((one for one in MARKS if file.peek(4).startswith(one[0])), (b"", "utf-8"))
        file.seek(len(mark))
        with io.TextIOWrapper(file, encoding) as text:
            try:
                for number in itertools.count(1):
                    line = text.readline(most + 1)
                    if not line:
                        return
                    content = line.rstrip("\n")
                    if len(content) > most:
                        raise ContentWrong(f"is longer than {most:,} characters", number)
                    yield number, content
            except UnicodeDecodeError as error:
                raise ContentWrong("is not text in UTF-8") from error
            except OSError as error:
                raise ContentWrong(_unreadable(error)) from error


def json_of(content: bytes, kind: type[T], *, nan_as_null: bool = False) -> T:
    """JSON as a `kind`; raises ContentWrong.

    `nan_as_null`: read NaN and Infinity, which are no JSON although Python's own module writes them, as null.
    """
    content = unmarked(content)
    try:
        return _json(content, kind)
    except ContentWrong:
        if not nan_as_null or (b"NaN" not in content and b"Infinity" not in content):
            raise
    return _json(_with_null(content), kind)


def toml_of(content: bytes) -> dict[str, Any]:
    """TOML as a table; raises ContentWrong."""
    text = text_of(content)
    if long := _LONG_KEY.search(text):
        raise ContentWrong("is nested too deep", text.count("\n", 0, long.start()) + 1)
    try:
        return tomllib.loads(text)
    except ValueError as error:  # also of a number of too many digits
        raise ContentWrong(f"is not TOML: {error}") from error
    except RecursionError:
        raise ContentWrong("is nested too deep") from None


def yaml_of(content: bytes, kind: type[T]) -> T:
    """YAML as a `kind` of texts, lists and tables: `no` and `1e3` stay the texts that they are. Raises ContentWrong."""
    import yaml  # a tenth of a second, for one kind of file

    text = text_of(content)
    if tag := _PYTHONS_TAG.search(text):
        raise ContentWrong("has a tag of Python's own, which nobody follows here", text.count("\n", 0, tag.start()) + 1)
    try:
        # Written in Python, this reader has a bound of nesting; libyaml has none.
        return msgspec.convert(yaml.load(text, Loader=yaml.BaseLoader), kind)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        raise ContentWrong(f"is not YAML: {error.problem}", mark.line + 1 if mark else 0) from error
    except (yaml.YAMLError, ValueError) as error:  # what msgspec raises is one, too
        raise ContentWrong(f"is not as it should be: {str(error).splitlines()[0]}".replace("`", "'")) from error
    except RecursionError:
        raise ContentWrong("is nested too deep") from None


def _json(content: bytes, kind: type[T]) -> T:
    try:
        return msgspec.json.decode(content, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ContentWrong(str(error).replace("`", "'")) from error
    except RecursionError:
        raise ContentWrong("is nested too deep") from None


def _with_null(content: bytes) -> bytes:
    """NaN and Infinity as null, but in strings; raises ContentWrong for more of them than a tool would write."""
    if content.count(b"NaN") + content.count(b"Infinity") > MOST_NAN:
        raise ContentWrong(f"holds NaN or Infinity, which are no JSON, in more than {MOST_NAN:,} places")
    written, copied = bytearray(), 0
    for found in _NOT_JSON.finditer(content):
        if not found[0].startswith(b'"'):
            written += content[copied : found.start()] + b"null"
            copied = found.end()
    written += content[copied:]
    return bytes(written)


def unmarked(content: bytes) -> bytes:
    """`content`, if it has a byte order mark, in UTF-8, without its mark; raises ContentWrong."""
    for mark, encoding in MARKS:
        if content.startswith(mark):
            if encoding == "utf-8":
                return content[len(mark) :]
            try:
                return content[len(mark) :].decode(encoding).encode()
            except UnicodeError as error:
                raise ContentWrong("is not text, although it has a byte order mark") from error
    return content


def _unreadable(error: Exception) -> str:
    why = error.strerror if isinstance(error, OSError) else str(error)
    return f"can't be read: {why or type(error).__name__}"
