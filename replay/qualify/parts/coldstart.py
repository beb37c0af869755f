"""From the start of a fresh process to its first findings, several times."""

from pathlib import Path

from replay.metrics.percentiles import Percentiles, percentiles
from replay.qualify.campaign import Campaign
from replay.qualify.candidate import candidate, frame, recordings
from replay.qualify.children import Child
from replay.qualify.progress import Tell
from sensors.clock import SystemClock
from sensors.errors import GilmokError
from sensors.record import Record

STEPS = ("interpreter", "imports", "model", "first result")


class FirstFrameFailed(GilmokError):
    def __init__(self, reason: str) -> None:
        super().__init__(f"the first frame after a cold start failed: {reason}")


class First(Record, frozen=True, kw_only=True):
    """What a fresh process says of itself, on the clock that all processes of a boot share."""

    up_ns: int
    """When its first own line ran."""
    imported_ns: int
    loaded_ns: int
    answered_ns: int


class ColdStart(Record, frozen=True, kw_only=True):
    starts: int
    total_ns: tuple[int, ...]
    """Of each start, in order: process start to first findings."""
    steps_ns: dict[str, Percentiles]
    """interpreter: until its own first line; imports: gilmok and the SDK; model: digest check, load or compile,
    warm-up; first result: one frame from picture to findings."""
    note: str


def measure(campaign: Campaign, folder: Path, tell: Tell) -> ColdStart:  # noqa: ARG001 (every part is called alike)
    clock = SystemClock()
    totals: list[int] = []
    steps: dict[str, list[int]] = {step: [] for step in STEPS}
    for n in range(campaign.budget.cold_starts):
        tell(n / campaign.budget.cold_starts, f"start {n + 1}")
        begun = clock.now().mono_ns
        with Child("first", campaign) as child:
            first = child.result(First)
        marks = [begun, first.up_ns, first.imported_ns, first.loaded_ns, first.answered_ns]
        for step, early, late in zip(STEPS, marks, marks[1:], strict=False):
            steps[step].append(late - early)
        totals.append(marks[-1] - begun)
    return ColdStart(
        starts=len(totals),
        total_ns=tuple(totals),
        steps_ns={step: percentiles(values) for step, values in steps.items()},
        note="model and libraries were in the system's page cache: a start right after a reboot also reads them "
        "from the disk",
    )


def first(campaign: Campaign, up_ns: int) -> First:
    """In the fresh process: load, answer one frame. Raises FirstFrameFailed, or what keeps the model from loading.

    `up_ns`: monotonic, when this process ran its first own line.
    """
    clock = SystemClock()
    imported = clock.now().mono_ns
    recording = recordings(campaign)[0]
    shown = frame(recording, recording.numbers[0], clock)
    opened = clock.now().mono_ns
    with candidate(campaign) as parts:
        loaded = clock.now().mono_ns
        report = parts.pipeline(clock).step(shown)
        answered = clock.now().mono_ns
    if report.status == "failed":
        raise FirstFrameFailed(report.reason)
    # Reading the test's own picture is no part of a start.
    reading = opened - imported
    return First(up_ns=up_ns, imported_ns=imported, loaded_ns=loaded - reading, answered_ns=answered - reading)
