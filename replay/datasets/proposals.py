"""A recording whose truth is a teacher's word: proposals, marked as such wherever a score over them is told."""

from collections.abc import Callable, Iterator, Mapping, Sequence

from replay.datasets.classes import groups_of
from replay.recording import Group, Problem, Recording
from replay.truth import Truth
from sensors.clock import Clock
from sensors.frame import Frame, Image

MARK = "against a teacher's proposals"
"""How the note begins that goes with every score."""


class Proposals:
    """A `replay.recording.Recording`: the pictures of another, and what a teacher says was there."""

    def __init__(
        self, origin: Recording, labels: Sequence[str], truths: Mapping[int, Truth], digest: str, provenance: str
    ) -> None:
        """`truths`: by frame, labels by their place in `labels`; a frame that isn't among them, nobody labelled.

        `digest`: of the teacher's file. `provenance`: who it is, from which score on, of what software, and when.
        """
        self.origin = origin
        self.dataset, self.name, self.fps = origin.dataset, origin.name, origin.fps
        self.numbers: Sequence[int] = origin.numbers
        self.labels = tuple(labels)
        self.groups: Mapping[str, Group] = groups_of(self.labels)
        self.note = f"{MARK}, which nobody checked: {provenance}"
        self._truths = truths
        self._digest = digest

    @property
    def digest(self) -> str:
        return f"{self.origin.digest} by {self._digest}"

    def frames(self, stream: str, clock: Clock) -> Iterator[Frame]:
        return self.origin.frames(stream, clock)

    def picture(self, number: int) -> Image:
        return self.origin.picture(number)

    def truth(self, number: int) -> Truth | None:
        return self._truths.get(number)

    def problems(self, *, on_picture: Callable[[], None] | None = None) -> Iterator[Problem]:
        return self.origin.problems(on_picture=on_picture)
