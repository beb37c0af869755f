"""Which files belong together by their names, however a disk or a tool spells them."""

import unicodedata
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from pathlib import Path

from replay.datasets.layout import numbered_or_counted
from replay.datasets.soundness import counted
from replay.recording import DatasetWrong, Problem, Severity
from sensors.sources.folder import sorted_by_number


class NameTwice(DatasetWrong):
    def __init__(self, one: Path, other: Path) -> None:
        super().__init__(
            f"{one.parent} holds two files of one name: {one.name} and {other.name}",
            "remove or rename one of them: which belongs to the labels, nothing tells",
        )


def composed(name: str) -> str:
    """macOS takes letters apart that other systems keep whole."""
    return unicodedata.normalize("NFC", name)


def plain(name: str) -> str:
    return composed(name).casefold()


def spelling(*lists: Collection[str]) -> Callable[[str], str]:
    """What makes the names of several lists comparable: composed, and in small letters unless a list needs capitals to
    tell its names apart."""
    every = all(len({plain(name) for name in names}) == len({composed(name) for name in names}) for names in lists)
    return plain if every else composed


def stems(paths: Iterable[Path]) -> list[str]:
    return [path.stem for path in paths]


def by_stem(paths: Iterable[Path], key: Callable[[str], str]) -> dict[str, Path]:
    """By the name without its ending, as `key` spells it; raises NameTwice."""
    found: dict[str, Path] = {}
    for path in paths:
        if (other := found.setdefault(key(path.stem), path)) != path:
            raise NameTwice(*sorted((other, path)))
    return found


def spelled(pairs: Sequence[tuple[Path, Path]]) -> Iterator[Problem]:
    """`pairs`: a picture and its label file each."""
    odd = [picture for picture, labels in pairs if picture.stem != labels.stem]
    if odd:
        what = f"{counted(len(odd), 'picture')} spelled otherwise than the label file (case, or Unicode)"
        yield Problem(Severity.REMARK, f"{what}, {odd[0].name} first")


def numbered_pairs(
    pictures: Sequence[Path], labels: Sequence[Path]
) -> tuple[dict[int, Path], dict[int, Path], list[Problem]]:
    """Stills and their label files by frame number, ascending, and what is odd about their names; raises NameTwice.

    Numbered by the names of both, so that a picture that went away moves no number.
    """
    key = spelling(stems(pictures), stems(labels))
    found, files = by_stem(pictures, key), by_stem(labels, key)
    # With an ending: names have dots.
    places = sorted_by_number(Path(f"{name}.txt") for name in found.keys() | files.keys())
    names = {number: path.stem for number, path in sorted(numbered_or_counted(places).items())}
    images = {number: found[name] for number, name in names.items() if name in found}
    labelled = {number: files[name] for number, name in names.items() if name in files}
    return images, labelled, list(spelled([(found[name], files[name]) for name in found.keys() & files.keys()]))
