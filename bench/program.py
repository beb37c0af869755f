"""What every benchmark is outside of its measuring: figures as JSON with their machine, trouble as one line."""

import os
import platform
import sys
from collections.abc import Callable, Mapping

from sensors.errors import GilmokError
from sensors.terminal import output
from sensors.terminal.exit_status import DONE, ended
from sensors.terminal.pretty_json import pretty


class BenchmarkBroken(GilmokError):
    """What is measured ended, or never began."""


def measured(figures: Callable[[], Mapping[str, object]]) -> None:
    """Print what `figures` measures, and on what, and leave as `gilmok` does: one line of what is wrong, exit 1."""

    def work() -> int:
        output.write(pretty({**figures(), "machine": machine()}))
        return DONE

    sys.exit(ended(work, words=sys.argv))


def machine() -> dict[str, object]:
    """What the figures hang on, and how busy it was."""
    return {
        "cpu": platform.processor() or platform.machine(),
        "cpus": os.cpu_count(),
        "system": platform.platform(),
        "python": platform.python_version(),
        "load": round(os.getloadavg()[0], 2),
    }
