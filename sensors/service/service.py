"""What a service is, before it is a file of systemd: its settings, its account, and what of the machine it needs."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal, TypeAlias

import msgspec

from sensors.record import Record

Kind: TypeAlias = Literal["node", "hub"]
ACCOUNTS: Mapping[Kind, str] = {"node": "gilmok", "hub": "gilmok-hub"}
VERBS: Mapping[Kind, tuple[str, str]] = {"node": ("unit", "run"), "hub": ("hub", "run")}
NAME = r"^[A-Za-z0-9_-]{1,100}\Z"


class Limits(Record, frozen=True, kw_only=True):
    memory: str = "75%"
    """As `MemoryMax` takes it; beyond, the service is ended and started again."""
    cpus: float = 0.0
    """Cores that it may use up; 0: all."""
    watchdog_s: float = 30.0
    """Without a heartbeat for so long it is ended and started again."""


class Installed(Record, frozen=True, kw_only=True):
    """The record of a service, beside its settings: all that its file of systemd is made of."""

    kind: Kind
    name: Annotated[str, msgspec.Meta(pattern=NAME)]
    """The node's or the hub's."""
    software: str
    program: tuple[str, ...]
    limits: Limits = Limits()
    fields: dict[str, str] = {}
    """In each line that the journal has of it."""
    secrets: tuple[str, ...] = ()
    devices: tuple[str, ...] = ()
    """Nodes in /dev, or classes of them as `char-drm`; it sees no others."""
    groups: tuple[str, ...] = ()
    """Which those belong to."""
    came_from: str = ""
    """The file whose settings these are."""

    @property
    def account(self) -> str:
        return ACCOUNTS[self.kind]

    @property
    def place(self) -> str:
        """By which name its folders go."""
        return f"{self.kind}-{self.name}"


@dataclass(frozen=True, slots=True)
class Service:
    """What is to be installed. Paths in `settings` are as the service will see them."""

    kind: Kind
    name: str
    settings: Mapping[str, Any]
    came_from: Path
    fields: Mapping[str, str] = field(default_factory=dict)
    secrets: Mapping[str, Path] = field(default_factory=dict)
    """Files that are copied, by the name that they get."""
    models: tuple[Path, ...] = ()
    """Folders of the model store that are copied."""
    copies: Mapping[str, Path] = field(default_factory=dict)
    """Files that are copied into its state, by the path that they get there, unless they are there already."""
    devices: tuple[str, ...] = ()
