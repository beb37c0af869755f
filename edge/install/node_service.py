"""NODE.toml as a service: its paths moved to where the service has them, its secrets and its model with it."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from edge.assembly import located
from edge.config import NodeConfig, SourceChoice, UnitChoice
from edge.install.device_nodes import device_nodes
from edge.install.identity import Identity, with_identity
from edge.unit.repository import TRUSTED
from edge.unit.unit import folder_of
from models import catalogue
from models.bundle.repository.client import GIVEN
from models.fetch import is_url
from sensors import config, plugins
from sensors.config import plain
from sensors.errors import GilmokError
from sensors.service.places import STORE, Places
from sensors.service.readable import check_file
from sensors.service.relocation import relocated
from sensors.service.service import Service
from sensors.sources.source import options_of

SECRETS = ("_file", "login")
"""How keys end whose files nobody but the service may read."""


class SpoolElsewhere(GilmokError):
    def __init__(self, path: Path, state: Path) -> None:
        super().__init__(
            f"a service writes into {state} alone, and spool.path is {path}",
            f"take spool.path out; where the spool needs a disk of its own, mount that at {state}",
        )


def node_service(
    path: Path, devices: Sequence[str], root: Path = Path("/"), identity: Identity | None = None
) -> Service:
    """What NODE.toml at `path` needs as a service.

    `devices`: files in /dev that it may use besides. `identity`: as whom it speaks, and to which broker, in the place
    of what NODE.toml says. Raises ConfigMissing, ConfigWrong, OtherNode, FileHidden, SpoolElsewhere,
    DeviceFilesUnknown, and what keeps its model or its source from being found.
    """
    node = config.read(path, NodeConfig)
    if identity is not None:
        node = with_identity(node, identity)
    places = Places(f"node-{node.name}")
    if node.spool.path is not None:
        raise SpoolElsewhere(node.spool.path, places.state)
    secrets: dict[str, Path] = {}

    def moved(key: str, old: Path) -> Path:
        if key == "state":
            return places.state
        if key.endswith(SECRETS):
            name = secret_name(key, old)
            secrets[name] = old
            return places.credentials / name
        check_file(key, old.absolute())
        return old.absolute()

    copies = _trusted(node, identity)
    streams = tuple(
        msgspec.structs.replace(stream, source=_with_options(stream.source, path.parent)) for stream in node.streams
    )
    whole = msgspec.structs.replace(
        node,
        streams=streams,
        backend=msgspec.structs.replace(node.backend, options=_backend_options(node, path.parent)),
        unit=_unit(node, identity, path.parent),
    )
    return Service(
        kind="node",
        name=node.name,
        settings=plain(relocated(whole, moved)),
        came_from=path,
        fields={"GILMOK_NODE": node.name, "GILMOK_SITE": node.site},
        secrets=secrets,
        models=_models(node),
        copies=copies,
        devices=device_nodes(node, devices, root),
    )


def _unit(node: NodeConfig, identity: Identity | None, base: Path) -> UnitChoice:
    """Which bundles it may be given, and from where."""
    if identity is not None and identity.repository is not None:
        return msgspec.structs.replace(node.unit, repository=identity.repository, trusted=None)
    source = node.unit.repository
    if source is not None and not is_url(source):
        folder = (base / source).absolute()
        check_file("unit.repository", folder)
        source = str(folder)
    return msgspec.structs.replace(node.unit, repository=source, trusted=None)


def _trusted(node: NodeConfig, identity: Identity | None) -> dict[str, Path]:
    """The metadata of the repository that it trusts, into its own state: it follows what is signed from there on."""
    to = folder_of(node).relative_to(node.state) / TRUSTED
    if identity is not None and identity.root is not None:
        return {str(to / GIVEN): identity.root}
    given = node.unit.trusted
    if given is None:
        return {}
    return {str(to / path.relative_to(given)): path for path in sorted(given.rglob("*")) if path.is_file()}


def _backend_options(node: NodeConfig, base: Path) -> Any:
    options = plugins.load("backends", node.backend.name).Options
    return config.convert(node.backend.options, options, f"backend {node.backend.name!r}", base)


def secret_name(key: str, path: Path) -> str:
    """Of a copy: readable, and no two of one service have it."""
    return f"{key.replace('[', '-').replace(']', '')}{path.suffix}"


def _with_options(source: SourceChoice, base: Path) -> SourceChoice:
    return msgspec.structs.replace(source, options=options_of(source.kind, source.options, base))


def _models(node: NodeConfig) -> tuple[Path, ...]:
    """Folders of the store: of models of one's own, and of what was compiled of those that come with gilmok."""
    choices = [(node.model, node.backend)]
    if node.shadow is not None:
        choices.append((node.shadow.model, node.shadow.backend))
    folders = []
    for model, backend in choices:
        manifest, _ = located(model, backend)
        folder = catalogue.store() / manifest.name
        if model.name is not None and folder.is_dir() and folder != STORE / "models" / manifest.name:
            folders.append(folder)
    return tuple(dict.fromkeys(folders))
