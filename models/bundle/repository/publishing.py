"""Whoever publishes bundles: a repository made, added to, kept fresh, its keys changed.

Every change is written so that a client sees the old state or the new one: what is named by its version or its content
first, `timestamp.json`, which leads to all of it, last.
"""

import fcntl
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from models.bundle.bundle import INDEX
from models.bundle.repository.keys import Keys
from models.bundle.repository.layout import (
    FILES,
    METADATA,
    ROLES,
    DeployUnavailable,
    RepositoryAbsent,
    Role,
    check_repository,
)
from models.bundle.repository.listing import Listed, custom_of, listing, path_of
from models.bundle.repository.policy import POLICY, Policy, written
from models.bundle.verify import verify
from models.fetch import digest as digest_of_file
from sensors import atomic_files, config
from sensors.clock import NS_PER_S, Clock
from sensors.errors import GilmokError

if TYPE_CHECKING:
    from tuf.api.metadata import Metadata, Snapshot, Timestamp


class KeysAbsent(GilmokError):
    def __init__(self, folder: Path) -> None:
        super().__init__(f"{folder} holds no keys of a repository", "name their folder with --keys")


@dataclass(frozen=True, slots=True)
class RoleState:
    role: str
    version: int
    expires: datetime
    threshold: int
    keyids: tuple[str, ...]


