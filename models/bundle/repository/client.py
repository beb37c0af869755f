"""What a unit fetches bundles with: it trusts the root that it was given when it joined, and what follows from it.

The order and the checks are those of TUF's reference client (`tuf.ngclient`). What it trusts changes only after a whole
refresh was right, so that an attack leaves nothing behind.
"""

import hashlib
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from models.bundle.bundle import INDEX, INDEX_BYTES, Bundle, decoded
from models.bundle.files import check_names
from models.bundle.repository.download import OnBytes, download
from models.bundle.repository.layout import METADATA, DeployUnavailable
from models.bundle.repository.listing import Listed, listing, path_of
from models.bundle.repository.refusals import BundleUnlisted, ContentForeign, TooLong, refusing
from models.bundle.repository.transport import NotThere, Pace, Transport, transport_of
from models.bundle.verify import VerifiedBundle, verify
from sensors import atomic_files
from sensors.clock import Clock, SystemClock
from sensors.errors import GilmokError
from sensors.outside import read_small
from sensors.terminal.figures import size

if TYPE_CHECKING:
    from tuf.api.metadata import Metadata, Targets

GIVEN = "root.json"
"""The root that was given when the unit joined; never changed."""
STATE = "metadata"
"""The newest metadata that was verified from it."""
MOST_BUNDLE_BYTES = 8 * 10**9
SPARE_BYTES = 10**7


class RootUntrusted(GilmokError):
    def __init__(self, path: Path, why: str) -> None:
        hint = (
            "take 1.root.json from whoever runs the repository, by a safe way; `gilmok bundle fetch --root` trusts it"
        )
        super().__init__(f"{path} is no root to trust: {why}", hint)


class RootKnown(GilmokError):
    def __init__(self, trusted: Path) -> None:
        super().__init__(
            f"{trusted} trusts another root already", "remove that folder to trust the new one, and nothing from before"
        )


class NoRoom(GilmokError):
    def __init__(self, folder: Path, wanted: int, free: int) -> None:
        super().__init__(
            f"{folder} has {size(free)} left, the bundle takes {size(wanted)} more",
            "make room there; nothing was fetched",
        )


class BundleHuge(GilmokError):
    def __init__(self, listed: Listed, most: int) -> None:
        super().__init__(
            f"bundle {listed.digest} has {size(listed.bytes)}, this unit takes {size(most)}", "make it smaller"
        )


def trust(trusted: Path, root: Path) -> None:
    """Trust a repository's root from now on; the same one again changes nothing.

    Raises RootUntrusted, RootKnown, DeployUnavailable or FileUnwritable.
    """
    try:
        from tuf.api.exceptions import RepositoryError
        from tuf.api.metadata import Metadata, Root
        from tuf.api.serialization import DeserializationError
    except ImportError as error:
        raise DeployUnavailable(error) from error
    try:
        content = read_small(root)
        metadata: Metadata[Root] = Metadata.from_bytes(content)
        if not isinstance(metadata.signed, Root):
            raise RootUntrusted(root, f"it is the metadata of another role, {metadata.signed.type}")
        metadata.signed.verify_delegate("root", metadata.signed_bytes, metadata.signatures)
    except (OSError, RepositoryError, DeserializationError, ValueError) as error:
        raise RootUntrusted(root, str(error)) from error
    given = trusted / GIVEN
    if given.is_file() and read_small(given) != content:
        raise RootKnown(trusted)
    trusted.mkdir(parents=True, exist_ok=True)
    atomic_files.write(given, content, durable=True)


