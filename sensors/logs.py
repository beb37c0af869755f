"""Where log lines go: lifecycle and trouble, to standard error."""

import logging
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


def to_stderr(level: int = logging.INFO) -> None:
    """For a program's own main; libraries never configure logging."""
    handler = logging.StreamHandler()
    handler.setFormatter(OneLine("%(asctime)s %(levelname)-7s %(name)s: %(message)s"))
    logging.basicConfig(level=level, handlers=[handler])
    # It tells of its own cache of fonts, which is nobody's lifecycle or trouble.
    logging.getLogger("matplotlib").setLevel(logging.WARNING)
