"""A repository begun: keys for every role, and an empty list of bundles."""

from pathlib import Path
from typing import Any

import msgspec
import tomli_w

from models.bundle.repository.keys import Keys
from models.bundle.repository.layout import FILES, METADATA, ROLES, DeployUnavailable, Role
from models.bundle.repository.listing import path_of
from models.bundle.repository.policy import POLICY, Policy, written
from models.bundle.repository.publishing import Repository
from sensors import atomic_files
from sensors.clock import Clock
from sensors.errors import GilmokError
from sensors.private_files import private_folder


class RepositoryTaken(GilmokError):
    def __init__(self, path: Path) -> None:
        super().__init__(f"{path} is there already", "name other folders; no repository is ever overwritten")


class KeysServed(GilmokError):
    def __init__(self, keys: Path, folder: Path) -> None:
        super().__init__(
            f"the keys in {keys} would lie in {folder}, which is served", "name a folder elsewhere with --keys"
        )


def init(folder: Path, keys: Keys, policy: Policy, clock: Clock) -> Repository:
    """An empty repository, with new keys for every role.

    Raises RepositoryTaken, KeysServed, DeployUnavailable or FileUnwritable.
    """
    try:
        from tuf.api.metadata import Metadata, MetaFile, Root, Snapshot, Targets, Timestamp
    except ImportError as error:
        raise DeployUnavailable(error) from error
    for path in (folder / METADATA, keys.folder / POLICY):
        if path.exists():
            raise RepositoryTaken(path)
    if keys.folder.absolute().resolve().is_relative_to(folder.absolute().resolve()):
        raise KeysServed(keys.folder, folder)
    private_folder(keys.folder)
    signers = {role: keys.make(role, policy.of(role).keys) for role in ROLES}
    root = Root(consistent_snapshot=True)
    for role in ROLES:
        for signer in signers[role]:
            root.add_key(signer.public_key, role)
        root.roles[role].threshold = policy.of(role).threshold
    (folder / METADATA).mkdir(parents=True, exist_ok=True)
    for place in (FILES, path_of("").rpartition("/")[0]):
        (folder / place).mkdir(exist_ok=True)

    def put(role: Role, signed: Any) -> bytes:
        return written(folder, role, Metadata(signed), signers[role], policy.of(role), clock)

    put("root", root)
    content = put("targets", Targets())
    content = put("snapshot", Snapshot(meta={"targets.json": MetaFile.from_data(1, content, ["sha256"])}))
    put("timestamp", Timestamp(snapshot_meta=MetaFile.from_data(1, content, ["sha256"])))
    record = tomli_w.dumps(msgspec.to_builtins(policy))
    atomic_files.write(keys.folder / POLICY, record, durable=True, private=True)
    return Repository(folder, keys, clock)
