"""Where log lines go: lifecycle and trouble, to standard error."""

import logging


def to_stderr(level: int = logging.INFO) -> None:
    """For a program's own main; libraries never configure logging."""
    logging.basicConfig(level=level, format="%(asctime)s %(levelname)-7s %(name)s: %(message)s")
