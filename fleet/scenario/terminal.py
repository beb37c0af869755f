"""A scenario conducted for a person: progress while it runs, then tables, the run folder and its report."""

import shlex
from pathlib import Path

from fleet.scenario import browser
from fleet.scenario.launch import PARTS, ScenarioRun
from fleet.scenario.progress import bars
from fleet.scenario.scenario import Scenario
from replay.report.conclusion import conclude
from sensors.clock import SystemClock
from sensors.logs import to_stderr
from sensors.signals import Postponable, ended_by_signals
from sensors.terminal import console
from sensors.terminal.exit_status import INTERRUPTED


def run_at_terminal(
    scenario: Scenario, folder: Path, as_json: bool, *, report: bool = True, strict: bool = False, stay: bool = False
) -> int:
    """Run it into `folder` and tell how it went, on standard output; the exit status.

    The first Ctrl-C or SIGTERM ends it with what it has, within two seconds; a second Ctrl-C at once. 1 where something
    went wrong beside the drops, which a busy machine may well have; a part that died and came back is no more than
    told, unless frames were due meanwhile and nobody there. `report`: whether to draw the page at once; `strict` as of
    `ScenarioRun`. `stay`: show the dashboard until another Ctrl-C.
    """
    to_stderr()
    run = ScenarioRun(scenario, folder, SystemClock(), strict=strict)
    drawing = Postponable(later=not report)
    seen: list[str] = []
    showing = browser.Showing()

    def show(dashboard: str) -> None:
        seen.append(dashboard)
        browser.open_browser(dashboard)

    def hub_ended() -> None:
        if stay:
            showing.begin(folder / PARTS / "hub.toml", run.door)

    def stop() -> None:
        run.stop()
        drawing.put_off()

    try:
        with ended_by_signals(stop, hurry=run.scoring.put_off, finishing=lambda: run.ending):
            with bars(scenario, show) as watch:
                summary = run.run(watch, hub_ended)
            conclude(folder, summary, as_json, drawing)
        if run.stopped:
            return INTERRUPTED
        showing.wait()
    finally:
        showing.end()
    if not stay and seen and not as_json:
        console.show(
            f"`gilmok hub web --hub {shlex.quote(str(folder / PARTS / 'hub.toml'))}` shows its dashboard again"
        )
    lost = summary.frames.failed or summary.frames.down or not summary.books.balanced
    return 1 if summary.troubles or lost else 0
