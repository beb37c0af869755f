"""The token of an invitation, from a command line, a file or standard input; never told again."""

import sys
from pathlib import Path

from sensors.errors import GilmokError
from sensors.outside import read_small

MOST_CHARACTERS = 200
STANDARD_INPUT = Path("-")


class TokenWrong(GilmokError):
    def __init__(self, where: str) -> None:
        super().__init__(f"what stands {where} is no token", "it is one word, as `gilmok fleet invite` told it")


def token_of(text: str | None, file: Path | None) -> str:
    """One of the two is given. Raises TokenWrong or OSError."""
    where = "after --token"
    if file is not None:
        where = "on standard input" if file == STANDARD_INPUT else f"in {file}"
        content = sys.stdin.buffer.readline(MOST_CHARACTERS + 2) if file == STANDARD_INPUT else read_small(file)
        text = content.decode(errors="replace")
    token = (text or "").strip()
    if not 0 < len(token) <= MOST_CHARACTERS or not token.isascii() or not token.isprintable() or " " in token:
        raise TokenWrong(where)
    return token
