"""NODE.toml as a service: its paths moved to where the service has them, its secrets and its model with it."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from edge.config import NodeConfig, SourceChoice
from edge.install.device_nodes import device_nodes
from edge.install.identity import Identity, with_identity
from models import catalogue
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

    streams = tuple(
        msgspec.structs.replace(stream, source=_with_options(stream.source, path.parent)) for stream in node.streams
    )
    backend_options = config.convert(
        node.backend.options, plugins.load("backends", node.backend.name).Options, "backend.options", path.parent
    )
    whole = msgspec.structs.replace(
        node, streams=streams, backend=msgspec.structs.replace(node.backend, options=backend_options)
    )
    return Service(
        kind="node",
        name=node.name,
        settings=_written(relocated(whole, moved)),
        came_from=path,
        fields={"GILMOK_NODE": node.name, "GILMOK_SITE": node.site},
        secrets=secrets,
        models=_models(node),
        devices=device_nodes(node, devices, root),
    )


def secret_name(key: str, path: Path) -> str:
    """Of a copy: readable, and no two of one service have it."""
    return f"{key.replace('[', '-').replace(']', '')}{path.suffix}"


def _with_options(source: SourceChoice, base: Path) -> SourceChoice:
    return msgspec.structs.replace(source, options=options_of(source.kind, source.options, base))


def _written(tree: Any) -> dict[str, Any]:
    """As TOML has it: what has its default is left out of what is a plugin's own."""
    written: dict[str, Any] = plain(tree)
    return written


def _models(node: NodeConfig) -> tuple[Path, ...]:
    """Folders of the store: of a model of one's own, of a file that doesn't come with gilmok, of what was compiled."""
    manifest, _ = catalogue.locate(str(node.model.file or node.model.name), node.backend.name, node.backend.precision)
    folder = catalogue.store() / manifest.name
    return (
        (folder,) if node.model.file is None and folder.is_dir() and folder != STORE / "models" / manifest.name else ()
    )
