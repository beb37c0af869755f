"""`gilmok fleet rollout`: bring a model to units in waves; watch, pause, resume, abort; what became of it and why."""

import argparse
import getpass
import platform
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sensors.errors import GilmokError
from sensors.terminal.command_line import command_parser

if TYPE_CHECKING:
    from fleet.config import HubConfig
    from fleet.rollout.plan import OfflineGates
    from fleet.rollout.records import Rollout

HUB = Path("hub.toml")
OVERVIEW = ("id", "name", "status", "wave", "waves", "units", "active", "failed", "began", "by")
WAVES = ("wave", "asks", "stands", "target", "sent", "have_it", "failed")
GATES = ("gate", "chip", "verdict", "shown_before", "shown_now", "shown_worse", "shown_margin", "looks", "units")
CHANGES = ("at", "who", "what", "unit", "why")
VERBS = ("start", "status", "watch", "pause", "resume", "abort", "history")
BAD_ENDS = ("halted", "rolled back", "aborted")
POLL_S = 1.0
WORSE = 3
SILENT_S = 60.0
"""A hub that looks says so at each look."""


class NoHubActs(GilmokError):
    def __init__(self) -> None:
        super().__init__(
            f"no hub has acted on rollouts for {SILENT_S:g} s; this one stays as it is until one does",
            "start it (`gilmok hub run HUB.toml`), then `gilmok fleet rollout watch`",
        )


def main(argv: list[str]) -> int:
    parser = command_parser(prog="gilmok fleet rollout", description=__doc__)
    verbs = parser.add_subparsers(dest="verb", required=True)
    start = verbs.add_parser("start", help="begin what ROLLOUT.toml says, and follow it (the word may be left out)")
    start.add_argument("plan", type=Path, metavar="ROLLOUT.toml")
    start.add_argument("--no-watch", action="store_true", help="only begin it: the hub goes on with it by itself")
    start.set_defaults(call=_start)
    for name, call, text in (
        ("status", _status, "every rollout; or one: its waves, gates and units"),
        ("watch", _watch, "follow one until it is over"),
        ("history", _history, "all that became of one: when, who, and why"),
        ("pause", _pause, "send it to nobody else for now; what it does where it is still counts"),
        ("resume", _resume, "let a paused one go on, also where its gates couldn't tell"),
        ("abort", _abort, "end it: units that have the bundle keep it, or all go back"),
    ):
        verb = verbs.add_parser(name, help=text)
        verb.add_argument("which", nargs="?", default="", metavar="ID", help="its id or name (default: the newest)")
        verb.set_defaults(call=call)
        if name in ("pause", "resume", "abort"):
            verb.add_argument("--why", default="", help="one sentence for the others")
    verbs.choices["abort"].add_argument("--roll-back", action="store_true", help="every unit goes back to what it had")
    verbs.choices["status"].add_argument("--units", action="store_true", help="list its units, too")
    for verb in verbs.choices.values():
        verb.add_argument("--hub", type=Path, default=HUB, metavar="HUB.toml", help="default: %(default)s")
        verb.add_argument("--json", action="store_true", help="print JSON instead of tables")
    named = not argv or argv[0] in VERBS or argv[0].startswith("-")
    chosen = parser.parse_args(argv if named else ["start", *argv])
    return int(chosen.call(chosen))


def _start(chosen: argparse.Namespace) -> int:
    from fleet.rollout.begin import asked_for, begin
    from fleet.rollout.plan import RolloutPlan
    from sensors import config
    from sensors.clock import SystemClock
    from sensors.plugins import need
    from sensors.terminal import console

    hub = _hub(chosen)
    plan = config.read(chosen.plan, RolloutPlan)
    need("scipy.special", "statistics", "the gates of a rollout")
    with console.waiting("verifying the bundle"):
        asked = asked_for(plan)
    if plan.offline is not None and (bars := _not_cleared(plan.offline)):
        console.warn("nothing was sent: these bars are not cleared", *bars)
        return WORSE
    number = begin(hub, asked, _who(), SystemClock().now().utc_ns)
    for other in _others(hub, number):
        console.warn(f"rollout {other} isn't over: units that it has are left alone until it is")
    if chosen.no_watch:
        if chosen.json:
            console.print_json({"id": number, "name": plan.name, "digest": asked.deployment.digest})
        else:
            console.say(f"rollout {plan.name} has begun (id {number})")
        return 0
    return _follow(hub, str(number), chosen.json)


def _not_cleared(offline: "OfflineGates") -> list[str]:
    """By the rules of `gilmok replay gate`."""
    from replay.gates.bars import Gates
    from replay.gates.gate import failed, held
    from sensors import config
    from sensors.terminal import console

    with console.waiting("holding the runs against their bars"):
        result = held(config.read(offline.gates, Gates), offline.gates, offline.runs, offline.baseline)
    return [f"{bar.name}: {bar.why}" if bar.why else bar.name for bar in failed(result)]


def _others(hub: "HubConfig", rollout: int) -> list[str]:
    """Names of those that aren't over."""
    from fleet.ledger.rollouts.rows import RolloutRows

    with RolloutRows(hub.where, write=False) as rows:
        return [f"{row.name} ({row.status})" for row in rows.unsettled() if row.id != rollout]


def _watch(chosen: argparse.Namespace) -> int:
    return _follow(_hub(chosen), chosen.which, chosen.json)


