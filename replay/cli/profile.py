"""`gilmok replay profile`: a recorded run by one profile's rules."""

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from replay.runs.loaded import LoadedStream
    from replay.scoring.profiles.figures import ProfileFigures
    from sensors.terminal.text_table import Table


def register(profile: argparse.ArgumentParser) -> None:
    profile.add_argument("run", type=Path, metavar="RUN", help="the run folder")
    profile.add_argument(
        "--profile",
        required=True,
        choices=["official", "crosswalk"],
        help="official: the data set makers' rules. crosswalk: COCO's classes on other labels, each box in a role",
    )
    profile.add_argument("--json", action="store_true", help="print JSON instead of a table")
    profile.set_defaults(call=_profile)


def _profile(chosen: argparse.Namespace) -> int:
    from replay.runs.loaded import read_run
    from sensors.terminal import console

    with console.waiting(f"scoring {chosen.run}"):
        run = read_run(chosen.run)
        scored = [(stream, _scored(stream, chosen.profile)) for stream in run.streams]
    if chosen.json:
        streams = [_told(stream, figures) for stream, figures in scored]
        console.print_json({"run": run.identity.run, "profile": chosen.profile, "streams": streams})
    else:
        for stream, figures in scored:
            console.show(*_parts(stream.name, chosen.profile, figures))
    return 1 if any(figures.unknown for _, figures in scored) else 0


def _scored(stream: "LoadedStream", name: Any) -> "ProfileFigures":
    from replay.scoring.profiles.choice import profile
    from replay.scoring.profiles.figures import ProfileFigures
    from replay.scoring.summary import calibrated_on

    if stream.scored is None:
        return ProfileFigures(unknown=stream.absent)
    if why := calibrated_on(stream.birth, stream.stream, stream.reports):
        return ProfileFigures(unknown=why)
    return profile(stream.scored, name)


def _told(stream: "LoadedStream", figures: "ProfileFigures") -> dict[str, Any]:
    import msgspec

    return {"node": stream.summary.node, "stream": stream.summary.stream, **msgspec.structs.asdict(figures)}


def _parts(stream: str, profile: str, figures: "ProfileFigures") -> "Iterator[str | Table]":
    if figures.unknown:
        yield f"{stream}: no figures by the profile {profile}: {figures.unknown}"
        return
    yield _table(f"{stream}, profile {profile}", figures)
    yield from (f"{name}: {rule}" for name, rule in figures.rules.items())
    yield from (f"left out of the mean: {name}: {why}" for name, why in figures.left_out.items())
    if figures.unmapped:
        yield f"{figures.unmapped} found boxes are of classes that are not evaluated"


def _table(title: str, figures: "ProfileFigures") -> "Table":
    """Figures down, classes across: profiles have many of the ones and few of the others."""
    from sensors.terminal.figures import is_end, sure
    from sensors.terminal.text_table import Table, numbers

    columns = {"mean": figures.overall, **figures.per_class}
    table = Table(f"{title} (with 95 % intervals)", ["figure", *numbers(*columns)])
    rows = dict.fromkeys(row for column in columns.values() for row in column)
    for row in rows:
        if not is_end(row, rows):
            table.add(row, *(sure(column, row) for column in columns.values()))
    return table
