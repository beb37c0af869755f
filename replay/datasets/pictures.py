"""A recording that is a folder of numbered pictures and a file of labels, as every data set here is."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from replay.datasets.content import content_digest
from replay.datasets.layout import unnumbered
from replay.datasets.soundness import box_problems, counted, label_problems, size_problems
from replay.recording import Group, Problem, Severity
from replay.truth import Truth
from sensors.clock import Clock
from sensors.frame import NO_IMAGE, Frame, FrameId, Image
from sensors.sources.picture_header import UPRIGHT, Header
from sensors.sources.pictures import Decoded, PictureUnreadable, decode, read_header

MOST_DAMAGED = 10
"""Damaged pictures that are named one by one."""


@dataclass(frozen=True, eq=False, kw_only=True)
class PictureRecording:
    """A `replay.recording.Recording`; the readers of each layout fill it in."""

    dataset: str
    name: str
    fps: float
    labels: tuple[str, ...]
    groups: Mapping[str, Group]
    pictures: Mapping[int, Path]
    """By frame number, ascending."""
    truths: Mapping[int, Truth]
    """What the labels say, by frame number; they may speak of frames that have no picture."""
    truth_files: tuple[Path, ...] = ()
    """Whose bytes belong to the digest, in order."""
    unmentioned: Truth | None = None
    """The truth of a picture that the labels don't speak of: None where that means that nobody labelled it."""
    film: bool = True
    """Consecutive pictures of one camera: they should have one size, and no holes."""
    promised_sizes: Mapping[int, tuple[int, int]] = field(default_factory=dict)
    """Width and height by frame number, where the data set states them beside the pictures."""
    folder: Path | None = None
    """Where they lie, if their names number them: those in it that have no number are told."""
    read_problems: tuple[Problem, ...] = ()
    """What reading the labels already brought up."""
    note: str = ""

    @cached_property
    def numbers(self) -> tuple[int, ...]:
        return tuple(self.pictures)

    @cached_property
    def digest(self) -> str:
        """Of every picture by its number, then of the labels; reads every file once, raises ContentUnreadable."""
        pictures = [(f"{number} ", path) for number, path in self.pictures.items()]
        return content_digest([*pictures, *(("-1 ", path) for path in self.truth_files)])

    def frames(self, stream: str, clock: Clock) -> Iterator[Frame]:
        for number, path in self.pictures.items():
            image, fault, encoded = NO_IMAGE, "", None
            try:
                decoded = decode(path)
                image = self._shown(number, decoded)
                # Whoever decodes a turned one elsewhere may turn it otherwise.
                encoded = decoded.encoded if decoded.header.orientation == UPRIGHT else None
            except PictureUnreadable as error:
                fault = error.sentence
            yield Frame(FrameId(stream, number), clock.now(), "arrival", image, fault, encoded=encoded)

    def picture(self, number: int) -> Image:
        """Upright or as stored, whichever the labels are of: the size that they state decides."""
        return self._shown(number, decode(self.pictures[number]))

    def _shown(self, number: int, decoded: Decoded) -> Image:
        turned = decoded.header.orientation != UPRIGHT
        return decoded.shown(upright=turned and self._is_upright(number, decoded.header))

    def size(self, number: int) -> tuple[int, int]:
        """Width and height of `picture`, from the file's first bytes; raises PictureUnreadable."""
        header = read_header(self.pictures[number])
        return self._shown_size(number, header)

    def file(self, number: int) -> Path | None:
        """The picture's file, if whoever opens it sees what the labels are of: None where an EXIF orientation lets
        programs disagree. Raises PictureUnreadable."""
        path = self.pictures[number]
        return path if read_header(path).orientation == UPRIGHT else None

    def truth(self, number: int) -> Truth | None:
        return self.truths.get(number, self.unmentioned if number in self.pictures else None)

    def problems(self, *, on_picture: Callable[[], None] | None = None) -> Iterator[Problem]:
        yield from self._quick_problems
        if on_picture is None:
            return
        oddities: dict[str, list[Path]] = {}
        damaged: list[str] = []
        for number, path in self.pictures.items():
            try:
                if (odd := decode(path).oddity) and number not in self._damaged:
                    oddities.setdefault(odd, []).append(path)
            except PictureUnreadable as error:
                if number not in self._damaged:
                    damaged.append(f"frame {number}: {error.sentence}")
            on_picture()
        yield from _damaged(damaged)
        for odd, paths in oddities.items():
            yield Problem(Severity.REMARK, _so_many(odd, paths))

    @cached_property
    def _quick_problems(self) -> tuple[Problem, ...]:
        """Reads each picture's first bytes."""
        sizes = {number: self._shown_size(number, header) for number, header in self._headers.items()}
        return (
            *self.read_problems,
            *(unnumbered(self.folder) if self.folder else ()),
            *label_problems(
                self.numbers, self.truths, unmentioned_is_labelled=self.unmentioned is not None, film=self.film
            ),
            *size_problems(sizes, self.promised_sizes, film=self.film),
            *box_problems(self.truths, sizes),
            *self._turned_problems(),
            *_damaged([f"frame {number}: {why}" for number, why in self._damaged.items()]),
        )

    @cached_property
    def _looked_at(self) -> tuple[dict[int, Header], dict[int, str]]:
        headers, damaged = {}, {}
        for number, path in self.pictures.items():
            try:
                headers[number] = read_header(path)
            except PictureUnreadable as error:
                damaged[number] = error.sentence
        return headers, damaged

    @property
    def _headers(self) -> dict[int, Header]:
        return self._looked_at[0]

    @property
    def _damaged(self) -> dict[int, str]:
        """Why the pictures that have no header have none."""
        return self._looked_at[1]

    def _stated(self, number: int, header: Header) -> bool | None:
        """Whether the labels are of the upright picture; None where the size that they state doesn't tell."""
        size = self.promised_sizes.get(number)
        if header.stored == header.upright or size not in (header.stored, header.upright):
            return None
        return size == header.upright

    @cached_property
    def _usually_upright(self) -> bool:
        """Where a picture's own size doesn't tell: as stored if all others are, else as viewers show it."""
        told = [self._stated(number, header) for number, header in self._headers.items()]
        return any(told) or all(one is None for one in told)

    def _is_upright(self, number: int, header: Header) -> bool:
        stated = self._stated(number, header)
        return self._usually_upright if stated is None else stated

    def _shown_size(self, number: int, header: Header) -> tuple[int, int]:
        return header.upright if self._is_upright(number, header) else header.stored

    def _turned_problems(self) -> Iterator[Problem]:
        turned = {number: header for number, header in self._headers.items() if header.orientation != UPRIGHT}
        told = [self._stated(number, header) for number, header in turned.items()]
        for stated, how in ((True, "upright"), (False, "as stored")):
            if n := told.count(stated):
                what = f"{counted(n, 'picture')} with an EXIF orientation, read {how}: so the labels' sizes say"
                yield Problem(Severity.REMARK, what)
        if n := told.count(None):
            how = "upright, as viewers show it" if self._usually_upright else "as stored, as the others are"
            what = (
                f"{counted(n, 'picture')} with an EXIF orientation of which no size in the labels tells whether they "
                f"are of the upright picture or of the stored one: read {how}"
            )
            yield Problem(Severity.REMARK, what)


def _so_many(odd: str, paths: list[Path]) -> str:
    """`odd` begins with what one picture does: has, or is."""
    verb, _, what = odd.partition(" ")
    several = {"has": "have", "is": "are"}
    return (
        f"{counted(len(paths), 'picture')} {verb if len(paths) == 1 else several[verb]} {what}, {paths[0].name} first"
    )


def _damaged(sentences: list[str]) -> Iterator[Problem]:
    for sentence in sentences[:MOST_DAMAGED]:
        yield Problem(Severity.DAMAGED, sentence)
    if len(sentences) > MOST_DAMAGED:
        yield Problem(Severity.DAMAGED, f"{len(sentences) - MOST_DAMAGED} more pictures can't be read")
