"""The recordings that runs speak of, found and opened again."""

from pathlib import Path
from typing import Any

from edge.wire.messages import StreamBirth
from replay.part import Part, part_of
from replay.recording import Recording, open_recorded
from sensors.config import convert
from sensors.errors import GilmokError
from sensors.terminal.foreign_text import path_of


class Recordings:
    """Every recording opened, and its bytes digested, once, whichever run asks for it."""

    def __init__(self) -> None:
        self._known: dict[str, Recording] = {}

    def find(self, scenario: dict[str, Any], node: str, stream: StreamBirth) -> tuple[Recording | None, str]:
        """The recording that ran, by its digest, where the scenario says it lies; else None and why.

        A run of another machine finds what a run of this one has found.
        """
        known = self._known.get(stream.digest)
        if known is not None and known.dataset == stream.dataset:
            return known, ""
        found, why = _opened(scenario, node, stream)
        if found is not None:
            self._known[stream.digest] = found
        return found, why


def _opened(scenario: dict[str, Any], node: str, stream: StreamBirth) -> tuple[Recording | None, str]:
    if not stream.dataset:
        return None, f"the stream comes from a source of kind {stream.source!r}, which knows no truth"
    root = _root(scenario, node, stream.name)
    if root is None:
        return None, "run.json doesn't say where the recording lies"
    try:
        recording = part_of(open_recorded(stream.dataset, root, stream.recording), _part(scenario, node, stream.name))
        unchanged = recording.digest == stream.digest
    except (GilmokError, OSError) as error:
        return None, error.sentence if isinstance(error, GilmokError) else str(error)
    if not unchanged:
        return None, f"the recording in {root} is not the one that ran: its digest differs"
    return recording, ""


def _root(scenario: dict[str, Any], node: str, stream: str) -> Path | None:
    """Where the stream's data set lies, by a scenario of `gilmok run` or the configuration of `gilmok replay run`."""
    if "root" in scenario:
        return path_of(str(scenario["root"]))
    root = _options(scenario, node, stream).get("root")
    return None if root is None else path_of(str(root))


def _part(scenario: dict[str, Any], node: str, stream: str) -> Part | None:
    """Which frames of it were played; raises ConfigWrong."""
    part = scenario.get("part") if "root" in scenario else _options(scenario, node, stream).get("part")
    return None if part is None else convert(part, Part, "run.json")


def _options(scenario: dict[str, Any], node: str, stream: str) -> dict[str, Any]:
    """Of a stream's source in a scenario of `gilmok run`; empty where there is none."""
    for plan in scenario.get("nodes", ()):
        for one in plan.get("streams", ()) if plan.get("name") == node else ():
            if one.get("name") == stream:
                found: dict[str, Any] = one.get("source", {}).get("options", {})
                return found
    return {}
