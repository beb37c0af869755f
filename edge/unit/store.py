"""Deployments on a unit's disk: a folder a bundle, named by its digest; whole, or not there under that name."""

import os
import shutil
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path

from sensors.atomic_files import FileUnwritable
from sensors.private_files import private_folder

WHOLE, INCOMING, GONE = "deployments", "incoming", ".gone-"
PART = ".{}.part"
"""What the repository's client has of a bundle so far (`models.bundle.repository.client`)."""


class DeploymentStore:
    """`deployments/DIGEST` are verified; `incoming/DIGEST` is what has been fetched of one so far."""

    def __init__(self, folder: Path) -> None:
        """Makes the folders; raises FileUnwritable."""
        self._whole, self._incoming = folder / WHOLE, folder / INCOMING
        try:
            for place in (folder, self._whole, self._incoming):
                private_folder(place)
        except OSError as error:
            raise FileUnwritable(folder, error, "name a writable folder as `state`") from error

    def folder(self, digest: str) -> Path:
        """Where the whole bundle lies, if it is there."""
        return self._whole / digest

    def has(self, digest: str) -> bool:
        return self.folder(digest).is_dir()

    @property
    def incoming(self) -> Path:
        """Where bundles are fetched to."""
        return self._incoming

    def stage(self, digest: str, verify: Callable[[Path], object]) -> None:
        """Make a fetched bundle whole: verified as it lies there, on the disk, then renamed.

        Raises what `verify` raises, or FileUnwritable; what was fetched is then still incoming.
        """
        fetched = self._incoming / digest
        verify(fetched)
        try:
            for path in sorted(fetched.rglob("*")):
                _sync(path)
            _sync(fetched)
            fetched.rename(self.folder(digest))
            _sync(self._whole)
        except OSError as error:
            raise FileUnwritable(self.folder(digest), error, "make room, or look at the disk") from error

    def discard(self, digest: str) -> None:
        """What was fetched of it is no good, or what was whole is no more."""
        for place in (self._incoming / digest, self._incoming / PART.format(digest), self.folder(digest)):
            self._remove(place)

    def keep_only(self, digests: Iterable[str]) -> list[str]:
        """Give the room of all others back; returns their digests. What can't be removed now is so the next time."""
        kept = set(digests)
        gone = sorted(place.name for place in self._whole.iterdir() if place.name not in kept)
        for place in (*self._whole.iterdir(), *self._incoming.iterdir()):
            if place.name not in kept | set(map(PART.format, kept)):
                self._remove(place)
        return gone

    def _remove(self, place: Path) -> None:
        """Renamed first: half of a bundle never has a bundle's name."""
        with suppress(OSError):
            if not place.name.startswith(GONE):
                place = place.rename(self._incoming / f"{GONE}{place.parent.name}-{place.name}")
            shutil.rmtree(place)


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
