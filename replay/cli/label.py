"""`gilmok replay label`: a stronger model's findings as the truth that nobody wrote, marked as proposals."""

import argparse
from pathlib import Path

from replay.cli.which_recording import add_recording, name_recording
from sensors.ranges import Share, in_range


def register(label: argparse.ArgumentParser) -> None:
    add_recording(label)
    label.add_argument("--teacher", required=True, metavar="MODEL", help="a model's name or file, a stronger one")
    label.add_argument("--backend", default="onnxruntime", help="what runs it (default: %(default)s)")
    label.add_argument("--device", default="cpu", help="of the backend (default: %(default)s)")
    label.add_argument(
        "--least-score", type=in_range(Share), default=0.5, help="from this on a finding is proposed (default: .5)"
    )
    label.add_argument("--out", required=True, type=Path, metavar="DIR", help="a folder that isn't there yet")
    label.set_defaults(call=_label)


def _label(chosen: argparse.Namespace) -> int:
    from edge.config import BackendChoice, ModelChoice
    from replay.cli.record import write
    from replay.datasets.soundness import counted
    from replay.datasets.writing.whole_folder import check_free, whole_folder
    from replay.recording import open_dataset
    from replay.teaching.teacher import propose
    from sensors.clock import SystemClock
    from sensors.terminal import console
    from sensors.terminal.exit_status import DONE

    check_free(chosen.out)
    name_recording(chosen)
    recording = open_dataset(chosen.dataset, chosen.root).open(chosen.name)
    backend = BackendChoice(name=chosen.backend, device=chosen.device)
    with console.bars("count", "remaining") as progress:
        task = progress.add_task("asking the teacher", total=len(recording.numbers))
        taught = propose(
            recording,
            ModelChoice.of(chosen.teacher),
            backend,
            chosen.least_score,
            SystemClock(),
            lambda: progress.advance(task),
        )
    name = recording.name.replace("/", "-")
    with whole_folder(chosen.out) as folder:
        told = write(taught.proposals, folder / f"{name}.mcap")
    unanswered = [f"  {counted(taught.unanswered, 'frame')} failed: nobody labelled them"] if taught.unanswered else []
    console.say(
        f"{chosen.out}: {counted(taught.boxes, 'proposed box')} in {len(recording.numbers)} frames",
        *unanswered,
        *told,
        f"  a score over it says: {taught.proposals.note}",
        f"  how far a model is from its teacher: `gilmok replay run --root {chosen.out} --model MODEL`",
        f"  for people who correct it: `gilmok replay convert --root {chosen.out} --to cvat --out DIR`",
    )
    return DONE
