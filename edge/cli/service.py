"""`gilmok unit install`, and what is done with services that are installed: nodes and hubs alike."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from sensors.service import verbs as service_verbs

if TYPE_CHECKING:
    from sensors.service.service import Service


def register(verbs: Any) -> None:
    service_verbs.add_install(verbs, "NODE.toml", _described)
    service_verbs.add_others(verbs)


def _described(path: Path, devices: tuple[str, ...], root: Path) -> "Service":
    from edge.install.node_service import node_service

    return node_service(path, devices, root)