class Repository:
    """A repository's folder with the keys that sign it. One process at a time changes it; the others wait."""

    def __init__(self, folder: Path, keys: Keys, clock: Clock) -> None:
        """Raises DeployUnavailable, or RepositoryAbsent where `init` made none."""
        try:
            import tuf.api.metadata as _  # noqa: F401
        except ImportError as error:
            raise DeployUnavailable(error) from error
        self.folder = folder
        self._keys = keys
        self._clock = clock
        check_repository(folder)

    @property
    def root(self) -> Path:
        """The newest root, which a unit is given when it joins."""
        return self._path("root", self._newest_root())

    @property
    def keys_folder(self) -> Path:
        return self._keys.folder

    def keys_here(self, roles: Sequence[RoleState]) -> dict[str, int]:
        """How many private keys of each role are at hand."""
        return self._keys.here({one.role: one.keyids for one in roles})

    def is_over(self, role: RoleState) -> bool:
        """Whether what it signed last has expired: units refuse it."""
        return role.expires.timestamp() * NS_PER_S <= self._clock.now().utc_ns

    def listing(self) -> list[Listed]:
        return listing(self._load("targets").signed)

    def roles(self) -> list[RoleState]:
        root = self._load("root").signed
        found = []
        for role in ROLES:
            signed = self._load(role).signed
            about = root.roles[role]
            found.append(RoleState(role, signed.version, signed.expires, about.threshold, tuple(about.keyids)))
        return found

    def add(self, bundle: Path) -> Listed:
        """Take in a bundle, verified before, as the next version of its line; one that is there already stays as it is.

        Raises BundleWrong, RoleKeysAbsent, RoleKeyUnusable or FileUnwritable.
        """
        from tuf.api.metadata import TargetFile

        found = verify(bundle)
        with self._alone():
            targets = self._load("targets")
            there = listing(targets.signed)
            for one in there:
                if one.digest == found.digest:
                    return one
            signers = {role: self._signers(role) for role in ("targets", "snapshot", "timestamp")}
            for name, entry in found.bundle.files.items():
                place = self.folder / FILES / entry.sha256
                if not place.is_file() or digest_of_file(place) != entry.sha256:
                    _copy(bundle / name, place)
            content = (bundle / INDEX).read_bytes()
            path = path_of(found.digest)
            (self.folder / path).parent.mkdir(exist_ok=True)
            atomic_files.write(self.folder / path, content, durable=True)
            version = max((one.version for one in there if one.name == found.bundle.name), default=0) + 1
            size = found.bundle.total_bytes
            listed = Listed(name=found.bundle.name, version=version, digest=found.digest, bytes=size)
            target = TargetFile.from_data(path, content, ["sha256"])
            target.unrecognized_fields["custom"] = custom_of(listed)
            targets.signed.targets[path] = target
            self._publish({"targets": targets}, signers)
            return listed

    def refresh(self, *more: Role) -> None:
        """Sign snapshot and timestamp anew, for another period: units refuse what nobody has looked after. `more`: root
        or targets, whose turn comes more rarely.
        """
        with self._alone():
            changed: dict[str, Metadata[Any]] = {role: self._load(role) for role in ("root", "targets") if role in more}
            self._publish(changed, {role: self._signers(role) for role in {"snapshot", "timestamp", *more}})

    def rotate(self, role: Role) -> None:
        """New keys for a role in the place of all that it had; the old ones go to `retired`.

        What the old ones of root signed is needed once more, so that units follow from the old root to the new one.
        """
        with self._alone():
            root = self._load("root")
            old = list(root.signed.roles[role].keyids)
            needed = {"root", "timestamp"} | ({"snapshot"} if role == "targets" else set())
            signers = {one: self._signers(one) for one in needed - ({role} - {"root"})}
            made = self._keys.make(role, self._policy().of(role).keys)
            for keyid in old:
                root.signed.revoke_key(keyid, role)
            for signer in made:
                root.signed.add_key(signer.public_key, role)
            # A new root is signed by the old keys, too: that is how units come from one to the other.
            signers[role] = [*signers.get(role, ()), *made]
            changed = {"root": root} | ({"targets": self._load("targets")} if role == "targets" else {})
            self._publish(changed, signers)
            self._keys.retire(role, old)

    def _publish(self, changed: "dict[str, Metadata[Any]]", signers: "Mapping[str, Sequence[Any]]") -> None:
        """Sign what changed and all that leads to it, and write it, from the inside outwards."""
        from tuf.api.metadata import MetaFile

        snapshot, timestamp = self._load("snapshot"), self._load("timestamp")
        if "targets" in changed:
            content = self._sign("targets", changed["targets"], signers["targets"])
            signed = changed["targets"].signed
            snapshot.signed.meta["targets.json"] = MetaFile.from_data(signed.version, content, ["sha256"])
        if "snapshot" in signers:
            content = self._sign("snapshot", snapshot, signers["snapshot"])
            timestamp.signed.snapshot_meta = MetaFile.from_data(snapshot.signed.version, content, ["sha256"])
        if "root" in changed:
            self._sign("root", changed["root"], signers["root"])
        self._sign("timestamp", timestamp, signers["timestamp"])

    def _sign(self, role: str, metadata: "Metadata[Any]", signers: Sequence[Any]) -> bytes:
        metadata.signed.version += 1
        return written(self.folder, role, metadata, signers, self._policy().of(role), self._clock)

    def _signers(self, role: str) -> Sequence[Any]:
        about = self._load("root").signed.roles[role]
        return self._keys.of(role, about.keyids, about.threshold)

    def _load(self, role: str) -> "Metadata[Any]":
        """The newest of a role, as `timestamp.json` leads to it."""
        from tuf.api.exceptions import RepositoryError
        from tuf.api.metadata import Metadata

        try:
            if role == "root":
                return Metadata.from_bytes(self._path(role, self._newest_root()).read_bytes())
            timestamp: Metadata[Timestamp] = Metadata.from_bytes(
                (self.folder / METADATA / "timestamp.json").read_bytes()
            )
            if role == "timestamp":
                return timestamp
            place = self._path("snapshot", timestamp.signed.snapshot_meta.version)
            snapshot: Metadata[Snapshot] = Metadata.from_bytes(place.read_bytes())
            if role == "snapshot":
                return snapshot
            return Metadata.from_bytes(self._path("targets", snapshot.signed.meta["targets.json"].version).read_bytes())
        except (OSError, RepositoryError, KeyError) as error:
            raise RepositoryAbsent(self.folder, f"its {role} metadata can't be read: {error}") from error

    def _newest_root(self) -> int:
        versions = [path.name.partition(".")[0] for path in (self.folder / METADATA).glob("*.root.json")]
        return max((int(version) for version in versions if version.isdecimal()), default=0)

    def _path(self, role: str, version: int) -> Path:
        return self.folder / METADATA / f"{version}.{role}.json"

    def _policy(self) -> Policy:
        return config.read(self._keys.folder / POLICY, Policy)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        if not (self._keys.folder / POLICY).is_file():
            raise KeysAbsent(self._keys.folder)
        with (self._keys.folder / POLICY).open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield


def _copy(source: Path, place: Path) -> None:
    with source.open("rb") as content, atomic_files.replacing(place, durable=True) as file:
        shutil.copyfileobj(content, file)
