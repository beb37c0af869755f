"""The files of a bundle on the disk: which names they may have, and whether they are what bundle.json says."""

import os
import stat
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from models.bundle.bundle import INDEX, MOST_BYTES, MOST_FILES, BundleWrong, FileEntry
from models.fetch import digest
from sensors.ranges import quoted

DEEPEST = 8
LONGEST_NAME_BYTES = 200
"""Of one part of a path: a file that isn't whole yet has a longer name."""
FOREIGN = frozenset('\\:*?"<>|')
"""What some file system reads as something else."""


def name_fault(name: str) -> str:
    """Why a file of a bundle may not have that path, as a sentence's end; empty where it may."""
    parts = name.split("/")
    if len(parts) > DEEPEST:
        return f"lies more than {DEEPEST} folders deep"
    for part in parts:
        if part in ("", ".", "..") or part.startswith("."):
            return "leads elsewhere, or is hidden"
        if not part.isprintable() or FOREIGN & set(part) or part != part.strip():
            return "has a character that no name of a bundle has"
        if unicodedata.normalize("NFC", part) != part:
            return "is written in another form of Unicode than NFC"
        if len(part.encode(errors="replace")) > LONGEST_NAME_BYTES:
            return f"has a part of more than {LONGEST_NAME_BYTES} bytes"
    return ""


def check_names(folder: Path, files: Mapping[str, FileEntry]) -> None:
    """Raises BundleWrong for a path that leads out of the bundle, or two that some file system takes for one."""
    seen: dict[str, str] = {INDEX: INDEX}
    for name in files:
        if fault := name_fault(name):
            raise BundleWrong(folder / INDEX, f"a file's path {quoted(name)} {fault}")
        if (other := seen.setdefault(name.casefold(), name)) != name or name == INDEX:
            raise BundleWrong(folder / INDEX, f"the paths {quoted(other)} and {quoted(name)} are one")
    if (total := sum(entry.bytes for entry in files.values())) > MOST_BYTES:
        raise BundleWrong(folder / INDEX, f"its files have {total:,} bytes, the most is {MOST_BYTES:,}")


def check_files(
    folder: Path, files: Mapping[str, FileEntry], on_bytes: Callable[[int], None] = lambda _taken: None
) -> None:
    """Every file is there, with its size and digest, and no other: raises BundleWrong, naming the file.

    `on_bytes` hears after each file how many bytes it has.
    """
    found = set(walked(folder))
    if extra := sorted(found - files.keys() - {INDEX}):
        raise BundleWrong(folder / extra[0], f"it is no part of the bundle ({len(extra)} such files)")
    if missing := sorted(files.keys() - found):
        raise BundleWrong(folder / missing[0], "it is missing")
    for name, entry in sorted(files.items()):
        path = folder / name
        try:
            if (size := path.stat().st_size) != entry.bytes:
                raise BundleWrong(path, f"it has {size:,} bytes, not {entry.bytes:,}")
            if (sha256 := digest(path)) != entry.sha256:
                raise BundleWrong(path, f"its sha256 is {sha256}, not {entry.sha256}")
        except OSError as error:
            raise BundleWrong(path, f"it can't be read: {error.strerror or error}") from error
        on_bytes(entry.bytes)


def walked(folder: Path) -> Iterator[str]:
    """The path of every file below `folder`; raises BundleWrong for a link, a pipe, a device, an empty folder."""
    pending = [("", folder)]
    count = 0
    while pending:
        above, place = pending.pop()
        try:
            with os.scandir(place) as entries:
                here = list(entries)
        except OSError as error:
            raise BundleWrong(place, f"it can't be read: {error.strerror or error}") from error
        if not here and above:
            raise BundleWrong(place, "it is an empty folder")
        for entry in here:
            kind = entry.stat(follow_symlinks=False).st_mode
            name = above + entry.name
            if stat.S_ISDIR(kind) and name.count("/") < DEEPEST:
                pending.append((f"{name}/", Path(entry.path)))
            elif stat.S_ISREG(kind):
                yield name
            else:
                raise BundleWrong(Path(entry.path), "it is a link, or no file")
            count += 1
            if count > 2 * MOST_FILES:
                raise BundleWrong(folder, f"it holds more than {2 * MOST_FILES} files and folders")


def entries_of(folder: Path) -> dict[str, FileEntry]:
    """Every file below `folder` but bundle.json, sorted; raises BundleWrong."""
    names = sorted(name for name in walked(folder) if name != INDEX)
    found = {name: FileEntry(bytes=(folder / name).stat().st_size, sha256=digest(folder / name)) for name in names}
    check_names(folder, found)
    return found
