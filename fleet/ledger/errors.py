"""What can be wrong with a ledger's store, be it a file or a database."""

import errno
import os
from pathlib import Path

from sensors.errors import GilmokError


class StoreAbsent(GilmokError):
    def __init__(self, where: object) -> None:
        super().__init__(
            f"there is no store at {where}", "a hub makes it: `gilmok hub run`; or name another with --store"
        )


class StoreUnreadable(GilmokError):
    def __init__(self, where: object, why: str) -> None:
        super().__init__(
            f"the store {where} can't be used: {why}", "restore it from a copy, or name another; nothing was changed"
        )


class StoreForbidden(GilmokError):
    """Nothing is wrong with it but who asks, or where it would lie."""

    def __init__(self, path: Path, why: int) -> None:
        what = "make its folder first" if why == errno.ENOENT else "check who may read and write it and its folder"
        super().__init__(f"the store {path} can't be opened: {os.strerror(why)}", f"{what}, or name another")


class StoreUnreachable(GilmokError):
    """A server that doesn't answer, or doesn't let us in."""

    def __init__(self, where: object, why: str) -> None:
        super().__init__(
            f"the store {where} can't be reached: {why}",
            "check that the server runs and [ledger]: address, user, password_file and database",
        )


class StoreOutdated(StoreUnreadable):
    """Of an older format."""

    def __init__(self, where: object, version: object, own: int, *, can_migrate: bool) -> None:
        super().__init__(where, f"its format is version {version}, this gilmok's is {own}")
        self.hint = (
            "`gilmok hub migrate` brings it up to date, and so does its hub when it starts; nothing was changed"
            if can_migrate
            else "read it with the gilmok that wrote it, and name another for new runs; nothing was changed"
        )


class StoreNewer(StoreUnreadable):
    def __init__(self, where: object, version: object, own: int) -> None:
        super().__init__(where, f"its format is version {version}, this gilmok's is {own}")
        self.hint = "a newer gilmok wrote it: use that one, or name another store; nothing was changed"


class StoreUnwritable(GilmokError):
    def __init__(self, where: object, why: str) -> None:
        super().__init__(
            f"the store {where} can't be written: {why}",
            "check who may write it and its folder, and the room there, or name another",
        )


class StoreBroken(GilmokError):
    def __init__(self, where: object, why: str) -> None:
        super().__init__(
            f"the store {where} failed: {why}", "check the disk's room and rights, and who else writes there"
        )


class StoreDamaged(StoreBroken):
    """A value in it is none that a hub writes."""

    def __init__(self, where: object, what: str) -> None:
        super().__init__(where, f"it is damaged: {what}")
        self.hint = "restore it from a copy (`gilmok hub restore`), or name another"


class StoreGone(GilmokError):
    """It is no use to try again: what was booked before is not there any more."""

    def __init__(self, where: object, how: str) -> None:
        super().__init__(
            f"the store {where} was {how} while the hub wrote it",
            "restore it, or what was booked in it is lost; what came since waits at the broker for a hub",
        )
