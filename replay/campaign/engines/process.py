"""A worker: tasks come on standard input, a line each, and what came of each goes to standard output, a line each.

`python -P -m replay.campaign.engines.process`; it ends when its input does.
"""

import sys
import traceback
from pathlib import Path

import msgspec

from replay.campaign.cell import Outcome, Task
from sensors.atomic_files import FileUnwritable
from sensors.errors import GilmokError
from sensors.terminal import output
from sensors.terminal.exit_status import DONE, ended
from sensors.terminal.pretty_json import compact


def done(task: Task) -> Outcome:
    """The cell, run; whatever keeps it from its figures is an outcome, too."""
    try:
        from replay.campaign.run_cell import run_cell

        return run_cell(task.cell, Path(task.folder))
    except FileUnwritable as error:
        # A full disk is no property of the cell.
        return Outcome(why=f"{error.sentence} ({error.hint})", blame="engine")
    except GilmokError as error:
        return Outcome(why=error.sentence, blame="cell")
    except Exception as error:  # noqa: BLE001  the top of a task
        traceback.print_exc()
        return Outcome(why=f"a defect of gilmok: {type(error).__name__}: {error}", blame="engine")


def main() -> int:
    for line in sys.stdin.buffer:
        outcome = done(msgspec.json.decode(line, type=Task))
        output.write(compact(outcome) + b"\n")
        sys.stdout.flush()
    return DONE


if __name__ == "__main__":
    sys.exit(ended(main, words=sys.argv))
