"""Where a unit's deployments come from: a repository that is signed by whom it trusts since it joined."""

import threading
from pathlib import Path

from edge.config import UnitChoice
from models.bundle.bundle import Bundle
from models.bundle.repository.client import RepositoryClient
from models.fetch import is_url
from sensors.clock import Clock
from sensors.errors import GilmokError

TRUSTED = "trusted"
"""In the unit's folder, where its settings name no other."""


class RepositoryUnset(GilmokError):
    def __init__(self) -> None:
        super().__init__("this unit has no repository", "name one under [unit] in NODE.toml")


class Cancelled(Exception):
    """Nobody wants the bundle any more."""


class Repository:
    """For one attempt: what it lists is read once."""

    def __init__(self, choice: UnitChoice, base: Path, folder: Path, clock: Clock) -> None:
        """`base`: where its path starts, if it is a folder. `folder`: the unit's own.

        Raises RepositoryUnset, RootUntrusted, AddressWrong or DeployUnavailable.
        """
        if choice.repository is None:
            raise RepositoryUnset
        source = choice.repository if is_url(choice.repository) else base / choice.repository
        self._client = RepositoryClient(choice.trusted or folder / TRUSTED, source, clock=clock)

    def index(self, digest: str) -> Bundle:
        """What the bundle says of itself, before anything else of it is fetched; raises RepositoryRefused."""
        return self._client.index(digest)

    def fetch(self, digest: str, into: Path, cancelled: threading.Event) -> None:
        """The bundle in `into`/`digest`, every byte verified; goes on with what is there.

        Raises Cancelled, RepositoryRefused, BundleWrong, BundleHuge, NoRoom or FileUnwritable.
        """

        def came(_bytes: int) -> None:
            if cancelled.is_set():
                raise Cancelled

        self._client.fetch(digest, into, came)
