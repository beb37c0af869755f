"""The secret of `[web] token_file`: read once at the start, and refused where it would keep nobody out."""

import stat
from pathlib import Path

from fleet.config import Web
from sensors.errors import GilmokError
from sensors.outside import read_small

SHORTEST = 8
MAKE = "`(umask 077; python3 -c 'import secrets; print(secrets.token_urlsafe(32))' > FILE)` writes a good one"


class TokenWrong(GilmokError):
    def __init__(self, path: Path, why: str) -> None:
        super().__init__(f"there is no dashboard: [web] token_file names {path}, and {why}", MAKE)


class TokenOpen(GilmokError):
    def __init__(self, path: Path) -> None:
        super().__init__(
            f"there is no dashboard: every account of this machine may read or write {path}, the token_file of [web]",
            f"chmod 600 {path}",
        )


def token_of(web: Web) -> str:
    """What opens the door; empty where none is asked for. Raises TokenWrong or TokenOpen."""
    path = web.token_file
    if path is None:
        return ""
    try:
        about = path.stat()
        if not stat.S_ISREG(about.st_mode):
            raise TokenWrong(path, "that is no file")
        if about.st_mode & (stat.S_IROTH | stat.S_IWOTH):
            raise TokenOpen(path)
        token = read_small(path).decode("ascii").strip()
    except OSError as error:
        raise TokenWrong(path, f"that can't be read: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise TokenWrong(path, "that isn't plain text: letters, digits and signs of ASCII") from error
    if len(token) < SHORTEST or not token.isprintable() or " " in token:
        raise TokenWrong(path, f"what stands in it is no token: one word of at least {SHORTEST} letters, digits, signs")
    return token
