"""Where log lines go: lifecycle and trouble, to standard error; where that is systemd's journal, as that wants them."""

import logging
import os
import sys
from typing import Any

from sensors.addresses import without_logins
from sensors.terminal.defects import kept, named
from sensors.terminal.foreign_text import lines


class OneLine(logging.Formatter):
    """No foreign text acts on the terminal, and a traceback is kept in a file of its own."""

    def formatException(self, ei: Any) -> str:  # noqa: N802  logging's name
        return f"{named(ei[1])}; {kept(ei[1])}"

    def format(self, record: logging.LogRecord) -> str:
        return "\n  ".join(lines(without_logins(super().format(record))))


class ForJournal(OneLine):
    """Each line after its priority (sd-daemon(3)); the journal knows the time by itself."""

    PRIORITIES = ((logging.CRITICAL, 2), (logging.ERROR, 3), (logging.WARNING, 4), (logging.INFO, 6))

    def format(self, record: logging.LogRecord) -> str:
        priority = next((number for level, number in self.PRIORITIES if record.levelno >= level), 7)
        return "\n".join(f"<{priority}>{line}" for line in super().format(record).splitlines())


def to_stderr(level: int = logging.INFO) -> None:
    """For a program's own main; libraries never configure logging."""
    handler = logging.StreamHandler()
    if _is_journal():
        handler.setFormatter(ForJournal("%(name)s: %(message)s"))
    else:
        handler.setFormatter(OneLine("%(asctime)s %(levelname)-7s %(name)s: %(message)s"))
    logging.basicConfig(level=level, handlers=[handler])
    # It tells of its own cache of fonts, which is nobody's lifecycle or trouble.
    logging.getLogger("matplotlib").setLevel(logging.WARNING)


def _is_journal() -> bool:
    """Whether standard error leads there: systemd says in the environment which file that would be."""
    try:
        about = os.fstat(sys.stderr.fileno())
    except (OSError, ValueError, AttributeError):
        return False
    return os.environ.get("JOURNAL_STREAM") == f"{about.st_dev}:{about.st_ino}"
