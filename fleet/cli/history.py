"""`gilmok hub history|rollup|prune`: what a fleet did by minute, hour or day; and what the ledger keeps of it."""

import argparse
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from fleet.cli.ledger import existing, settings, verb
from sensors.errors import GilmokError
from sensors.ranges import DaysOrNone, in_range

if TYPE_CHECKING:
    from fleet.ledger.rollups.history import Point

UNITS_S = {"m": 60, "h": 3600, "d": 86_400}
DAY_S = 86_400
COLUMNS = ("begin", "node", "stream", "captured", "ok", "failed", "dropped", "down", "late", "total p50", "total p99")


def register(verbs: "argparse._SubParsersAction[Any]") -> None:
    history = verb(verbs, "history", _history, "each stream's frames and latencies by step of time, out of the rollups")
    history.add_argument("--since", type=_instant, default="24h", help="2026-05-01, 2026-05-01T07:30 (UTC) or 7d ago")
    history.add_argument("--until", type=_instant, default="0m", help="likewise (default: now)")
    history.add_argument("--step", type=_step, default="1h", help="15m, 1h, 1d: whole minutes (default: 1h)")
    history.add_argument("--node", help="one node alone")
    history.add_argument("--json", action="store_true", help="print JSON, with all stages, classes and measures")
    verb(verbs, "rollup", _rollup, "add what is booked to the rollups now, as a hub does while it runs")
    pruning = verb(verbs, "prune", _prune, "take out reports that are in the rollups and older than DAYS")
    pruning.add_argument(
        "--days", type=in_range(DaysOrNone), metavar="DAYS", help="default: reports_days of [retention] in HUB.toml"
    )


class DaysUnknown(GilmokError):
    def __init__(self) -> None:
        super().__init__("nobody says how long reports are kept", "name --days, or reports_days under [retention]")


class SpanEmpty(GilmokError):
    def __init__(self, *ends_s: int) -> None:
        since, until = (datetime.fromtimestamp(end_s, UTC).isoformat(" ", "minutes") for end_s in ends_s)
        super().__init__(f"nothing lies between {since} and {until}", "name a --since that is before --until")


def _span(text: str) -> int:
    number, unit = text[:-1], text[-1:]
    if not (number.isascii() and number.isdigit() and unit in UNITS_S and len(number) < 7):
        raise argparse.ArgumentTypeError(f"{text!r} is no span of time; write 15m, 1h or 7d")
    return int(number) * UNITS_S[unit]


def _step(text: str) -> int:
    """Seconds, a minute at least."""
    if (seconds := _span(text)) < UNITS_S["m"]:
        raise argparse.ArgumentTypeError(f"{text!r} is no step of time; write 15m, 1h or 1d")
    return seconds


def _instant(text: str) -> int:
    """Seconds of UTC."""
    try:
        if text[-1:] in UNITS_S:
            return int((datetime.now(UTC) - timedelta(seconds=_span(text))).timestamp())
        found = datetime.fromisoformat(text)
        return int((found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp())
    except (ValueError, OverflowError):  # the latter: before the calendar begins
        raise argparse.ArgumentTypeError(f"{text!r} is no instant; write 2026-05-01T07:30, or 7d") from None


def _history(chosen: argparse.Namespace) -> int:
    import msgspec

    from fleet.ledger.rollups.history import History
    from fleet.reporting.listing import utc
    from sensors.clock import NS_PER_S
    from sensors.terminal import console
    from sensors.terminal.text_table import Column, Table

    asked = chosen.since, chosen.until, chosen.step, chosen.node
    if chosen.since >= chosen.until:
        raise SpanEmpty(chosen.since, chosen.until)
    with History(settings(chosen).where) as history:
        points, nodes, minutes_since = history.streams(*asked), history.nodes(*asked), history.minutes_since()
        holes = history.holes(chosen.since, chosen.until, chosen.node)
    if chosen.json:
        plain = {"streams": points, "nodes": nodes, "holes": holes, "minutes_since_utc_s": minutes_since}
        console.print_json(msgspec.to_builtins(plain))
        return 0
    if not points:
        console.say("no report of that time is in the rollups; `gilmok hub rollup` adds what is booked")
        return 0
    table = Table("", [Column(name, right=number > 2) for number, name in enumerate(COLUMNS)])
    for point in points:
        table.add(utc(point.begin_utc_s * NS_PER_S).removesuffix(":00 UTC"), *_cells(point))
    console.show(table, "latencies to within 1 %; -: nobody told it")
    if holes:
        still = sum(hole.closed_utc_ns is None for hole in holes)
        console.show(f"{len(holes)} holes in the reports of that time, {still} still open: --json tells them")
    if chosen.step % UNITS_S["h"] and minutes_since is not None and chosen.since < minutes_since:
        console.show(f"before {utc(minutes_since * NS_PER_S)} no minutes are kept: ask with --step 1h")
    return 0


def _cells(point: "Point") -> list[str]:
    total = point.latency.get("total")
    counts = (point.captured, point.ok, point.failed, point.dropped, point.down, point.late)
    return [
        f"{point.site}/{point.node}",
        point.stream,
        *("-" if count is None else str(count) for count in counts),
        *(["-", "-"] if total is None else (f"{ns / 1e6:.1f} ms" for ns in (total.p50_ns, total.p99_ns))),
    ]


def _rollup(chosen: argparse.Namespace) -> int:
    from fleet.ledger.rollups.roll import Rollups
    from sensors.terminal import console

    with console.waiting("adding to the rollups"), Rollups(existing(chosen)) as rollups:
        added = rollups.roll()
    console.say(f"{added} reports added")
    return 0


def _prune(chosen: argparse.Namespace) -> int:
    from fleet.ledger.rollups.prune import prune_reports
    from fleet.ledger.rollups.roll import Rollups
    from sensors.clock import NS_PER_S, SystemClock
    from sensors.terminal import console

    days = chosen.days if chosen.days is not None else settings(chosen).retention.reports_days
    if days is None:
        raise DaysUnknown
    where = existing(chosen)
    with console.waiting("taking out what is old"):
        with Rollups(where) as rollups:
            rollups.roll()
        pruned = prune_reports(where, SystemClock().now().utc_ns - int(days * DAY_S * NS_PER_S))
    console.say(f"{pruned} reports taken out; they are in the rollups")
    return 0
