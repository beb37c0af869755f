"""A recording that is a folder of numbered pictures and a file of labels, as every data set here is."""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from replay.datasets import soundness
from replay.recording import DatasetWrong, Group
from replay.truth import Truth
from sensors.clock import Clock
from sensors.files import read_frame, read_picture
from sensors.frame import Frame, FrameId, Image


class ContentUnreadable(DatasetWrong):
    def __init__(self, path: Path, error: OSError) -> None:
        super().__init__(f"{path} can't be read: {error.strerror}", "check the file, its disk and its permissions")


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
    remarks: tuple[str, ...] = ()
    """Complaints that reading the labels already brought up."""
    note: str = ""

    @cached_property
    def numbers(self) -> tuple[int, ...]:
        return tuple(self.pictures)

    @cached_property
    def digest(self) -> str:
        """Reads every file once; raises ContentUnreadable.

        Frame numbers and lengths go in before the bytes, so that no byte can move from one file to the next unnoticed.
        """
        whole = hashlib.sha256()
        for number, path in [*self.pictures.items(), *((-1, path) for path in self.truth_files)]:
            try:
                content = path.read_bytes()
            except OSError as error:
                raise ContentUnreadable(path, error) from error
            whole.update(f"{number} {len(content)}\n".encode())
            whole.update(content)
        return whole.hexdigest()

    def frames(self, stream: str, clock: Clock) -> Iterator[Frame]:
        for number, path in self.pictures.items():
            yield read_frame(path, FrameId(stream, number), clock)

    def picture(self, number: int) -> Image:
        return read_picture(self.pictures[number])

    def truth(self, number: int) -> Truth | None:
        return self.truths.get(number, self.unmentioned if number in self.pictures else None)

    def complaints(self) -> Iterator[str]:
        yield from self.remarks
        yield from soundness.complaints(
            self.pictures,
            self.truths,
            unmentioned_is_labelled=self.unmentioned is not None,
            film=self.film,
            promised_sizes=self.promised_sizes,
        )
