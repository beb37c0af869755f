"""A backend by its name: in this process where its SDK is, else in the environment that was built for it."""

import importlib.util
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from edge.device.backend import Backend
from edge.device.environment import python_of
from edge.device.remote.session import Remote
from sensors import config, plugins

DEADLINE_MS = 10_000.0


def open_backend(
    name: str, options: Mapping[str, Any], base: Path = Path(), *, deadline_ms: float = DEADLINE_MS
) -> Backend:
    """The backend plugin `name`, configured by its own `options`; relative paths in them start at `base`.

    `deadline_ms` holds for an inference in the other environment. Raises PluginUnknown, PluginBroken, ConfigWrong, or
    SdkAbsent.
    """
    plugin = plugins.load("backends", name)
    chosen = config.convert(options, plugin.Options, f"backend {name!r}", base)
    python = python_of(name)
    if python.is_file() and not sdk_is_here(plugin):
        return Remote(name, f"{plugin.__module__}:{plugin.__qualname__}", python, chosen, deadline_ms)
    backend: Backend = plugin(chosen)
    return backend


def sdk_is_here(plugin: Any) -> bool:
    """Whether this process could import the plugin's SDK; nothing is imported."""
    about = getattr(plugin, "about", None)
    if about is None:
        return True
    tops = [module.partition(".")[0] for module in (about.module, *about.also)]
    return any(importlib.util.find_spec(top) is not None for top in tops)
