"""`gilmok replay gate`: does a run clear its bars? For CI."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from replay.cli.compare import watched
from sensors.terminal.exit_status import DONE, REGRESSION

if TYPE_CHECKING:
    from replay.gates.bar_results import GateResult
    from sensors.terminal.text_table import Table


def register(gate: argparse.ArgumentParser) -> None:
    gate.description = (
        "Exit status: 0 every bar is cleared, 1 something can't be read, 2 usage, 3 a bar is not cleared."
    )
    gate.add_argument(
        "gates", type=Path, metavar="GATES.toml", help="the bars; examples/gates.toml is one to start from"
    )
    gate.add_argument("run", type=Path, metavar="RUN", help="a run folder, or a folder of them")
    gate.add_argument(
        "--baseline", nargs="+", type=Path, default=[], metavar="RUN", help="what it must not be worse than"
    )
    gate.add_argument(
        "--allow-interrupted", action="store_true", help="hold a run that was cut short against the bars all the same"
    )
    gate.add_argument("--junit", type=Path, metavar="FILE", help="write the bars as JUnit XML")
    gate.add_argument("--json", action="store_true", help="print JSON instead of a table")
    gate.set_defaults(call=_gate)


def _gate(chosen: argparse.Namespace) -> int:
    from replay.gates import relative
    from replay.gates.bars import Gates
    from replay.gates.gate import failed, held
    from replay.gates.junit import write_junit
    from sensors import config
    from sensors.terminal import console
    from sensors.terminal.text_table import Text

    gates = config.read(chosen.gates, Gates)
    with watched(relative.settings(gates.baseline), told=bool(gates.baseline.not_worse)) as progress:
        result = held(
            gates, chosen.gates, [chosen.run], chosen.baseline, progress, interrupted_too=chosen.allow_interrupted
        )
    if chosen.json:
        console.print_json(result)
    else:
        why = [Text(f"{bar.name}: {bar.why}", "" if bar.passed else "red") for bar in result.bars if bar.why]
        lost = len(failed(result))
        verdict = f"{lost} of {len(result.bars)} bars not cleared" if lost else "every bar is cleared"
        notes = [Text(note, "yellow") for note in result.notes]
        console.show(_table(result), *why, *notes, verdict)
    if chosen.junit is not None:
        write_junit(result, chosen.junit)
    return DONE if result.passed else REGRESSION


def _table(result: "GateResult") -> "Table":
    from sensors.terminal.figures import number
    from sensors.terminal.text_table import Table, Text, numbers

    title = f"{result.gates}: {', '.join(result.runs[:4])}" + (" ..." if len(result.runs) > 4 else "")
    table = Table(title, ["bar", *numbers("value"), "at", "of", ""])
    for bar in result.bars:
        told = Text("cleared", "green") if bar.passed else Text("NOT CLEARED", "bold red")
        table.add(bar.name, number(bar.value), bar.where, bar.rests_on, told)
    return table
