"""A folder of pictures: which of its files they are, in which order, and the source plugin `folder`."""

import re
from collections.abc import Iterable, Iterator
from decimal import Decimal
from pathlib import Path
from types import TracebackType
from typing import Self, TypeAlias

from sensors.clock import Clock
from sensors.config import Settings
from sensors.frame import Frame, FrameId
from sensors.ranges import Fps
from sensors.sources.pictures import ENDINGS as ENDINGS
from sensors.sources.pictures import read_frame
from sensors.sources.source import Origin, SourceUnusable

"""Of pictures, whatever their case."""
LITTER = ("thumbs.db", "desktop.ini", "__macosx")
"""What file managers leave behind, in small letters; what begins with a dot is theirs or hidden anyway."""

Order: TypeAlias = tuple[tuple[tuple[int, Decimal, str], ...], str]

_NUMBER = re.compile(r"[0-9]+(?:\.[0-9]+)?")
_DIGITS = re.compile(r"([0-9]+)")


def is_picture(path: Path) -> bool:
    """By its name; a folder of such a name is none."""
    return path.suffix.lower() in ENDINGS and is_meant(path) and not path.is_dir()


def is_meant(path: Path) -> bool:
    """Whether a file or folder is a user's own, and not a file manager's, as `._0001.jpg` is."""
    return not path.name.startswith(".") and path.name.lower() not in LITTER


def by_number(path: Path) -> Order:
    """The key that sorts names as people count: 2.jpg before 10.jpg."""
    stem = path.stem
    # A name that is a number altogether, 1305031102.975304 for one, has a value; else each run of digits has.
    parts = [stem] if _NUMBER.fullmatch(stem) else _DIGITS.split(stem)
    return tuple(
        (0, Decimal(part), "") if _NUMBER.fullmatch(part) else (1, Decimal(), part) for part in parts if part
    ), path.name


def sorted_by_number(paths: Iterable[Path]) -> list[Path]:
    return sorted(paths, key=by_number)


def pictures_in(folder: Path) -> list[Path]:
    """The pictures that lie in the folder itself, as people count."""
    return sorted_by_number(path for path in folder.iterdir() if is_picture(path))


class ImageFolder:
    """The pictures of a folder as people count; frames count from 0."""

    class Options(Settings, frozen=True, kw_only=True):
        path: Path
        fps: Fps = 10.0

    live = False

    def __init__(self, options: Options, *, stream: str, clock: Clock) -> None:
        self._stream = stream
        self._clock = clock
        self.fps = options.fps
        self.origin = Origin("folder", str(options.path))
        if not options.path.is_dir():
            raise SourceUnusable(f"there is no folder {options.path}", "check the path of the stream's source")
        self._paths = pictures_in(options.path)
        if not self._paths:
            raise SourceUnusable(f"{options.path} holds no pictures", f"it may hold {', '.join(ENDINGS)} files")

    def frames(self) -> Iterator[Frame]:
        for seq, path in enumerate(self._paths):
            yield read_frame(path, FrameId(self._stream, seq), self._clock)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        return None
