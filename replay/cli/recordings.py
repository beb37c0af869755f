"""`gilmok replay list` and `gilmok replay check`: what is in a folder, and is it sound?"""

import argparse
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from replay.cli.which_recording import add_dataset, name_dataset
from replay.recording import Recording
from sensors.errors import GilmokError


def register_list(verb: argparse.ArgumentParser) -> None:
    _register(verb, _list)


def register_check(verb: argparse.ArgumentParser) -> None:
    verb.add_argument("--name", help="only this recording")
    _register(verb, _check)


def _register(verb: argparse.ArgumentParser, call: Callable[[argparse.Namespace], int]) -> None:
    add_dataset(verb)
    verb.add_argument("--json", action="store_true", help="print JSON instead of a table")
    verb.set_defaults(call=call)


def facts(recording: Recording) -> dict[str, Any]:
    """What `list` tells of a recording; needs no picture."""
    from replay.truth import Role, joined

    truths = [truth for number in recording.numbers if (truth := recording.truth(number)) is not None]
    every = joined(truths)
    rows = every.pick(~every.of_role(Role.REGION))
    return {
        "name": recording.name,
        "frames": len(recording.numbers),
        "first": recording.numbers[0] if recording.numbers else None,
        "fps": None if math.isnan(recording.fps) else recording.fps,
        "labelled": len(truths),
        "boxes": len(rows),
        "tracks": len({track for track in rows.tracks.tolist() if track >= 0}),
        "scored_for": list(recording.groups),
        "note": recording.note,
    }


def _list(chosen: argparse.Namespace) -> int:
    """Exit status 1 where there is nothing, or something that can't be opened."""
    from sensors.terminal import console
    from sensors.terminal.text_table import Table, numbers

    name_dataset(chosen)
    found = [
        facts(what) if not isinstance(what, GilmokError) else {"name": name, "error": what.sentence}
        for name, what in _opened(chosen, None)
    ]
    broken = any("error" in row for row in found)
    if chosen.json:
        console.print_json({"dataset": chosen.dataset, "root": str(chosen.root), "recordings": found})
        return int(broken or not found)
    title = f"{chosen.dataset} recordings in {chosen.root}" if found else f"no recordings in {chosen.root}"
    heads = numbers("frames", "first", "fps", "labelled", "boxes", "tracks")
    table = Table("", ["recording", *heads, "scored for"])
    for row in found:
        if "error" not in row:
            table.add(row["name"], *_cells(row))
    remarks = [(row["name"], row.get("error") or row["note"]) for row in found]
    console.show(title, *([table] if table.rows else []), *(f"{name}: {told}" for name, told in remarks if told))
    return int(broken or not found)


def _check(chosen: argparse.Namespace) -> int:
    """Exit status 1 where anything is not sound, or damaged."""
    from sensors.terminal import console

    name_dataset(chosen)
    rows = [_looked_at(name, what) for name, what in _opened(chosen, chosen.name)]
    wrong = not rows or any(row["complaints"] for row in rows)
    if chosen.json:
        console.print_json({"dataset": chosen.dataset, "root": str(chosen.root), "recordings": rows})
        return int(wrong)
    if not rows:
        console.say(f"no recordings in {chosen.root}")
    for row in rows:
        console.say(
            f"{row['name']}: {'sound' if row['sound'] else 'not sound'}",
            *(f"  {sentence}" for sentence in row["complaints"]),
            *(f"  remark: {sentence}" for sentence in row["remarks"]),
        )
    return int(wrong)


def _looked_at(name: str, what: Recording | GilmokError) -> dict[str, Any]:
    """What `check` tells of a recording; decodes every picture."""
    from replay.recording import Severity
    from sensors.terminal import console

    if isinstance(what, GilmokError):
        return {"name": name, "sound": False, "complaints": [what.sentence], "remarks": []}
    with console.bars("count", "remaining") as progress:
        task = progress.add_task(name, total=len(what.numbers))
        problems = list(what.problems(on_picture=lambda: progress.advance(task)))
    complaints = [one.what for one in problems if one.severity is not Severity.REMARK]
    remarks = [one.what for one in problems if one.severity is Severity.REMARK]
    return {"name": name, "sound": not complaints, "complaints": complaints, "remarks": remarks}


def _opened(chosen: argparse.Namespace, only: str | None) -> Iterator[tuple[str, Recording | GilmokError]]:
    """Each recording, or why it can't be opened; a recording asked for by name must open."""
    from replay.recording import open_dataset
    from sensors.terminal import console

    dataset = open_dataset(chosen.dataset, chosen.root)
    if only is not None:
        yield only, dataset.open(only)
        return
    names = dataset.recordings()
    with console.bars("count") as progress:
        task = progress.add_task("reading", total=len(names))
        for name in names:
            try:
                yield name, dataset.open(name)
            except GilmokError as error:
                yield name, error
            progress.advance(task)


def _cells(row: Mapping[str, Any]) -> Sequence[str]:
    from sensors.terminal.figures import short

    first = "-" if row["first"] is None else str(row["first"])
    counts = [str(row[key]) for key in ("labelled", "boxes", "tracks")]
    return [str(row["frames"]), first, short(row["fps"]), *counts, ", ".join(row["scored_for"])]
