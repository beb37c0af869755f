"""`gilmok run`: a whole scenario from one file."""

from datetime import UTC, datetime
from itertools import count
from pathlib import Path

from replay.report.conclusion import add_option
from sensors.atomic_files import FileUnwritable
from sensors.terminal.command_line import command_parser


def main(argv: list[str]) -> int:
    parser = command_parser(
        prog="gilmok run",
        description="Run a scenario: broker, hub and nodes, each a process of its own; then tell how it went.",
    )
    parser.add_argument("scenario", type=Path, metavar="SCENARIO.toml")
    parser.add_argument("--out", type=Path, help="the run folder to make (default: runs/<scenario>-<now>)")
    add_option(parser)
    parser.add_argument("--stay", action="store_true", help="go on showing the dashboard afterwards, until Ctrl-C")
    parser.add_argument("--json", action="store_true", help="print summary.json instead of tables")
    parser.add_argument(
        "--unsound", action="store_true", help="score recordings that `gilmok replay check` calls unsound, too"
    )
    parser.add_argument(
        "--strict", action="store_true", help="start no part again that died; without the hub or its broker, end"
    )
    chosen = parser.parse_args(argv)

    from fleet.scenario.scenario import read_scenario
    from fleet.scenario.terminal import run_at_terminal

    scenario = read_scenario(chosen.scenario, unsound=chosen.unsound)
    out = chosen.out or fresh_folder(scenario.name)
    return run_at_terminal(scenario, out, chosen.json, report=chosen.report, strict=chosen.strict, stay=chosen.stay)


def fresh_folder(name: str) -> Path:
    """Where a run goes that was given no folder: made here, so that of two in one second each has its own.

    Raises FileUnwritable.
    """
    stem = f"{name}-{datetime.now(UTC):%Y%m%dT%H%M%SZ}"
    for number in count(1):
        path = Path("runs") / (stem if number == 1 else f"{stem}-{number}")
        try:
            path.mkdir(parents=True)
        except FileExistsError as error:
            if not path.parent.is_dir():
                raise FileUnwritable(path, error, "name another folder with --out") from error
        except OSError as error:
            raise FileUnwritable(path, error, "name another folder with --out") from error
        else:
            return path
    raise AssertionError
