"""The secret of `[web] token_file`: read once at the start, and refused where it would keep nobody out."""

import stat
from pathlib import Path

from fleet.config import Web
from sensors.errors import GilmokError
from sensors.outside import read_small
from sensors.private_files import check_secret

SHORTEST = 8
MAKE = "`(umask 077; python3 -c 'import secrets; print(secrets.token_urlsafe(32))' > FILE)` writes a good one"


class TokenWrong(GilmokError):
    def __init__(self, path: Path, why: str) -> None:
        super().__init__(f"there is no dashboard: [web] token_file names {path}, and {why}", MAKE)


def token_of(web: Web) -> str:
    """What opens the door; empty where none is asked for. Raises TokenWrong or SecretOpen."""
    path = web.token_file
    if path is None:
        return ""
    check_secret("web.token_file", path)
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise TokenWrong(path, "that is no file")
        token = read_small(path).decode("ascii").strip()
    except OSError as error:
        raise TokenWrong(path, f"that can't be read: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise TokenWrong(path, "that isn't plain text: letters, digits and signs of ASCII") from error
    if len(token) < SHORTEST or not token.isprintable() or " " in token:
        raise TokenWrong(path, f"what stands in it is no token: one word of at least {SHORTEST} letters, digits, signs")
    return token
