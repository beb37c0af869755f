"""What a unit says where a repository doesn't keep TUF's promises: one sentence for each attack and each accident."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

from sensors.errors import GilmokError
from sensors.terminal.foreign_text import shown

LONGEST = 300
NOTHING = "nothing of it was used"


class RepositoryRefused(GilmokError):
    """Whatever it was, what the client trusted before it still trusts, and nothing else."""


class MetadataExpired(RepositoryRefused):
    def __init__(self, source: str, what: str) -> None:
        super().__init__(
            f"{source} is out of date ({what}): nobody has signed it anew, or somebody keeps the new state back",
            f"`gilmok bundle repository refresh` signs it anew; check this machine's date, too; {NOTHING}",
        )


class RolledBack(RepositoryRefused):
    def __init__(self, source: str, what: str) -> None:
        super().__init__(
            f"{source} offers an older state than was seen before ({what})",
            f"somebody put back an old copy, or plays one; {NOTHING}",
        )


class SignaturesWanting(RepositoryRefused):
    def __init__(self, source: str, what: str) -> None:
        super().__init__(
            f"{source} is not signed as it has to be ({what})",
            f"it is another repository than the one that was joined, or a forged one; {NOTHING}",
        )


class ContentForeign(RepositoryRefused):
    def __init__(self, source: str, what: str) -> None:
        super().__init__(
            f"{source} holds something else than it signed ({what})",
            f"it was changed on its server or on its way, or states of two times are mixed; {NOTHING}",
        )


class TooLong(RepositoryRefused):
    def __init__(self, source: str, what: str) -> None:
        super().__init__(f"{source} sends more than it may ({what})", f"its server is broken or hostile; {NOTHING}")


class MetadataBroken(RepositoryRefused):
    def __init__(self, source: str, what: str) -> None:
        super().__init__(f"{source} sends what is no metadata of TUF ({what})", f"check its address; {NOTHING}")


class TooSlow(RepositoryRefused):
    def __init__(self, source: str, what: str) -> None:
        super().__init__(
            f"{source} is too slow ({what})", "try again later; what has come already is kept and gone on from"
        )


class RepositoryUnreachable(RepositoryRefused):
    def __init__(self, source: str, what: str) -> None:
        super().__init__(
            f"{source} can't be reached ({what})", "check its address and the network; what has come is gone on from"
        )


class BundleUnlisted(RepositoryRefused):
    def __init__(self, source: str, what: str) -> None:
        super().__init__(f"{source} lists no bundle {what}", "`gilmok bundle repository show` tells what it lists")


@contextmanager
def refusing(source: str) -> Iterator[None]:
    """The errors of TUF's client as ours. `source`: the repository, as people know it."""
    from tuf.api import exceptions as tuf
    from tuf.api.serialization import DeserializationError

    try:
        yield
    except tuf.ExpiredMetadataError as error:
        raise MetadataExpired(source, _words(error)) from error
    except tuf.BadVersionNumberError as error:
        raise RolledBack(source, _words(error)) from error
    except tuf.UnsignedMetadataError as error:
        raise SignaturesWanting(source, _words(error)) from error
    except tuf.LengthOrHashMismatchError as error:
        raise ContentForeign(source, _words(error)) from error
    except tuf.DownloadLengthMismatchError as error:
        raise TooLong(source, _words(error)) from error
    except tuf.DownloadHTTPError as error:
        raise RepositoryUnreachable(source, _words(error)) from error
    except tuf.DownloadError as error:
        if isinstance(error.__cause__, GilmokError):
            raise error.__cause__ from None
        raise RepositoryUnreachable(source, _words(error)) from error
    except (tuf.RepositoryError, DeserializationError, ValueError, KeyError, TypeError) as error:
        raise MetadataBroken(source, _words(error)) from error


def _words(error: BaseException) -> str:
    """On one line, in characters that are seen, without the addresses of Python's objects."""
    return shown(re.sub(r"\s+", " ", str(error) or type(error).__name__), LONGEST)
