"""What a campaign needs before it begins: the libraries of its extra, and a device that is there."""

import importlib.util
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from edge.config import BackendChoice
from edge.device.opening import open_backend
from replay.qualify.conductor import PARTS
from replay.qualify.load.loadgen import check_present
from sensors.errors import GilmokError

PAGE_LIBRARIES = ("jinja2", "matplotlib")


class LibraryAbsent(GilmokError):
    def __init__(self, name: str) -> None:
        super().__init__(
            f"a qualification's report needs {name!r}, which is not installed", "pip install 'gilmok[qualify]'"
        )


class PartUnknown(GilmokError):
    def __init__(self, name: str) -> None:
        super().__init__(f"a qualification has no part {name!r}", f"its parts: {', '.join(PARTS)}")


class DevicesNone(GilmokError):
    def __init__(self, backend: str) -> None:
        super().__init__(f"backend {backend!r} finds no device here", "`gilmok backend list` says what it needs")


def check_requirements(skip: Sequence[str]) -> None:
    """Raises PartUnknown, LibraryAbsent or LoadGenAbsent: before hours of measuring rather than after them."""
    for part in skip:
        if part not in PARTS:
            raise PartUnknown(part)
    for name in PAGE_LIBRARIES:
        if importlib.util.find_spec(name) is None:
            raise LibraryAbsent(name)
    if "latency" not in skip:
        check_present()


def backend_choice(
    name: str, device: str | None, options: Mapping[str, Any], precision: str | None = None
) -> BackendChoice:
    """The choice that is meant; without a device, the first one that is there. Raises what `open_backend` raises."""
    if device is None:
        found = open_backend(name, options).devices()
        if not found:
            raise DevicesNone(name)
        device = found[0].name
    choice = BackendChoice(name=name, device=device, options=dict(options))
    return choice if precision is None else msgspec.structs.replace(choice, precision=precision)
