"""The demonstration: a city crossing, watched by roadside units and driven through by vehicles, out of the box."""

import os
from pathlib import Path
from typing import Any

from edge.config import BackendChoice, ModelChoice, NodePlan, Place, SourceChoice, StreamConfig
from edge.wire.messages import NodeKind
from fleet.alert_settings import Alert
from fleet.scenario.scenario import Scenario
from replay.datasets.world import FACTS, VIDEO
from replay.recording import open_dataset
from sensors.errors import GilmokError
from sensors.outside import ContentWrong, json_of, read_bytes

SAMPLES = Path(__file__).parents[2] / "replay" / "samples"
MODEL = "gilmok-mini"
CAMERAS = 4
DEADLINE_MS = 200.0
SECONDS = 38.0
DATASET = "world"
ALERTS = (
    Alert(rule="lost", severity="critical"),
    Alert(rule="books", severity="critical"),
    Alert(rule="failing"),
    Alert(rule="latency", above=DEADLINE_MS),
)
"""So that there is something to see on the page of the alerts; accuracy is left to the report."""


class NoCameras(GilmokError):
    def __init__(self, root: Path) -> None:
        super().__init__(
            f"{root} holds no recordings of the built-in world",
            "render some with `gilmok world render`, or leave --recordings away",
        )


def demo_scenario(recordings: Path, model: str, seconds: float, live: str = "") -> Scenario:
    """One node a camera, for the first few cameras in the folder, and one for the live camera at `live`, if there is
    one; raises NoCameras or DatasetWrong."""
    names = open_dataset(DATASET, recordings).recordings()[:CAMERAS]
    if not names:
        raise NoCameras(recordings)
    # The part that tells the cameras apart: crossing-day-rsu-1 is rsu-1.
    begin = os.path.commonprefix(names) if len(names) > 1 else ""  # noqa: RUF071  names, not paths
    shared = begin.rfind("-") + 1
    return Scenario(
        name="demo",
        site="crossing",
        seconds=seconds,
        alert=ALERTS,
        nodes=(
            *(_node(recordings, name, name[shared:], model) for name in names),
            *([_live_node(live, model)] if live else ()),
        ),
    )


def shown_live(recordings: Path) -> Path:
    """The video that the live camera shows: the first recording's. Raises NoCameras or DatasetWrong."""
    names = open_dataset(DATASET, recordings).recordings()
    if not names:
        raise NoCameras(recordings)
    return recordings / names[0] / VIDEO


def _live_node(url: str, model: str) -> NodePlan:
    stream = StreamConfig(name="camera", pace="live", source=SourceChoice(kind="camera", options={"url": url}))
    return NodePlan(
        name="live-1", model=ModelChoice.of(model), backend=BackendChoice(options={"threads": 1}), streams=(stream,)
    )


def _node(root: Path, recording: str, name: str, model: str) -> NodePlan:
    kind: NodeKind = "vehicle" if "vehicle" in recording else "roadside"
    options = {"dataset": DATASET, "root": str(root.absolute()), "recording": recording}
    return NodePlan(
        name=name,
        kind=kind,
        place=_place(root / recording / FACTS),
        model=ModelChoice.of(model),
        backend=BackendChoice(options={"threads": 1}),
        streams=(StreamConfig(name="camera", source=SourceChoice(kind="recording", options=options)),),
    )


def _place(facts: Path) -> Place | None:
    """Where the camera of a drawn recording stands, unless it rides along."""
    try:
        camera = json_of(read_bytes(facts), dict[str, Any])["camera"]
        return None if camera["rides"] is not None else Place(x_m=camera["x"], y_m=camera["y"])
    except (ContentWrong, KeyError, TypeError):
        return None