def _follow(hub: "HubConfig", which: str, as_json: bool) -> int:
    """Until it is over or paused: 0 done, 1 a person is needed, 3 it was no good."""
    from fleet.ledger.rollouts.rows import RolloutRows
    from fleet.rollout.listing import change_row, whole
    from fleet.rollout.records import find
    from sensors.clock import NS_PER_S, SystemClock
    from sensors.terminal import console
    from sensors.terminal.foreign_text import shown

    clock, told = SystemClock(), 0
    beat, beaten_ns = None, clock.now().mono_ns
    with RolloutRows(hub.where, write=False) as rows, console.bars("count", "stands", drawn=not as_json) as bars:
        rollout = find(rows, which)
        task = bars.add_task(rollout.name, stands="")
        while True:
            changes = rows.changes(rollout.id)
            if not as_json:
                for one in map(change_row, changes[told:]):
                    # Beside a bar that is drawn, only what draws it may write.
                    line = _line(one)
                    console.say(line) if bars.disable else bars.print(shown(line), markup=False, highlight=False)
            told = len(changes)
            state = rollout.state
            have_it = sum(unit.phase == "active" for unit in state.units)
            stands = f"wave {state.wave + 1} of {len(rollout.asked.plan.wave)}, {state.status}"
            bars.update(task, completed=have_it, total=max(len(state.units), 1), stands=stands)
            if not state.live or state.status == "paused":
                break
            now_ns, actor = clock.now().mono_ns, rows.actor()
            if actor != beat:
                beat, beaten_ns = actor, now_ns
            elif now_ns - beaten_ns > SILENT_S * NS_PER_S:
                raise NoHubActs
            clock.sleep_until(now_ns + int(POLL_S * NS_PER_S))
            rollout = find(rows, str(rollout.id))
    if as_json:
        console.print_json(whole(rollout))
    else:
        console.say(f"{rollout.name} is {state.status}: {state.why}")
    return {"done": 0, "paused": 1}.get(state.status, WORSE)


def _line(change: dict[str, Any]) -> str:
    where = f"{change['unit']} " if change["unit"] else ""
    why = f": {change['why']}" if change["why"] else ""
    return f"{change['at']}  {where}{change['what']}{why}"


def _status(chosen: argparse.Namespace) -> int:
    from fleet.ledger.rollouts.rows import RolloutRows
    from fleet.rollout.listing import overview, whole
    from fleet.rollout.records import find
    from sensors.terminal import console

    with RolloutRows(_hub(chosen).where, write=False) as rows:
        if not chosen.which:
            every = [overview(row) for row in rows.every()]
            if chosen.json:
                console.print_json(every)
            elif not every:
                console.say("no rollout yet")
            else:
                _table(every, OVERVIEW)
                console.show(*(f"{one['name']}: {one['why']}" for one in every if one["why"]))
            return 0
        told = whole(find(rows, chosen.which))
    if chosen.json:
        console.print_json(told)
        return 0
    console.show(f"{told['name']} (id {told['id']}): {told['status']}{': ' if told['why'] else ''}{told['why']}")
    _table(told["wave_rows"], WAVES)
    _table(told["gates"], GATES)
    if chosen.units:
        _table(told["unit_rows"], ("site", "node", "chip", "phase", "wave", "since", "runs", "why"))
    else:
        for one in told["unit_rows"]:
            if one["why"]:
                console.show(f"{one['site']}/{one['node']} {one['phase']}: {one['why']}")
    return 0


def _history(chosen: argparse.Namespace) -> int:
    from fleet.ledger.rollouts.rows import RolloutRows
    from fleet.rollout.listing import change_row
    from fleet.rollout.records import find
    from sensors.terminal import console

    with RolloutRows(_hub(chosen).where, write=False) as rows:
        changes = [change_row(one) for one in rows.changes(find(rows, chosen.which).id)]
    if chosen.json:
        console.print_json(changes)
    else:
        _table(changes, CHANGES)
    return 0


def _pause(chosen: argparse.Namespace) -> int:
    from fleet.rollout.begin import pause
    from sensors.clock import SystemClock

    return _told(pause(_hub(chosen), chosen.which, _who(), chosen.why, SystemClock().now().utc_ns), chosen.json)


def _resume(chosen: argparse.Namespace) -> int:
    from fleet.rollout.begin import resume
    from sensors.clock import SystemClock

    return _told(resume(_hub(chosen), chosen.which, _who(), chosen.why, SystemClock().now().utc_ns), chosen.json)


def _abort(chosen: argparse.Namespace) -> int:
    from fleet.rollout.begin import abort
    from sensors.clock import SystemClock

    now_ns = SystemClock().now().utc_ns
    aborted = abort(_hub(chosen), chosen.which, _who(), chosen.why, now_ns, back=chosen.roll_back)
    return _told(aborted, chosen.json)


def _told(rollout: "Rollout", as_json: bool) -> int:
    from fleet.rollout.listing import overview
    from sensors.terminal import console

    if as_json:
        console.print_json(overview(rollout.row()))
    else:
        why = f": {rollout.state.why}" if rollout.state.why else ""
        console.say(f"{rollout.name} (id {rollout.id}) is {rollout.state.status}{why}")
    return 0


def _table(rows: list[dict[str, Any]], columns: tuple[str, ...]) -> None:
    from sensors.terminal import console
    from sensors.terminal.text_table import Column, Table

    if not rows:
        return
    heads = [name.removeprefix("shown_").replace("_", " ") for name in columns]
    table = Table(
        "", [Column(head, right=isinstance(rows[0][name], int)) for head, name in zip(heads, columns, strict=True)]
    )
    for row in rows:
        table.add(*("-" if row[name] is None else str(row[name]) for name in columns))
    console.show(table)


def _hub(chosen: argparse.Namespace) -> "HubConfig":
    from fleet.config import HubConfig
    from sensors import config

    return config.read(chosen.hub, HubConfig)


def _who() -> str:
    try:
        name = getpass.getuser()
    except (OSError, KeyError):  # nobody of that number is known here
        name = "somebody"
    return f"{name}@{platform.node()}"
