"""`gilmok replay record` and `recover`: MCAP files of recordings, videos and cameras, and what a killed writer left."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from replay.cli.which_recording import name_recording
from sensors.errors import GilmokError
from sensors.ranges import Seconds, in_range
from sensors.terminal import console

if TYPE_CHECKING:
    from replay.recording import Recording

ENDING = ".mcap"


class NotOneSource(GilmokError):
    def __init__(self) -> None:
        super().__init__("what is to be recorded?", "name a video, a folder of pictures or an address, or a --root")


class NoMcapName(GilmokError):
    def __init__(self, path: Path) -> None:
        super().__init__(f"{path} is no name of an MCAP file", f"name one that ends in {ENDING}")


class OutTaken(GilmokError):
    def __init__(self, path: Path) -> None:
        super().__init__(f"{path} is there already", "name another with --out, or remove it")


class FolderAbsent(GilmokError):
    def __init__(self, path: Path) -> None:
        super().__init__(f"there is no folder {path.parent} for {path}", "make it first")


class NothingToRecover(GilmokError):
    def __init__(self, path: Path) -> None:
        super().__init__(
            f"{path} holds not a single whole message: nothing was written", "there is nothing to take out"
        )


def register(verb: argparse.ArgumentParser) -> None:
    verb.add_argument(
        "source", nargs="?", metavar="SOURCE", help="a video, a folder of pictures, or a camera's address"
    )
    verb.add_argument("--dataset", help="the data set's layout (default: the folder's own)")
    verb.add_argument("--root", type=Path, help="in the place of SOURCE: a data set's folder; its truth is taken, too")
    verb.add_argument("--name", help="the recording, where the folder holds several (`gilmok replay list`)")
    verb.add_argument("--seconds", type=in_range(Seconds), help="of a SOURCE; without it, to its end or to Ctrl-C")
    verb.add_argument("--out", type=Path, required=True, metavar="FILE.mcap")
    verb.set_defaults(call=_record)


def register_recover(verb: argparse.ArgumentParser) -> None:
    verb.add_argument("file", type=Path, metavar="FILE.mcap", help="what was cut off or damaged; it stays as it is")
    verb.add_argument("--out", type=Path, metavar="FILE.mcap", help="default: FILE-recovered.mcap beside it")
    verb.set_defaults(call=_recover)


def write(recording: "Recording", out: Path) -> list[str]:
    """The recording as the MCAP file `out`; what is to be said of it."""
    from replay.datasets.soundness import counted
    from replay.datasets.writing.mcap import write_mcap
    from sensors.clock import SystemClock

    with console.bars("count", "remaining") as progress:
        task = progress.add_task("writing", total=len(recording.numbers))
        written = write_mcap(recording, out, SystemClock(), lambda: progress.advance(task))
    how = [
        (written.as_stored, "as they are stored"),
        (written.as_png, "written anew as PNG, without loss: taken out of a video, or turned as their labels are"),
        (written.unreadable, "unreadable: frames with a fault"),
    ]
    return [f"  {counted(n, 'picture')} {words}" for n, words in how if n]


def _record(chosen: argparse.Namespace) -> int:
    _check_out(chosen.out)
    if (chosen.source is None) == (chosen.root is None):
        raise NotOneSource
    if chosen.root is None:
        from replay.cli.record_source import record_source

        return record_source(chosen.source, chosen.seconds, chosen.out)
    from replay.recording import open_dataset

    name_recording(chosen)
    recording = open_dataset(chosen.dataset, chosen.root).open(chosen.name)
    told = write(recording, chosen.out)
    console.say(
        f"{chosen.out}: the {recording.dataset} recording {recording.name}, {len(recording.numbers)} frames", *told
    )
    return 0


def _check_out(path: Path) -> None:
    if path.suffix.lower() != ENDING:
        raise NoMcapName(path)
    if path.exists():
        raise OutTaken(path)
    if not path.parent.is_dir():
        raise FolderAbsent(path)


def _recover(chosen: argparse.Namespace) -> int:
    """Exit status 1 where nothing was written."""
    from replay.datasets.soundness import counted
    from sensors.mcap.recover import recover

    out = chosen.out or chosen.file.with_name(f"{chosen.file.stem}-recovered{ENDING}")
    _check_out(out)
    with console.bars("bytes") as progress:
        task = progress.add_task("reading", total=chosen.file.stat().st_size if chosen.file.is_file() else None)
        found = recover(chosen.file, out, lambda at: progress.update(task, completed=at))
    if not found.messages:
        out.unlink()
        raise NothingToRecover(chosen.file)
    console.say(f"{out}: {counted(found.messages, 'message')} out of {chosen.file}")
    console.say(*(f"  left out: {what}" for what in found.damage) if found.damage else ("  it was whole",))
    return 0
