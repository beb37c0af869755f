"""NODE-PATCH.toml: what a bundle may change of the NODE.toml of the unit that runs it, beside its model.

A short list of keys, none of which names a file, a program or an address: whoever signs bundles must not get at more
of a unit than its model.
"""

import re
from pathlib import Path
from typing import Annotated

from msgspec import Meta

from models.bundle.bundle import PATCH, BundleWrong
from sensors import config
from sensors.config import ConfigWrong, Settings
from sensors.ranges import Count, Milliseconds, Name, quoted

OPTIONS = frozenset(
    {"cores", "hint", "in_flight", "performance", "precision", "requests", "sessions", "spin", "threads", "timeout_ms"}
    | {"vtcm_mb", "workers"}
)
"""Of a backend, by name: how it shares its device. Whether the bundle's backend has them, the backend says."""

CHOICE = re.compile(r"[A-Za-z0-9_-]{1,40}")
"""A word that a backend lists: no path has only these characters."""


class BackendPatch(Settings, frozen=True, kw_only=True):
    deadline_ms: Milliseconds | None = None
    options: Annotated[dict[Name, bool | Count | Name], Meta(max_length=16)] = {}


class ModelPatch(Settings, frozen=True, kw_only=True):
    labels: Annotated[tuple[Name, ...], Meta(max_length=10_000)] = ()
    """Names for the network's classes, as `[model] labels` of NODE.toml."""


class NodePatch(Settings, frozen=True, kw_only=True):
    model: ModelPatch = ModelPatch()
    backend: BackendPatch = BackendPatch()

    def __post_init__(self) -> None:
        if strange := sorted(self.backend.options.keys() - OPTIONS):
            raise ValueError(f"a bundle may not change the option {strange[0]!r}; it may {', '.join(sorted(OPTIONS))}")
        for option, value in self.backend.options.items():
            if isinstance(value, str) and not CHOICE.fullmatch(value):
                raise ValueError(f"the option {option!r} is a word of letters, digits, - and _, not {quoted(value)}")


def read_patch(path: Path) -> NodePatch:
    """Raises ConfigMissing or ConfigWrong."""
    return config.read(path, NodePatch)


def patch_of(folder: Path) -> NodePatch:
    """Of a bundle; one that changes nothing where it has none. Raises BundleWrong."""
    if not (folder / PATCH).is_file():
        return NodePatch()
    try:
        return read_patch(folder / PATCH)
    except ConfigWrong as error:
        raise BundleWrong(folder / PATCH, error.sentence.removeprefix(f"{folder / PATCH}: ")) from error
