"""Which backends are known, which of them can run here, and what keeps the others from it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from edge.device.backend import Backend, BackendError, Device
from edge.device.environment import python_of
from edge.device.opening import open_backend, sdk_is_here
from edge.device.sdk import About
from sensors import plugins

Installed: TypeAlias = Literal["here", "apart", "no"]
"""The SDK is importable by this Python, has an environment of its own, or is absent."""

STRANGER = About(silicon="not told", module="", install="see the package that it comes with", tried="not told")


@dataclass(frozen=True, slots=True)
class Finding:
    name: str
    installed: Installed
    devices: Sequence[Device]
    why: str
    """Why there are no devices; empty where there are some."""
    about: About


def survey(names: Sequence[str] | None = None) -> list[Finding]:
    """One finding for each registered backend (or the named ones), in their order."""
    return [_look(name) for name in (names if names is not None else plugins.names("backends"))]


def _look(name: str) -> Finding:
    try:
        plugin = plugins.load("backends", name)
    except plugins.PluginBroken as error:
        return Finding(name, "no", [], error.sentence, STRANGER)
    about = getattr(plugin, "about", STRANGER)
    installed = _installed(name, plugin)
    if installed == "no":
        return Finding(name, installed, [], f"{about.module} is not installed", about)
    try:
        backend: Backend = open_backend(name, {})
        devices = backend.devices()
    except BackendError as error:
        return Finding(name, installed, [], error.sentence, about)
    return Finding(name, installed, devices, "" if devices else "the SDK finds no device", about)


def _installed(name: str, plugin: Any) -> Installed:
    if sdk_is_here(plugin):
        return "here"
    return "apart" if python_of(name).is_file() else "no"
