"""What `import gilmok` offers to a notebook: the rooms' own functions with names that stay. docs/python.md shows them.

Nothing here prints or keeps anything between calls. A path may be a text or a Path. Trouble is a GilmokError.
"""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TypeAlias

from models.detections import Detections
from replay import recording as recordings
from replay.comparison.compare import ComparisonSettings
from replay.comparison.compare import compare as compared
from replay.comparison.result import Comparison, Margins
from replay.notebook.evaluate import Evaluation as Evaluation
from replay.notebook.evaluate import evaluate as evaluate
from replay.notebook.run import Run
from replay.recording import Dataset, Recording
from replay.runs import loaded
from replay.scoring import reference
from replay.scoring.reference import Accuracy
from replay.scoring.stream import ScoredStream
from replay.statistics.bootstrap import RESAMPLES
from sensors.errors import GilmokError

PathLike: TypeAlias = str | os.PathLike[str]

SAMPLES = Path(__file__).parent / "samples"
"""Recordings of a drawn crossing that come along: `open_dataset("world", SAMPLES)`."""


class FramesUnknown(GilmokError):
    def __init__(self, recording: Recording, frames: Sequence[int]) -> None:
        shown = ", ".join(map(str, frames[:8])) + (", ..." if len(frames) > 8 else "")
        super().__init__(
            f"the {recording.dataset} recording {recording.name} has no frame {shown}",
            "answers and frames go by the recording's own numbers (`recording.numbers`)",
        )


def open_dataset(layout: str, root: PathLike) -> Dataset:
    """The recordings in the folder `root`, laid out as the makers of `layout` publish theirs.

    `layout`: coco, yolo, cvat, mot, kitti-tracking, ... (docs/datasets.md), or a plugin's name. The data set has
    `recordings()`, names, and `open(name)`; a recording has `numbers`, the frames' own; `picture(number)`, (height,
    width, 3) uint8, blue-green-red; and `truth(number)`, None where nobody labelled the frame.
    Raises PluginUnknown or DatasetWrong.
    """
    return recordings.open_dataset(layout, Path(root))


def read_run(folder: PathLike) -> Run:
    """A run folder: who ran (`identity`), its figures (`summary`), and each stream with its reports (`streams`).

    A stream has `reports`, one for each frame that was answered or failed, durations in nanoseconds; `recording`,
    opened again where it still lies and is unchanged, else None with the reason in `absent`; and `scored`, frames,
    truths and answers in parallel. `frames()`, `findings()` and `truth()` are tables for Arrow, pandas and Polars. A
    notebook shows its figures, and a frame with boxes. Raises RunFolderWrong.
    """
    run = loaded.read_run(Path(folder))
    return Run(run.identity, run.summary, run.streams)


def score(
    recording: Recording,
    answers: Mapping[int, Detections | None],
    model_labels: Sequence[str],
    *,
    labels: Sequence[str] = (),
    frames: Sequence[int] | None = None,
    unsound: bool = False,
) -> Accuracy:
    """COCO's figures of any detector's findings, by the rule of every other score of gilmok (docs/metrics).

    answers: by the frame's own number, what was found in it, boxes in pixels of the recording's pictures; None, or no
        entry: not answered, and all that was there is missed.
    model_labels: the names that the findings' `labels` are indices into.
    labels: the classes to evaluate, by the names of `recording.groups`; none: all that the model can be scored for.
    frames: the frames that were asked, by number; None: all of the recording.
    unsound: score a recording even if its truth does not fit its pictures.

    The figures are fractions, 0 to 1, NaN where undefined: `overall`, the means over the classes that have truth, and
    `per_class`. Raises FramesUnknown, RecordingUnsound, LabelsNotOffered or LabelsUnknownToModel.
    """
    known = set(recording.numbers)
    asked = recording.numbers if frames is None else frames
    if strangers := [number for number in (*asked, *answers) if number not in known]:
        raise FramesUnknown(recording, strangers)
    if not unsound:
        recordings.check_sound(recording)
    return reference.score(
        ScoredStream(
            recording=recording,
            model_labels=tuple(model_labels),
            labels=tuple(labels),
            frames=tuple(asked),
            truths=tuple(recording.truth(number) for number in asked),
            answers=tuple(answers.get(number) for number in asked),
        )
    )


def compare(
    a: PathLike | Sequence[PathLike],
    b: PathLike | Sequence[PathLike],
    *,
    labels: Sequence[str] = (),
    common: bool = False,
    margin_ap: float = Margins().ap,
    margin_sap: float = Margins().sap,
    margin_p99: float = Margins().p99,
    resamples: int = RESAMPLES,
    seed: int = 1,
) -> Comparison:
    """Is B worse than A? Each a run folder, a folder of them, or several; both sides over the same recordings.

    labels: the classes to evaluate; none: those that the runs asked for.
    common: leave out recordings that only one side played, instead of refusing.
    margin_*: how much worse B may be: AP and streaming AP as differences (0 to 1), latency's p99 as a factor.
    resamples, seed: of the bootstrap; the same seed gives the same intervals.

    The result's `verdict` is WORSE, NOT WORSE or INCONCLUSIVE, `because` says on what it rests, `figures` and
    `per_class` hold every figure with its interval and n. Raises NoRuns, RunFolderWrong, RunTwice, RunUnfit,
    NotComparable, LabelsNotOffered or LabelsUnknownToModel.
    """
    margins = Margins(ap=margin_ap, sap=margin_sap, p99=margin_p99)
    settings = ComparisonSettings(margins=margins, labels=tuple(labels), common=common, resamples=resamples, seed=seed)
    return compared(_paths(a), _paths(b), settings).comparison


def _paths(side: PathLike | Sequence[PathLike]) -> list[Path]:
    return [Path(side)] if isinstance(side, str | os.PathLike) else [Path(one) for one in side]
