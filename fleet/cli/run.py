"""`gilmok run`: a whole scenario from one file."""

from datetime import UTC, datetime
from pathlib import Path

from sensors.terminal.command_line import command_parser


def main(argv: list[str]) -> int:
    parser = command_parser(
        prog="gilmok run",
        description="Run a scenario: broker, hub and nodes, each a process of its own; then tell how it went.",
    )
    parser.add_argument("scenario", type=Path, metavar="SCENARIO.toml")
    parser.add_argument("--out", type=Path, help="the run folder to make (default: runs/<scenario>-<now>)")
    parser.add_argument("--json", action="store_true", help="print summary.json instead of tables")
    parser.add_argument(
        "--unsound", action="store_true", help="score recordings that `gilmok replay check` calls unsound, too"
    )
    chosen = parser.parse_args(argv)

    from fleet.scenario.scenario import read_scenario
    from fleet.scenario.terminal import run_at_terminal

    scenario = read_scenario(chosen.scenario, unsound=chosen.unsound)
    return run_at_terminal(scenario, chosen.out or fresh_folder(scenario.name), chosen.json)


def fresh_folder(name: str) -> Path:
    """Where a run goes that was given no folder."""
    return Path("runs") / f"{name}-{datetime.now(UTC):%Y%m%dT%H%M%SZ}"
