"""The unit's device, as the chip tells it: on the wire, in the state, and against what a bundle asks for."""

from collections.abc import Mapping
from pathlib import Path

import msgspec

from edge.wire.messages import BackendBirth
from models.bundle.bundle import read_index
from models.bundle.tuples import DeviceTuple, device_tuple, refusal
from sensors.host import host_facts


def as_told(backend: BackendBirth) -> DeviceTuple:
    """By a node that has loaded its model."""
    return device_tuple(backend.name, backend.device_kind, backend.facts, host_facts()["machine"])


def facts_of(device: DeviceTuple) -> dict[str, str]:
    """What is known of it, by name."""
    return {name: text for name, text in msgspec.structs.asdict(device).items() if text}


def device_of(facts: Mapping[str, str]) -> DeviceTuple | None:
    """From `facts_of`; None where nothing was ever told."""
    return msgspec.convert(facts, DeviceTuple) if facts else None


def unfit(device: DeviceTuple, bundle: Path) -> str:
    """Why the bundle in that folder isn't good for the device; empty where it is. Raises BundleWrong."""
    index, _ = read_index(bundle)
    return refusal(device, index.good_for)
