"""A fleet to roll models out to, on one machine: the demonstration's four cameras as units, with hub and repository."""

import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import msgspec
import tomli_w

from edge.config import NodeConfig, UnitChoice
from edge.wire.address import BrokerAt
from fleet.config import Embedded, HubConfig, TruthRoot, Web
from fleet.scenario.demo import DATASET, demo_scenario
from models.bundle.repository.client import trust
from models.bundle.repository.founding import init
from models.bundle.repository.keys import Keys
from models.bundle.repository.policy import Policy
from sensors import atomic_files
from sensors.clock import Clock
from sensors.config import plain
from sensors.errors import GilmokError
from sensors.private_files import private_folder
from sensors.processes.child import Child

HUB, REPOSITORY, KEYS = "hub.toml", "repository", "repository-keys"
WATCH_S = 10.0
READY_S, LOAD_S = 60.0, 120.0
GATES = {"off": ["p99", "drift", "power", "temperature"], "required": ["failed", "p50", "accuracy"]}
"""Of a machine that does other things besides: what takes longer to be told is left out."""
PLAN: dict[str, Any] = {
    "look_s": 5.0,
    "before_looks": 8,
    "patience_s": 300.0,
    "wave": [{"units": 1, "soak_s": 20.0}, {"share": 1.0, "soak_s": 20.0}],
    "gates": {**GATES, "p50": 1.5, "accuracy": 0.1},
}
WORSE = {"model": {"labels": ["car", "bicycle", "person", "bus", "truck"]}}
"""A patch that takes each class for the other: such a model answers as fast as before, and never crashes."""


class FolderTaken(GilmokError):
    def __init__(self, folder: Path) -> None:
        super().__init__(f"{folder} is there, and no fleet of `gilmok demo --units`", "name another folder")


def prepare(folder: Path, recordings: Path, model: str, clock: Clock) -> list[Path]:
    """Each unit's NODE.toml. One that was made before is taken as it is. Raises FolderTaken, FileUnwritable and what
    `demo_scenario` raises."""
    nodes = demo_scenario(recordings, model, 1.0).nodes
    paths = [folder / f"{node.name}.toml" for node in nodes]
    if (folder / HUB).is_file():
        return paths
    if folder.exists() and any(folder.iterdir()):
        raise FolderTaken(folder)
    private_folder(folder)
    root = init(folder / REPOSITORY, Keys(folder / KEYS), Policy(), clock).root
    port = _free_port()
    broker = BrokerAt(url=f"mqtt://127.0.0.1:{port}")
    for node, path in zip(nodes, paths, strict=True):
        state = folder / f"{node.name}-state"
        trusted = state / "trusted"
        trust(trusted, root)
        unit = UnitChoice(
            repository=str((folder / REPOSITORY).absolute()),
            trusted=trusted,
            watch_s=WATCH_S,
            # What else the machine does at that moment decides on a p99 of ten seconds.
            p99_ratio=0,
            streams_again=True,
        )
        config = NodeConfig(
            **{name: getattr(node, name) for name in node.__struct_fields__},
            site="crossing",
            broker=broker,
            state=state,
            unit=unit,
        )
        _write(path, plain(config))
    hub = HubConfig(
        store=folder / "hub.db",
        embedded=Embedded(port=port, folder=folder / "broker"),
        web=Web(or_next=True),
        truth=(TruthRoot(dataset=DATASET, root=recordings),),
    )
    _write(folder / "swapped.toml", WORSE)
    for name, bundle in (("int8", "int8"), ("worse", "worse")):
        _write(folder / f"{name}.toml", {"name": name, "bundle": bundle, **PLAN})
    # Last: it says that the others are whole.
    _write(folder / HUB, plain(hub))
    return paths


@contextmanager
def running(folder: Path, paths: list[Path]) -> Iterator[tuple[Child, list[Child]]]:
    """The hub and the units at work; each writes what it has to say into a file beside its configuration."""
    with ExitStack() as stack:
        hub = Child("the hub", ["hub", "run", str(folder / HUB)], folder / "hub.log")
        stack.callback(hub.stop)
        hub.await_line("ready", READY_S)
        units = []
        for path in paths:
            unit = Child(f"unit {path.stem}", ["unit", "run", str(path)], path.with_suffix(".log"))
            stack.callback(unit.stop)
            units.append(unit)
        yield hub, units


def _write(path: Path, table: dict[str, Any]) -> None:
    atomic_files.write(path, tomli_w.dumps(msgspec.to_builtins(table)))


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])
