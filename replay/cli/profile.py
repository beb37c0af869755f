"""`gilmok replay profile`: a recorded run by one profile's rules."""

import argparse
import sys
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.table import Table

    from replay.runs.loaded import LoadedStream
    from replay.scoring.profiles.figures import ProfileFigures


def register(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    profile = verbs.add_parser("profile", help="score a recorded run by its data set's own rules, or by roles")
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
    import msgspec
    from rich.console import Console

    from replay.runs.loaded import read_run

    console = Console(stderr=True)
    with console.status(f"scoring {chosen.run}") if console.is_terminal else nullcontext():
        run = read_run(chosen.run)
        scored = [(stream, _scored(stream, chosen.profile)) for stream in run.streams]
    if chosen.json:
        streams = [_told(stream, figures) for stream, figures in scored]
        told = {"run": run.identity.run, "profile": chosen.profile, "streams": streams}
        sys.stdout.buffer.write(msgspec.json.format(msgspec.json.encode(told), indent=2) + b"\n")
    else:
        output = Console(highlight=False)
        for stream, figures in scored:
            _print(output, stream.name, chosen.profile, figures)
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


def _print(output: Any, stream: str, profile: str, figures: "ProfileFigures") -> None:
    if figures.unknown:
        output.print(f"{stream}: no figures by the profile {profile}: {figures.unknown}", soft_wrap=True)
        return
    output.print(_table(f"{stream}, profile {profile}", figures))
    for name, rule in figures.rules.items():
        output.print(f"{name}: {rule}", soft_wrap=True)
    for name, why in figures.left_out.items():
        output.print(f"left out of the mean: {name}: {why}", soft_wrap=True)
    if figures.unmapped:
        output.print(f"{figures.unmapped} found boxes are of classes that are not evaluated", soft_wrap=True)


def _table(title: str, figures: "ProfileFigures") -> "Table":
    """Figures down, classes across: profiles have many of the ones and few of the others."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    columns = {"mean": figures.overall, **figures.per_class}
    table = Table(title=title, title_justify="left", title_style="bold", box=SIMPLE_HEAD, pad_edge=False)
    table.add_column("figure")
    for name in columns:
        table.add_column(name, justify="right")
    for row in dict.fromkeys(row for column in columns.values() for row in column):
        table.add_row(row, *(_cell(row, column) for column in columns.values()))
    return table


def _cell(row: str, column: "dict[str, float | None]") -> str:
    from replay.runs.tables import figure

    value = column.get(row)
    return str(value) if isinstance(value, int) else figure(value)
