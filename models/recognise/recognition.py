"""What a person says of a model's file, and what was made of it. A list of models needs no runtime to know these."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Answers:
    """What a person says that the file doesn't; None: nothing."""

    labels: str | None = None
    """Names parted by commas, or the name of a table."""
    size: tuple[int, int] | None = None
    """Width and height in pixels."""
    decoder: str | None = None
    filter: str | None = None
    """How pictures shrink, as a manifest's `input.filter`."""


@dataclass(frozen=True, slots=True)
class Recognition:
    manifest: Mapping[str, Any]
    """The keys of a manifest, without those that the file itself tells (`models.own_manifest`)."""
    read: Sequence[str]
    """What the file said, a sentence each."""
    assumed: Sequence[str]
    """What it did not say: the conventions of its makers."""
