"""One stream's files: the newest is written into, the oldest go, and those around an event stay longer.

FOLDER/ring.json                   says that the files beside it are one recording
FOLDER/20261129T101500.250Z.mcap   from that instant on
FOLDER/events.jsonl                what happened when, one JSON object a line
"""

import json
import logging
import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

import msgspec

from edge.config import RecordChoice
from sensors import atomic_files, private_files
from sensors.clock import NS_PER_MS, NS_PER_S, Stamp
from sensors.mcap.writing import McapWriter
from sensors.record import Record

log = logging.getLogger(__name__)

RING, EVENTS, ENDING = "ring.json", "events.jsonl", ".mcap"
MB = 1_000_000
NS_PER_H = 3600 * NS_PER_S


class Happened(Record, frozen=True):
    """An event, as it is kept beside the files."""

    utc_ns: int
    why: str


@dataclass(frozen=True, slots=True)
class _File:
    path: Path
    began_ns: int
    """UTC, by its name."""
    size: int


class Ring:
    """Of one stream. Not for two threads at once; what writes may raise OSError, and the ring goes on all the same."""

    def __init__(self, folder: Path, choice: RecordChoice, name: str, begin: Callable[[McapWriter], None]) -> None:
        """`begin`: writes what each file begins with. Raises OSError."""
        self._folder = folder
        self._choice = choice
        self._begin = begin
        private_files.private_folder(folder)
        atomic_files.write(folder / RING, json.dumps({"recording": name}), private=True)
        self._events = _events(folder / EVENTS)
        self._file: IO[bytes] | None = None
        self._path = folder
        self._writer: McapWriter | None = None
        self._began_ns = self._flushed_ns = self._tidied_ns = 0

    def writer(self, at: Stamp, *, key: bool) -> McapWriter:
        """The file for what was taken at `at`; a new one begins where a picture is a key frame. Raises OSError."""
        if self._writer is not None and key and self._is_full(at):
            self.finish()
        if self._writer is None:
            self._open(at)
        assert self._writer is not None
        if at.mono_ns - self._flushed_ns > self._choice.flush_s * NS_PER_S:
            self._writer.flush()
            self._flushed_ns = at.mono_ns
        if at.mono_ns - self._tidied_ns > NS_PER_S:
            self._tidied_ns = at.mono_ns
            self.tidy(at)
        return self._writer

    def mark(self, at: Stamp, why: str) -> None:
        """An event: what lies around it stays. Raises OSError."""
        happened = Happened(utc_ns=at.utc_ns, why=why)
        self._events.append(happened)
        with private_files.private_file(self._folder / EVENTS).open("ab") as file:
            file.write(msgspec.json.encode(happened) + b"\n")

    def finish(self) -> None:
        """Close the file with its summary. Raises OSError; then it is cut off, and `recover` reads it."""
        writer, file, self._writer, self._file = self._writer, self._file, None, None
        if writer is None or file is None:
            return
        with file:
            writer.finish()

    def abandon(self) -> None:
        """Leave the file as it is: it can't be written any more."""
        file, self._writer, self._file = self._file, None, None
        if file is not None:
            try:
                file.close()
            except OSError as error:
                log.debug("%s", error)

    def tidy(self, at: Stamp, *, room: bool = False) -> None:
        """Remove what is too old, or too much; with `room`, the oldest file in any case."""
        files = self._finished()
        total = sum(one.size for one in files)
        for place, one in enumerate(files):
            ended_ns = files[place + 1].began_ns if place + 1 < len(files) else self._began_ns
            old = at.utc_ns - ended_ns > self._choice.keep_h * NS_PER_H
            idle = self._choice.mode == "event" and self._is_of_no_event(one.began_ns, ended_ns, at)
            if not (old or idle or room or total > self._choice.max_mb * MB):
                continue
            one.path.unlink(missing_ok=True)
            total -= one.size
            room = False

    def _is_of_no_event(self, began_ns: int, ended_ns: int, at: Stamp) -> bool:
        before_ns, after_ns = round(self._choice.before_s * NS_PER_S), round(self._choice.after_s * NS_PER_S)
        if at.utc_ns - ended_ns < before_ns:
            return False  # an event may still come
        return not any(began_ns <= one.utc_ns + after_ns and ended_ns >= one.utc_ns - before_ns for one in self._events)

    def _is_full(self, at: Stamp) -> bool:
        assert self._writer is not None
        long = abs(at.utc_ns - self._began_ns) > self._choice.file_s * NS_PER_S
        return long or self._writer.size > self._choice.file_mb * MB

    def _open(self, at: Stamp) -> None:
        path = self._folder / f"{_name(at)}{ENDING}"
        file = os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, private_files.FILE), "wb")
        try:
            writer = McapWriter(file)
            self._begin(writer)
            writer.flush()
        except BaseException:
            file.close()
            raise
        self._file, self._writer, self._path = file, writer, path
        self._began_ns, self._flushed_ns = at.utc_ns, at.mono_ns

    def _finished(self) -> list[_File]:
        """All but the one that is written into, oldest first."""
        found = []
        for path in sorted(self._folder.glob(f"*{ENDING}")):
            began_ns = _instant_ns(path)
            if began_ns is not None and (self._file is None or path != self._path):
                found.append(_File(path, began_ns, path.stat().st_size))
        return found


def _name(at: Stamp) -> str:
    when = datetime.fromtimestamp(at.utc_ns // NS_PER_S, UTC)
    return f"{when:%Y%m%dT%H%M%S}.{at.utc_ns % NS_PER_S // NS_PER_MS:03}Z"


def _instant_ns(path: Path) -> int | None:
    try:
        when = datetime.strptime(path.stem, "%Y%m%dT%H%M%S.%fZ").replace(tzinfo=UTC)
    except ValueError:
        return None
    return int(when.replace(microsecond=0).timestamp()) * NS_PER_S + when.microsecond * 1000


def _events(path: Path) -> list[Happened]:
    """What is there of earlier lives; a line that a killed node left half is left out."""
    try:
        lines = path.read_bytes().splitlines()
    except OSError:
        return []
    found = []
    for line in lines:
        try:
            found.append(msgspec.json.decode(line, type=Happened))
        except msgspec.MsgspecError:
            continue
    return found
