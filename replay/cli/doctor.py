"""`gilmok model doctor`: is a model fed and read the way it was trained?"""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from replay.doctor.diagnosis import Diagnosis, TriedContract
    from replay.doctor.trial import LabelledFrame, Trial

DONE, OPEN, WRONG = 0, 1, 3
FRAMES = 24


def main(argv: list[str]) -> int:
    from sensors.ranges import Count, in_range

    parser = argparse.ArgumentParser(
        prog="gilmok model doctor",
        description="Try the ways to feed and to read a detector that people mix up (colour order, scale, mean and "
        "deviation, resizing, box format, label table) on some labelled frames, and say whether its manifest's is the "
        "best. Exit status 3 where another one is surely better.",
    )
    parser.add_argument("model", metavar="MODEL", help="a model of the catalogue, or a model's file")
    parser.add_argument("--dataset", required=True, help="the data set's layout: ua-detrac, mot, coco, ...")
    parser.add_argument("--root", required=True, type=Path, help="the data set's folder")
    parser.add_argument("--name", required=True, help="the recording")
    parser.add_argument("--labels", nargs="+", default=[], metavar="CLASS", help="only these classes")
    parser.add_argument(
        "--frames", type=in_range(Count), default=FRAMES, help="labelled frames to try on (default: %(default)s)"
    )
    parser.add_argument("--out", type=Path, metavar="PICTURE.png", help="the two best contracts side by side")
    parser.add_argument("--json", action="store_true", help="print JSON")
    return _examine(parser.parse_args(argv))


def _examine(chosen: argparse.Namespace) -> int:
    from edge.assembly import loaded
    from edge.config import BackendChoice, ModelChoice
    from models.own_manifest import usual_input
    from replay.doctor.contracts import inputs
    from replay.doctor.diagnosis import diagnose
    from replay.doctor.trial import labelled_frames, trials
    from replay.recording import check_sound, open_dataset
    from sensors.terminal import console

    recording = open_dataset(chosen.dataset, chosen.root).open(chosen.name)
    check_sound(recording)
    frames = labelled_frames(recording, chosen.frames)
    with loaded(ModelChoice.of(chosen.model), BackendChoice(), Path()) as parts, console.bars("count") as bars:
        task = bars.add_task("inputs", total=None)
        own = parts.artefact.input
        usual = usual_input(parts.artefact.path, parts.labels)
        found = trials(
            parts,
            recording,
            frames,
            chosen.labels,
            inputs(own, usual),
            lambda i, of: bars.update(task, completed=i, total=of),
        )
    diagnosis = diagnose(found, own, usual)
    if chosen.out is not None:
        _draw(chosen.out, found, frames, diagnosis)
    if chosen.json:
        console.print_json(diagnosis)
    else:
        _print(diagnosis, chosen.out)
    return {"RIGHT": DONE, "OPEN": OPEN, "WRONG": WRONG}[diagnosis.word]


def _draw(out: Path, trials: "list[Trial]", frames: "list[LabelledFrame]", diagnosis: "Diagnosis") -> None:
    from replay.doctor.side_by_side import side_by_side
    from sensors.sources.pictures import write_picture

    ranked = sorted(trials, key=lambda trial: -trial.ap if trial.ap == trial.ap else 0.0)
    first, second = diagnosis.best[:2]
    write_picture(out, side_by_side((ranked[0], ranked[1]), (_named(first), _named(second)), frames))


def _print(diagnosis: "Diagnosis", out: Path | None) -> None:
    from sensors.terminal import console
    from sensors.terminal.text_table import Table, numbers

    title = (
        f"{diagnosis.contracts} contracts on {diagnosis.frames} frames with {diagnosis.boxes} objects "
        "(AP with its 95 % interval over the frames)"
    )
    table = Table(title, [*numbers("", "AP"), "interval", *numbers("gain"), "contract"])
    rows = list(diagnosis.best)
    if diagnosis.own.rank > len(rows):
        rows.append(diagnosis.own)
    for row in rows:
        table.add(str(row.rank), f"{row.ap:.4f}", f"{row.low:.3f} .. {row.high:.3f}", f"{row.gain:+.4f}", _named(row))
    console.show(table)
    console.say(f"{diagnosis.word}: {diagnosis.sentence}")
    if diagnosis.scores and diagnosis.scores != diagnosis.sentence:
        console.say(diagnosis.scores)
    if out is not None:
        console.say(f"the two best side by side: {out}")


def _named(row: "TriedContract") -> str:
    return "; ".join(row.changes) or "the manifest's own"