class RepositoryClient:
    """Of one repository, for one refresh; make another for the next."""

    def __init__(
        self,
        trusted: Path,
        source: str | Path,
        *,
        clock: Clock | None = None,
        pace: Pace | None = None,
        ca: Path | None = None,
        most_bytes: int = MOST_BUNDLE_BYTES,
    ) -> None:
        """`trusted`: the folder of `trust`. `source`: http(s)://..., or a folder. `ca`: certificates to trust, and not
        the system's. `most_bytes`: of a bundle. Raises RootUntrusted, AddressWrong or DeployUnavailable.
        """
        if not (trusted / GIVEN).is_file():
            raise RootUntrusted(trusted / GIVEN, "there is none")
        self._trusted = trusted
        self._transport: Transport = transport_of(source, clock or SystemClock(), pace, ca)
        self._most_bytes = most_bytes
        self._targets: Metadata[Targets] | None = None

    def listing(self) -> list[Listed]:
        """Every bundle, sorted by name and version. Raises RepositoryRefused, which says how."""
        return listing(self._current().signed)

    def latest(self, name: str) -> Listed:
        """The newest bundle of a line. Raises BundleUnlisted, or as `listing` does."""
        found = [one for one in self.listing() if one.name == name]
        if not found:
            raise BundleUnlisted(self._transport.source, f"named {name!r}")
        return found[-1]

    def index(self, digest: str) -> Bundle:
        """What a bundle says of itself, before any file of it is fetched.

        Raises RepositoryRefused, BundleWrong or BundleHuge.
        """
        return self._listed(digest)[0]

    def fetch(self, digest: str, into: Path, on_bytes: OnBytes = lambda _taken: None) -> VerifiedBundle:
        """The bundle in the folder `into`/`digest`, every byte verified; what is there already is verified again.

        What has come before a cut is gone on from. `on_bytes` hears how many bytes have come since it last did.
        Raises RepositoryRefused, BundleWrong, BundleHuge, NoRoom or FileUnwritable.
        """
        place = into / digest
        if place.is_dir():
            return verify(place, digest)
        bundle, content = self._listed(digest)
        part = into / f".{digest}.part"
        part.mkdir(parents=True, exist_ok=True)
        _check_room(part, bundle)
        for name, entry in bundle.files.items():
            (part / name).parent.mkdir(parents=True, exist_ok=True)
            download(self._transport, entry, part / name, on_bytes)
        atomic_files.write(part / INDEX, content, durable=True)
        verify(part, digest)
        part.rename(place)
        return verify(place, digest)

    def _listed(self, digest: str) -> tuple[Bundle, bytes]:
        """bundle.json of a bundle that the list has, and as it was signed."""
        listed = next((one for one in self.listing() if one.digest == digest), None)
        if listed is None:
            raise BundleUnlisted(self._transport.source, digest)
        if listed.bytes > self._most_bytes:
            raise BundleHuge(listed, self._most_bytes)
        content = self._index(digest)
        bundle = decoded(content, Path(INDEX))
        check_names(Path(), bundle.files)
        if bundle.total_bytes != listed.bytes:
            raise ContentForeign(self._transport.source, f"{digest} has {bundle.total_bytes:,} bytes")
        return bundle, content

    def _index(self, digest: str) -> bytes:
        """bundle.json as it was signed."""
        source, path = self._transport.source, path_of(digest)
        target = self._current().signed.targets[path]
        if target.length > INDEX_BYTES:
            raise TooLong(source, f"{path} has {target.length:,} bytes")
        try:
            content = self._bounded(path, target.length)
        except NotThere as error:
            raise ContentForeign(source, f"{path} is missing") from error
        with refusing(source):
            target.verify_length_and_hashes(content)
        if hashlib.sha256(content).hexdigest() != digest:
            raise ContentForeign(source, f"{path} is another bundle")
        return content

    def _bounded(self, path: str, most: int) -> bytes:
        content = bytearray()
        with closing(self._transport.open(path).chunks) as chunks:
            for chunk in chunks:
                content += chunk
                if len(content) > most:
                    raise TooLong(self._transport.source, f"{path} has more than {most:,} bytes")
        return bytes(content)

    def _current(self) -> "Metadata[Targets]":
        """The signed list of bundles, refreshed once."""
        if self._targets is None:
            self._targets = self._refreshed()
        return self._targets

    def _refreshed(self) -> "Metadata[Targets]":
        """In a copy of what is trusted: only what was verified as a whole comes back from it."""
        try:
            from tuf.api.metadata import Metadata
            from tuf.ngclient import Updater

            from models.bundle.repository.fetcher import Fetcher
        except ImportError as error:
            raise DeployUnavailable(error) from error
        state = self._trusted / STATE
        with tempfile.TemporaryDirectory(dir=self._trusted, prefix=".refresh-") as aside:
            scratch = Path(aside) / STATE
            if state.is_dir():
                shutil.copytree(state, scratch)
            else:
                scratch.mkdir()
            with refusing(self._transport.source):
                given = read_small(self._trusted / GIVEN)
                fetcher = Fetcher(self._transport)
                updater = Updater(str(scratch), f"{METADATA}/", fetcher=fetcher, bootstrap=given)
                updater.refresh()
                targets: Metadata[Targets] = Metadata.from_bytes((scratch / "targets.json").read_bytes())
            for name in _verified(scratch):
                (state / name).parent.mkdir(parents=True, exist_ok=True)
                atomic_files.write(state / name, (scratch / name).read_bytes(), durable=True)
        return targets


def _verified(scratch: Path) -> Iterator[str]:
    """Roots first: what the others are signed by."""
    yield from sorted(path.relative_to(scratch).as_posix() for path in scratch.glob("root_history/*.root.json"))
    yield from ("timestamp.json", "snapshot.json", "targets.json")


def _check_room(part: Path, bundle: Bundle) -> None:
    there = sum((part / name).stat().st_size for name in bundle.files if (part / name).is_file())
    wanted, free = bundle.total_bytes - there + SPARE_BYTES, shutil.disk_usage(part).free
    if wanted > free:
        raise NoRoom(part.parent, wanted, free)
