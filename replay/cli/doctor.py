"""`gilmok model doctor`: is a model fed and read the way it was trained?"""

import argparse
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from replay.cli.classes_option import add_classes, classes_of, names
from replay.cli.which_recording import add_recording, name_recording

if TYPE_CHECKING:
    from edge.assembly import Loaded
    from replay.doctor.diagnosis import Diagnosis, TriedContract
    from replay.doctor.trial import LabelledFrame, Trial

DONE, OPEN, WRONG = 0, 1, 3
FRAMES = 16


def main(argv: list[str]) -> int:
    from sensors.ranges import Count, in_range
    from sensors.terminal.command_line import command_parser

    parser = command_parser(
        prog="gilmok model doctor",
        description="Try the ways to feed and to read a detector that people mix up (colour order, scale, mean and "
        "deviation, resizing, box format, label table) on some labelled frames, and say whether its manifest's is the "
        "best. Exit status: 0 right, 1 not told (tied with another one, or nothing finds what the labels say), 3 "
        "another one is surely better.",
    )
    parser.add_argument("model", metavar="MODEL", help="a model of the catalogue, or a model's file")
    add_recording(parser)
    parser.add_argument("--labels", nargs="+", default=[], metavar="CLASS", help="only these classes")
    add_classes(parser)
    parser.add_argument("--model-labels", type=names, metavar="NAMES", help="names for the model's classes, in order")
    parser.add_argument(
        "--frames", type=in_range(Count), default=FRAMES, help="labelled frames to try on (default: %(default)s)"
    )
    parser.add_argument(
        "--decoder",
        metavar="NAME",
        help="of a file without a manifest: which head it is, where its outputs leave it open",
    )
    parser.add_argument("--out", type=Path, metavar="PICTURE.png", help="the two best contracts side by side")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.set_defaults(parser=parser)
    return _examine(parser.parse_args(argv))


def _examine(chosen: argparse.Namespace) -> int:
    from models.own_manifest import usual_input
    from replay.doctor.closer_look import closer_look
    from replay.doctor.contracts import inputs
    from replay.doctor.diagnosis import Word, diagnose
    from replay.doctor.trial import examined, labelled_frames
    from replay.recording import check_sound, open_dataset
    from replay.scoring.classes import evaluated
    from sensors.sources.pictures import check_writable
    from sensors.terminal import console

    if chosen.out is not None:
        check_writable(chosen.out)
    name_recording(chosen)
    recording = open_dataset(chosen.dataset, chosen.root).open(chosen.name)
    check_sound(recording)
    with _opened(chosen) as parts, console.bars("count", "remaining") as bars:
        task = bars.add_task("pictures", total=None)
        frames = labelled_frames(recording, chosen.frames)
        own = parts.artefact.input
        usual = usual_input(parts.artefact.path, parts.labels)
        found, n = examined(
            parts,
            recording,
            frames,
            (chosen.labels, classes_of(chosen)),
            inputs(own, usual),
            lambda i, of: bars.update(task, completed=i, total=of),
        )
        diagnosis = diagnose(found, own, usual, n)
        if diagnosis.word is Word.TIED:
            task = bars.add_task("a closer look", total=None)
            closer, more = closer_look(
                parts,
                recording,
                found,
                usual,
                (chosen.labels, classes_of(chosen)),
                lambda i, of: bars.update(task, completed=i, total=of),
            )
            if closer:
                found, frames, diagnosis = closer, more, diagnose(closer, own, usual, n)
        if diagnosis.word is not Word.WRONG:
            # A class that the model has no name for was not lost by a shift of its table.
            evaluated(recording, parts.labels, chosen.labels, classes_of(chosen))
    if chosen.out is not None:
        _draw(chosen.out, found, frames, diagnosis)
    if chosen.json:
        console.print_json(diagnosis)
    else:
        _print(diagnosis, chosen.out)
    return {"RIGHT": DONE, "TIED": OPEN, "OPEN": OPEN, "WRONG": WRONG}[diagnosis.word]


@contextmanager
def _opened(chosen: argparse.Namespace) -> "Iterator[Loaded]":
    from edge.assembly import loaded, opened
    from edge.config import BackendChoice, ModelChoice
    from models import catalogue
    from models.own_manifest import self_described
    from models.recognise.recognition import Answers

    model = ModelChoice.of(chosen.model, chosen.model_labels or "")
    if chosen.decoder is None:
        with loaded(model, BackendChoice(), Path()) as parts:
            yield parts
        return
    file = model.file
    if file is None:
        chosen.parser.error("--decoder is for a model's file: a model of the catalogue has a manifest")
        raise AssertionError("argparse has left")
    manifest = self_described(file, Answers(labels=chosen.model_labels, decoder=chosen.decoder))
    with opened(manifest, catalogue.original(manifest, file), BackendChoice(), Path()) as parts:
        yield parts


def _draw(out: Path, trials: "list[Trial]", frames: "list[LabelledFrame]", diagnosis: "Diagnosis") -> None:
    from replay.doctor.side_by_side import side_by_side
    from sensors.sources.pictures import write_picture

    ranked = sorted(trials, key=lambda trial: -trial.ap if trial.ap == trial.ap else 0.0)
    first, second = diagnosis.best[:2]
    write_picture(out, side_by_side((ranked[0], ranked[1]), (_named(first), _named(second)), frames))


def _print(diagnosis: "Diagnosis", out: Path | None) -> None:
    from replay.scoring.class_table import told
    from replay.statistics.bootstrap import ROUNDING
    from sensors.terminal import console
    from sensors.terminal.text_table import Table, Text, numbers

    title = (
        f"{diagnosis.contracts} contracts on {diagnosis.frames} frames with {diagnosis.boxes} objects "
        "(AP with its 95 % interval over the frames)"
    )
    table = Table(title, [*numbers("", "AP"), "interval", *numbers("gain"), "contract"])
    rows = list(diagnosis.best)
    if diagnosis.own.rank > len(rows):
        rows.append(diagnosis.own)
    for row in rows:
        # Resamples that are all alike don't tell how far off other frames may be.
        interval = f"{row.low:.3f} .. {row.high:.3f}" if row.high - row.low > ROUNDING else "-"
        table.add(str(row.rank), f"{row.ap:.4f}", interval, f"{row.gain:+.4f}", _named(row))
    console.show(table, *(Text(line, "dim") for line in told(diagnosis.classes)))
    console.say(f"{diagnosis.word}: {diagnosis.sentence}")
    if diagnosis.scores and diagnosis.scores != diagnosis.sentence:
        console.say(diagnosis.scores)
    console.say(*diagnosis.notes)
    if out is not None:
        console.say(f"the two best side by side: {out}")


def _named(row: "TriedContract") -> str:
    return "; ".join(row.changes) or "the manifest's own"
