"""A page for every run that can have one."""

from pathlib import Path

from replay.report.write import write_report
from sensors.errors import GilmokError


def offer_report(folder: Path) -> list[str]:
    """Write the run's page; lines that say where it is, or why there is none: a run does not fail for a picture."""
    try:
        return [f"report: {write_report(folder)}"]
    except GilmokError as error:
        return [f"no report: {error.sentence}", *([f"  {error.hint}"] if error.hint else [])]
