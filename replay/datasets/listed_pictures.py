"""Finding the pictures that a label file names on a disk that is not the one it was written for."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from pathlib import Path, PurePosixPath

from replay.datasets.soundness import counted
from replay.datasets.spelling import plain as _plain
from replay.recording import Problem, Severity
from sensors.sources.folder import is_picture, sorted_by_number

SAMPLE = 1000
"""So many names decide where all of them lie."""
MOST_DROPPED = 12
"""Leading folders that a name may have for nothing."""


@dataclass(frozen=True, slots=True)
class _Place:
    """Where all names of a file lie: below `base`, their first `dropped` folders left out."""

    base: Path
    dropped: int
    windows: bool
    """Whether a backslash separates folders."""

    def parts(self, name: str) -> Sequence[str]:
        every = PurePosixPath(name.replace("\\", "/") if self.windows else name).parts
        return every[self.dropped :]


class ListedPictures:
    """`names`: by frame number, as the label file has them; `bases`: the folders that they may start from, best first.

    One rule holds for all names of a file, the one that finds the most of them: a name that was left out can't be
    mistaken for another picture's. Case and the form of Unicode (composed or not) may differ.
    """

    def __init__(self, names: Mapping[int, str], bases: Sequence[Path]) -> None:
        self._names = names
        self._bases = [base for base in bases if base.is_dir()]
        self._listings: dict[Path, tuple[dict[str, Path], dict[str, Path | None]]] = {}

    @cached_property
    def found(self) -> Mapping[int, Path]:
        """The picture of each frame that has one here."""
        place = self._place
        if place is None:
            return {}
        resolved = ((number, self._resolved(place, name)) for number, name in self._names.items())
        return {number: path for number, path in resolved if path is not None}

    def problems(self, *, strangers: bool = True) -> Iterator[Problem]:
        """`strangers`: whether pictures beside those that are listed are worth a word."""
        place = self._place
        if place is None:
            return
        names = [self._names[number] for number in self.found]
        if place.windows:
            yield Problem(Severity.REMARK, "a backslash in the pictures' names separates folders")
        if place.dropped:
            what = f"the pictures' names begin with folders that aren't here, left out: {self._dropped(place)}"
            yield Problem(Severity.REMARK, what)
        spelled = sum(path.name != place.parts(name)[-1] for name, path in zip(names, self.found.values(), strict=True))
        if spelled:
            what = f"{counted(spelled, 'picture')} spelled otherwise on the disk than in the labels (case, or Unicode)"
            yield Problem(Severity.REMARK, what)
        owners: dict[Path, int] = {}
        twice = [(number, path) for number, path in self.found.items() if owners.setdefault(path, number) != number]
        if twice:
            number, path = twice[0]
            what = f"{counted(len(twice), 'picture')} listed more than once: {path.name} is {owners[path]} and {number}"
            yield Problem(Severity.UNSOUND, what)
        if strangers and (others := self._strangers(set(owners))):
            what = f"{counted(len(others), 'picture')} that the labels don't list, {others[0].name} first"
            yield Problem(Severity.REMARK, what)

    @cached_property
    def _place(self) -> _Place | None:
        step = max(1, len(self._names) // SAMPLE)
        sample = list(self._names.values())[::step]
        deepest = max((_depth(name) for name in sample), default=1)
        best, most = None, 0
        for windows, dropped, base in product((False, True), range(min(deepest, MOST_DROPPED)), self._bases):
            place = _Place(base, dropped, windows)
            hits = sum(self._resolved(place, name) is not None for name in sample)
            if hits > most:
                best, most = place, hits
            if hits == len(sample):
                break
        return best

    def _resolved(self, place: _Place, name: str) -> Path | None:
        parts = place.parts(name)
        here = place.base if parts else None
        for part in parts:
            if here is None or part in ("..", "/"):
                return None
            exact, plain = self._listing(here)
            here = exact.get(part) or plain.get(_plain(part))
        return here

    def _listing(self, folder: Path) -> tuple[dict[str, Path], dict[str, Path | None]]:
        """Its entries by name, and by plain name: None where two share one."""
        if folder not in self._listings:
            exact: dict[str, Path] = {}
            plain: dict[str, Path | None] = {}
            for path in folder.iterdir() if folder.is_dir() else ():
                exact[path.name] = path
                key = _plain(path.name)
                plain[key] = None if key in plain else path
            self._listings[folder] = exact, plain
        return self._listings[folder]

    def _dropped(self, place: _Place) -> str:
        name = next(self._names[number] for number in self.found)
        return name[: len(name) - len("/".join(place.parts(name)))]

    def _strangers(self, known: set[Path]) -> list[Path]:
        folders = {path.parent for path in known}
        held = [path for folder in folders for path in self._listing(folder)[0].values()]
        return sorted_by_number(path for path in held if path not in known and is_picture(path))


def _depth(name: str) -> int:
    return len(PurePosixPath(name.replace("\\", "/")).parts)
