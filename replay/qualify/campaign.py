"""What a qualification does and how long it may take: its settings, complete enough to run it again."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar, Literal, TypeAlias

import msgspec

from edge.config import BackendChoice, ModelChoice
from replay.recording import Recording, check_sound, open_dataset
from replay.scoring.classes import check_offered, is_offered
from sensors import config
from sensors.config import Settings
from sensors.errors import GilmokError
from sensors.ranges import ClassKey, Count, CountOrNone, FileName, Fps, Milliseconds, Name, Positive, Seconds, Seed

Kind: TypeAlias = Literal["quick", "full", "own"]


class RecordingUnreadable(GilmokError):
    def __init__(self, text: str) -> None:
        super().__init__(
            f"{text!r} names no recording",
            "write DATASET:FOLDER:NAME, or DATASET:FOLDER for all of its recordings; "
            "for instance mot:/data/MOT15:PETS09-S2L1",
        )


class NothingToMeasure(GilmokError):
    def __init__(self, why: str) -> None:
        super().__init__(f"there is nothing to qualify on: {why}", "name recordings with pictures and truth")


class RateUnknown(GilmokError):
    def __init__(self) -> None:
        super().__init__(
            "how many frames a second a camera takes isn't known: the recordings are stills",
            "say it: --rate 10",
        )


class RecordingChoice(Settings, frozen=True, kw_only=True):
    dataset: Name
    root: Path
    name: FileName

    def open(self) -> Recording:
        """Raises PluginUnknown, DatasetWrong or RecordingUnknown."""
        return open_dataset(self.dataset, self.root).open(self.name)


class Budget(Settings, frozen=True, kw_only=True):
    """How much of everything; the parts are in the order in which they run."""

    page: ClassVar[str] = "docs/qualify.md"

    accuracy_frames: CountOrNone = 0
    """Of each recording, evenly spread; 0: all."""
    parity_frames: Count = 200
    """Of all recordings together."""
    latency_s: Seconds = 600.0
    """Each scenario; MLPerf asks for 600."""
    loads: tuple[Positive, ...] = (0.3, 0.5, 0.7, 0.8, 0.9)
    """Poisson arrivals, as shares of the offline throughput."""
    streams_s: Seconds = 600.0
    """The whole search."""
    trial_s: Seconds = 60.0
    """One number of streams."""
    most_streams: Count = 64
    cold_starts: Count = 10
    soak_s: Seconds = 1800.0
    repeat_frames: Count = 10
    repeats: Count = 1000
    restarts: CountOrNone = 3


FULL = Budget()
QUICK = Budget(
    accuracy_frames=120,
    parity_frames=60,
    latency_s=10.0,
    loads=(0.5, 0.8),
    streams_s=30.0,
    trial_s=5.0,
    most_streams=16,
    cold_starts=4,
    soak_s=30.0,
    repeat_frames=10,
    repeats=20,
    restarts=2,
)


class Campaign(Settings, frozen=True, kw_only=True):
    model: ModelChoice
    backend: BackendChoice
    reference: ModelChoice | None = None
    """What the candidate is held against, on ONNX Runtime's CPU; None: the same model's own file."""
    recordings: tuple[RecordingChoice, ...]
    labels: tuple[Name, ...] = ()
    """Evaluated classes; empty: all that the recordings offer."""
    classes: dict[ClassKey, tuple[Name, ...]] = {}
    """More of them, each with the labels of either model that count for it; none: those that mean the same."""
    rate_fps: Fps
    """Of one camera."""
    deadline_ms: Milliseconds
    """From the instant a frame is due to its findings."""
    kind: Kind = "full"
    budget: Budget = FULL
    skip: tuple[Name, ...] = ()
    """Parts that are left out on purpose."""
    seed: Seed = 1
    unsound: bool = False
    """Score recordings even if they aren't sound."""

    @property
    def period_ms(self) -> float:
        return 1000 / self.rate_fps


def chosen(texts: Sequence[str], *, unsound: bool = False) -> tuple[RecordingChoice, ...]:
    """DATASET:FOLDER[:NAME] texts as recordings, each looked up once.

    Raises RecordingUnreadable, NothingToMeasure, PluginUnknown, DatasetWrong, RecordingUnknown or, unless `unsound`,
    RecordingUnsound.
    """
    found: list[RecordingChoice] = []
    for text in texts:
        dataset, _, rest = text.partition(":")
        folder, _, name = rest.partition(":")
        if not (dataset and folder):
            raise RecordingUnreadable(text)
        root = Path(folder).expanduser().absolute()
        names = [name] if name else open_dataset(dataset, root).recordings()
        found += [RecordingChoice(dataset=dataset, root=root, name=one) for one in names]
    if not found:
        raise NothingToMeasure("no recording is named")
    check_usable(found, unsound=unsound)
    return tuple(found)


def check_usable(recordings: Sequence[RecordingChoice], *, unsound: bool) -> None:
    """Raises NothingToMeasure, RecordingUnsound unless `unsound`, or what keeps one of them from opening."""
    for choice in recordings:
        recording = choice.open()
        if not recording.numbers:
            raise NothingToMeasure(f"{choice.dataset} {choice.name} has no frames")
        if not unsound:
            check_sound(recording)


def check_labels(recordings: Sequence[RecordingChoice], labels: Sequence[str]) -> None:
    """Raises LabelsNotOffered where `labels` leave nothing to score of a recording, or name what none offers."""
    opened = [choice.open() for choice in recordings]
    for recording in opened:
        if labels and not any(is_offered(recording, label) for label in labels):
            check_offered(recording, labels)
    for label in labels:
        if not any(is_offered(recording, label) for recording in opened):
            check_offered(opened[0], [label])


def camera_rate(recordings: Sequence[RecordingChoice]) -> float:
    """Of the fastest recording: whoever keeps up with that one keeps up with all. RateUnknown where all are stills."""
    rates = [rate for choice in recordings if (rate := choice.open().fps) > 0]
    if not rates:
        raise RateUnknown
    return max(rates)


def to_record(campaign: Campaign) -> dict[str, Any]:
    """As plain values, with absolute paths: what `from_record` reads."""
    record: dict[str, Any] = config.plain(campaign)
    return record


def from_record(record: dict[str, Any], where: str) -> Campaign:
    """Raises ConfigWrong, naming `where` the record comes from."""
    return config.convert(record, Campaign, where)


def evenly(numbers: Sequence[int], n: int) -> list[int]:
    """`n` of the numbers, evenly spread from the first to the last; all where n is 0 or there are no more."""
    if n <= 0 or n >= len(numbers):
        return list(numbers)
    if n == 1:
        return [numbers[0]]
    return [numbers[round(i * (len(numbers) - 1) / (n - 1))] for i in range(n)]


def adjusted(budget: Budget, changes: dict[str, Any]) -> Budget:
    """`budget` with some of its keys changed; raises ConfigWrong."""
    return config.convert({**msgspec.to_builtins(budget), **changes}, Budget, "--budget")
