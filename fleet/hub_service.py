"""HUB.toml as a service: its paths moved to where the service has them, its secrets with it."""

from collections.abc import Sequence
from pathlib import Path

from fleet.config import HubConfig, HubContradicts
from fleet.security.membership import Membership
from sensors import config
from sensors.config import plain
from sensors.service.places import Places
from sensors.service.readable import check_file
from sensors.service.relocation import relocated
from sensors.service.service import Service

OWN = {"store": "gilmok-hub.db", "alerts_file": "alerts.json", "embedded.folder": "broker"}
"""What it writes, by its key: into its state."""
FLEETS = ("embedded.fleet", "web.join")
"""A folder that whoever enrols writes into: the service has a copy of its own, without any key but the hub's and the
broker's; where units may join at it, with the authority's."""
READ = ("truth", "web.repository")
"""Where it reads and writes nothing."""


def hub_service(path: Path, devices: Sequence[str] = ()) -> Service:
    """Raises ConfigMissing, ConfigWrong, HubContradicts, FileHidden, FleetAbsent or NobodyEnrolled."""
    hub = config.read(path, HubConfig)
    if hub.embedded is not None and hub.embedded.fleet and hub.web.join and hub.embedded.fleet != hub.web.join:
        raise HubContradicts("its broker lets in one fleet, and units join another", "name one folder in both places")
    places = Places(f"hub-{hub.name}")
    secrets: dict[str, Path] = {}
    copies: dict[str, Path] = {}

    def moved(key: str, old: Path) -> Path:
        if key in OWN:
            return places.state / OWN[key]
        if key in FLEETS:
            names = Membership(old, hub.name).files(authority=key == "web.join")
            copies.update({f"fleet/{name}": old / name for name in names})
            return places.state / "fleet"
        if key.startswith(READ):
            check_file(key, old.absolute())
            return old.absolute()
        name = f"{key}{old.suffix}"
        secrets[name] = old
        return places.credentials / name

    return Service(
        kind="hub",
        name=hub.name,
        settings=plain(relocated(hub, moved)),
        came_from=path,
        fields={"GILMOK_HUB": hub.name},
        secrets=secrets,
        copies=copies,
        devices=tuple(devices),
    )
