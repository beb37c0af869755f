"""Chips as slots: locked by name for the whole machine, so that two campaigns never share one by chance."""

import fcntl
from contextlib import ExitStack
from pathlib import Path
from typing import IO
from urllib.parse import quote

from models import catalogue


class Slots:
    """The slots of this machine's chips. A lock goes with the process that holds it, however that ends."""

    def __init__(self, folder: Path | None = None) -> None:
        """`folder`: of the locks; None: of this account's gilmok."""
        self._folder = folder or catalogue.store().parent / "slots"

    def take(self, chip: str, slots: int, *, alone: bool) -> "Slot | None":
        """One of the chip's slots, or `alone` all of them; None where there is none left. Raises OSError."""
        self._folder.mkdir(parents=True, exist_ok=True)
        with ExitStack() as taken:
            names = [f"{chip}/{number}" for number in range(slots)]
            got = [name for name in names if self._locked(taken, name)] if alone else []
            if alone and len(got) < slots:
                return None
            if not alone and not (got := self._first(taken, names)):
                return None
            return Slot(chip if alone else got[0], taken.pop_all())

    def _first(self, taken: ExitStack, names: list[str]) -> list[str]:
        for name in names:
            if self._locked(taken, name):
                return [name]
        return []

    def _locked(self, taken: ExitStack, name: str) -> bool:
        file: IO[bytes] = (self._folder / f"{quote(name, safe='')}.lock").open("ab")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            file.close()
            return False
        taken.enter_context(file)
        return True


class Slot:
    """Held until it is released."""

    def __init__(self, name: str, locks: ExitStack) -> None:
        self.name = name
        self._locks = locks

    def release(self) -> None:
        self._locks.close()
