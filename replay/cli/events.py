"""`gilmok replay events`: the minutes of a run or a recording that are worth looking at."""

import argparse
from pathlib import Path


def register(events: argparse.ArgumentParser) -> None:
    events.add_argument(
        "subject", type=Path, metavar="RUN|RECORDING", help="a run's folder; an MCAP file, or a stream's folder of them"
    )
    events.add_argument(
        "--rules", type=Path, metavar="RULES.toml", help="rules to go by (default: the marks that the node's own made)"
    )
    events.add_argument("--json", action="store_true", help="print JSON instead of a table")
    events.set_defaults(call=_events)


def _events(chosen: argparse.Namespace) -> int:
    from datetime import UTC, datetime

    from edge.scene.rules import Rules
    from replay.events.events import events_of
    from replay.events.reported import reported
    from sensors import config
    from sensors.clock import NS_PER_S
    from sensors.terminal import console
    from sensors.terminal.exit_status import DONE
    from sensors.terminal.text_table import Table, numbers

    rules = None if chosen.rules is None else config.read(chosen.rules, Rules)
    with console.waiting(f"reading {chosen.subject}"):
        streams = reported(chosen.subject)
        found = events_of(streams, rules)
    for what in dict.fromkeys(what for one in streams for what in one.damage):
        console.warn(f"{what}; what happened there is not told")
    if chosen.json:
        console.print_json(found)
        return DONE
    frames = sum(len(one.reports) for one in streams)
    if not found:
        console.say(f"no events in {frames} reported frames")
        return DONE
    table = Table("Events", ["stream", "event", "began (UTC)", *numbers("s", "frames", "first frame", "last frame")])
    for one in found:
        began = datetime.fromtimestamp(one.began_utc_ns // NS_PER_S, UTC)
        table.add(
            one.stream, one.event, f"{began:%Y-%m-%d %H:%M:%S}", f"{one.seconds:.1f}", str(one.frames),
            str(one.first_seq), str(one.last_seq),
        )  # fmt: skip
    console.show(table, f"{len(found)} events in {frames} reported frames")
    return DONE
