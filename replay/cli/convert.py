"""`gilmok replay convert`: a recording in another layout, with what is lost told first."""

import argparse
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from replay.cli.which_recording import add_recording, name_recording
from sensors.errors import GilmokError
from sensors.ranges import Fps, in_range
from sensors.terminal import console

if TYPE_CHECKING:
    from replay.datasets.writing.content import Writer
    from replay.recording import Recording

LAYOUTS = ("coco", "cvat", "kitti", "kitti-object", "kitti-tracking", "mcap", "mot", "openlabel", "voc", "yolo")
KITTI, MCAP = "kitti", "mcap"
HOW = {
    "linked": "linked to the originals (hard links)",
    "copied": "copied",
    "drawn": "written anew as PNG: taken out of a video, or turned as their labels are",
}


class NotAgreed(GilmokError):
    def __init__(self) -> None:
        super().__init__("nothing was written: something would be lost", "--yes writes it all the same")


def register(verb: argparse.ArgumentParser) -> None:
    add_recording(verb)
    verb.add_argument(
        "--to", required=True, choices=LAYOUTS, help="the layout to write; kitti: tracking if it has tracks"
    )
    verb.add_argument("--out", required=True, type=Path, help="a folder that isn't there yet")
    verb.add_argument("--fps", type=in_range(Fps), help="frames a second, where the layout needs what nobody said")
    verb.add_argument(
        "--merge",
        action="store_true",
        help="write each label as the class that its data set scores it as: Sedan as vehicle",
    )
    verb.add_argument(
        "--pictures",
        choices=("link", "copy"),
        default="link",
        help="hard links where the disk has them, or copies (default: %(default)s)",
    )
    verb.add_argument("--yes", action="store_true", help="also where something is lost; nobody is asked")
    verb.add_argument("--unsound", action="store_true", help="also what `check` calls not sound")
    verb.set_defaults(call=_convert)


def _convert(chosen: argparse.Namespace) -> int:
    """Exit status 1 where nothing was written."""
    from replay.datasets.writing.conversion import Conversion
    from replay.datasets.writing.whole_folder import check_free
    from replay.recording import check_sound, open_dataset

    check_free(chosen.out)
    name_recording(chosen)
    recording = open_dataset(chosen.dataset, chosen.root).open(chosen.name)
    if not chosen.unsound:
        check_sound(recording)
    if chosen.to == MCAP:
        return _as_mcap(recording, chosen.out)
    writer = _writer(chosen.to, recording)
    with console.bars("count", "remaining") as progress:
        task = progress.add_task("looking at the pictures", total=len(recording.numbers))
        conversion = Conversion(
            recording, writer, fps=chosen.fps, merge=chosen.merge, on_frame=lambda: progress.advance(task)
        )
        losses = conversion.losses
    what = f"the {recording.dataset} recording {recording.name} as {writer.layout}"
    if losses:
        console.say(f"{what} loses:", *(f"  {loss}" for loss in losses))
        _agree(chosen.yes)
    else:
        console.say(f"{what} loses nothing")
    with console.bars("count", "remaining") as progress:
        task = progress.add_task("writing", total=len(conversion.places))
        how = conversion.write(chosen.out, copy=chosen.pictures == "copy", on_frame=lambda: progress.advance(task))
    console.say(*_told(chosen.out, how, writer, writer.called(conversion.content.name)))
    return 0


def _as_mcap(recording: "Recording", out: Path) -> int:
    from replay.cli.record import write
    from replay.datasets.writing.whole_folder import whole_folder

    name = f"{recording.name.replace('/', '-')}.mcap"
    with whole_folder(out) as folder:
        told = write(recording, folder / name)
    console.say(f"the {recording.dataset} recording {recording.name} as mcap loses nothing", *told)
    console.say(f"  gilmok replay check --dataset mcap --root {out}")
    return 0


def _writer(to: str, recording: "Recording") -> "Writer":
    from replay.datasets.writing.formats import WRITERS

    if to == KITTI:
        truths = (recording.truth(number) for number in recording.numbers)
        tracked = any(truth is not None and bool((truth.tracks >= 0).any()) for truth in truths)
        to = "kitti-tracking" if tracked else "kitti-object"
    return WRITERS[to]


def _agree(yes: bool) -> None:
    """Raises NotAgreed."""
    if yes:
        return
    if all(one is not None and one.isatty() for one in (sys.stdin, sys.stderr)):  # closed, they are None
        sys.stderr.write("Write it all the same? [y/N] ")
        sys.stderr.flush()
        if sys.stdin.readline().strip().lower() in ("y", "yes"):
            return
    raise NotAgreed


def _told(out: Path, how: Mapping[str, int], writer: "Writer", name: str) -> list[str]:
    from replay.datasets.soundness import counted

    pictures = [f"{counted(n, 'picture')} {HOW[one]}" for one, n in how.items()]
    makers = [f"  the makers' own has {writer.makers}"] if writer.makers else []
    return [
        f"{out}: read back, and as it should be",
        *(f"  {line}" for line in pictures),
        *makers,
        f"  gilmok replay check --dataset {writer.layout} --root {out} --name {name}",
    ]
