"""Which bundles a repository offers, as its signed list says."""

from typing import TYPE_CHECKING

import msgspec

from models.bundle.repository.layout import BUNDLES
from sensors.config import Settings
from sensors.ranges import Bytes, Count, Digest, Name

if TYPE_CHECKING:
    from tuf.api.metadata import TargetFile, Targets

SUFFIX = ".json"


class Listed(Settings, frozen=True, kw_only=True):
    name: Name
    """The line of deployments."""
    version: Count
    """Counted in its line by the repository, from 1."""
    digest: Digest
    bytes: Bytes
    """Of all its files."""


class _Custom(Settings, frozen=True, kw_only=True):
    """What the repository signs of a bundle besides its digest."""

    name: Name
    version: Count
    bytes: Bytes


def path_of(digest: str) -> str:
    """Of a bundle's list in the repository, with `/` between folders."""
    return f"{BUNDLES}/{digest}{SUFFIX}"


def custom_of(listed: Listed) -> dict[str, object]:
    """As it stands in the signed list."""
    return {"name": listed.name, "version": listed.version, "bytes": listed.bytes}


def listing(targets: "Targets") -> list[Listed]:
    """Sorted by name and version. A target that is no bundle of this layout is somebody else's, and left out."""
    found = [one for path, target in targets.targets.items() if (one := _listed(path, target)) is not None]
    return sorted(found, key=lambda one: (one.name, one.version))


def _listed(path: str, target: "TargetFile") -> Listed | None:
    digest = target.hashes.get("sha256", "")
    if path != path_of(digest):
        return None
    try:
        custom = msgspec.convert(target.custom, _Custom)
        return msgspec.convert({"digest": digest} | msgspec.to_builtins(custom), Listed)
    except msgspec.ValidationError:
        return None
