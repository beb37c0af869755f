"""Where everything lies in a repository's folder, which any static server may serve."""

from pathlib import Path
from typing import Literal, TypeAlias, get_args

from sensors.errors import GilmokError

METADATA = "metadata"
"""Signed: N.root.json, N.targets.json, N.snapshot.json, timestamp.json."""
BUNDLES = "bundles"
"""DIGEST.json: a bundle's bundle.json, each a target of TUF."""
FILES = "files"
"""SHA256: the bundles' files, each named by what it holds; one that several bundles have lies here once."""

Role: TypeAlias = Literal["root", "targets", "snapshot", "timestamp"]
ROLES: tuple[Role, ...] = get_args(Role)


class DeployUnavailable(GilmokError):
    def __init__(self, error: ImportError) -> None:
        super().__init__(
            f"a repository of bundles needs {error.name or str(error)!r}, which is not installed",
            "pip install 'gilmok[deploy]'",
        )


class RepositoryAbsent(GilmokError):
    def __init__(self, folder: Path, why: str) -> None:
        super().__init__(f"{folder} is no repository of bundles: {why}", "`gilmok bundle repository init` makes one")


def check_repository(folder: Path) -> None:
    """Raises RepositoryAbsent where `folder` is none."""
    if not (folder / METADATA / "timestamp.json").is_file():
        raise RepositoryAbsent(folder, f"it has no {METADATA}/timestamp.json")
