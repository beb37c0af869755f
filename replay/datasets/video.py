"""A recording that is a video and a file of labels beside it; frames count from 0."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from itertools import islice
from pathlib import Path

from replay.datasets.content import content_digest
from replay.datasets.frames import stamped
from replay.datasets.soundness import box_problems, counted, label_problems, size_problems
from replay.datasets.spelling import plain
from replay.recording import Group, Problem, Severity
from replay.truth import Truth
from sensors.clock import Clock
from sensors.frame import Frame, Image
from sensors.sources.container import is_cut_off
from sensors.sources.decoding import Shown, Video, VideoUnreadable
from sensors.sources.folder import is_meant, sorted_by_number
from sensors.sources.pictures import PictureUnreadable

ENDINGS = (".mp4", ".avi", ".mkv", ".mov", ".webm", ".m4v", ".mpg", ".mpeg", ".ts")
"""Of videos that may lie beside a label file, whatever their case."""


def video_beside(labels: Path) -> Path | None:
    """The video of the label file's own name, in any case and form of Unicode; clip.mp4 for clip.xml."""
    return _named(_videos(labels.parent).get(plain(labels.stem), ()), labels.stem, lambda path: path.stem)


def video_named(folder: Path, name: str) -> Path | None:
    """The video of that name, in any case and form of Unicode."""
    place = (folder / name).parent
    beside = _videos(place).get(plain(Path(name).stem), ())
    named = [path for path in beside if plain(path.name) == plain(Path(name).name)]
    return _named(named, Path(name).name, lambda path: path.name)


def _named(paths: Sequence[Path], name: str, of: Callable[[Path], str]) -> Path | None:
    """The first that is spelled so; without one, the only one."""
    exact = [path for path in paths if of(path) == name]
    return next(iter(exact or paths), None) if exact or len(paths) == 1 else None


def _videos(folder: Path) -> Mapping[str, Sequence[Path]]:
    """A folder's videos by their plain stems."""
    try:
        return _listed(folder, folder.stat().st_mtime_ns)
    except OSError:
        return {}


@lru_cache(maxsize=8)
def _listed(folder: Path, _changed_ns: int) -> Mapping[str, Sequence[Path]]:
    """A folder may hold ten thousand label files, each of which is asked about."""
    found: dict[str, list[Path]] = {}
    for path in sorted_by_number(path for path in folder.iterdir() if is_video(path)):
        found.setdefault(plain(path.stem), []).append(path)
    return found


def is_video(path: Path) -> bool:
    return path.suffix.lower() in ENDINGS and is_meant(path) and path.is_file()


def frames_in(path: Path) -> int:
    """How many frames a video shows; 0 where it can't be read."""
    try:
        video = Video(path)
    except VideoUnreadable:
        return 0
    held = video.count()
    video.close()
    return held


class DecodedVideo:
    """A video's frames by place, from 0, decoded in order: one thread at a time."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._video: Video | None = None
        self._shown: Iterator[Shown] = iter(())
        self._next = 0

    def picture(self, place: int, number: int) -> Image:
        """`number`: what the frame is called. Raises PictureUnreadable."""
        if self._video is None or place < self._next:
            try:
                self._video = Video(self._path)
            except VideoUnreadable as error:
                raise PictureUnreadable(self._path, error.sentence) from error
            self._shown, self._next = self._video.frames(), 0
        # Decoded one by one rather than sought: every frame leans on the one before.
        shown = next(islice(self._shown, place - self._next, None), None)
        self._next = place + 1
        if shown is None:
            raise PictureUnreadable(self._path, f"it ends before frame {number}")
        return self._video.image(shown)


@dataclass(frozen=True, eq=False, kw_only=True)
class VideoRecording:
    """A `replay.recording.Recording`; the readers of each layout fill it in."""

    dataset: str
    name: str
    labels: tuple[str, ...]
    groups: Mapping[str, Group]
    video: Path
    truths: Mapping[int, Truth]
    """By frame number; they may speak of frames that the video doesn't have."""
    truth_files: tuple[Path, ...]
    unmentioned: Truth | None = None
    """As in `PictureRecording`."""
    promised_size: tuple[int, int] | None = None
    """Width and height that the labels are of."""
    promised_frames: int | None = None
    """How many the labels say that the video has."""
    read_problems: tuple[Problem, ...] = ()
    note: str = ""
    _decoded: DecodedVideo = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_decoded", DecodedVideo(self.video))

    @cached_property
    def fps(self) -> float:
        return self._looked_at[1]

    @cached_property
    def numbers(self) -> tuple[int, ...]:
        """Of what the video holds; where it was cut off or can't be read, of what the labels say that it held."""
        held, _, why = self._looked_at
        promised = self.promised_frames or max(self.truths, default=-1) + 1
        return tuple(range(max(held, min(promised, MOST_LOST)) if why else held))

    @cached_property
    def digest(self) -> str:
        """Of the video and the labels; reads every file once, raises ContentUnreadable."""
        return content_digest([("", path) for path in (self.video, *self.truth_files)])

    def frames(self, stream: str, clock: Clock) -> Iterator[Frame]:
        """Due by the rate, not by their own stamps: a score against time takes an even schedule."""
        for number in self.numbers:
            yield stamped(self, number, stream, clock)

    def picture(self, number: int) -> Image:
        if not 0 <= number < len(self.numbers):
            raise KeyError(number)
        return self._decoded.picture(number, number)

    def truth(self, number: int) -> Truth | None:
        return self.truths.get(number, self.unmentioned if 0 <= number < len(self.numbers) else None)

    def problems(self, *, on_picture: Callable[[], None] | None = None) -> Iterator[Problem]:
        yield from self._quick_problems
        if on_picture is None:
            return
        for number in self.numbers:
            try:
                self.picture(number)
            except PictureUnreadable as error:
                yield Problem(Severity.DAMAGED, f"frame {number}: {error.sentence}")
            on_picture()

    @cached_property
    def _quick_problems(self) -> tuple[Problem, ...]:
        """Decodes the first frame, for its size."""
        held, _, why = self._looked_at
        sizes = {}
        if held:
            try:
                height, width, _ = self.picture(0).shape
                sizes = dict.fromkeys(self.numbers, (width, height))
            except PictureUnreadable as error:
                why = why or error.sentence
        promised = {0: self.promised_size} if self.promised_size else {}
        return (
            *self.read_problems,
            *([Problem(Severity.DAMAGED, why)] if why else ()),
            *self._other_length(held, why),
            *label_problems(
                self.numbers, self.truths, unmentioned_is_labelled=self.unmentioned is not None, film=False
            ),
            *size_problems({0: sizes[0]} if sizes else {}, promised, film=False),
            *box_problems(self.truths, sizes),
        )

    def _other_length(self, held: int, why: str) -> Iterator[Problem]:
        if self.promised_frames is not None and held != self.promised_frames and not why:
            what = f"the labels are of {counted(self.promised_frames, 'frame')}, {self.video.name} has {held}"
            yield Problem(Severity.UNSOUND, what)

    @cached_property
    def _looked_at(self) -> tuple[int, float, str]:
        """How many frames there are, at what rate, and why they aren't all there; nothing is decoded."""
        try:
            video = Video(self.video)
        except VideoUnreadable as error:
            return 0, float("nan"), error.sentence
        fps, held = video.fps, video.count()
        video.close()
        return held, fps, f"{self.video.name} was cut off" if is_cut_off(self.video) else ""


MOST_LOST = 10_000_000
"""Frames of a video that can't be read which are counted as failed: two days' and more."""
