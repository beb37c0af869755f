"""A thing to try."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Subject:
    words: tuple[str, ...]
    """The command; `{here}` is the trial's own copy of the folder."""
    base: Path
    mutable: tuple[str, ...]
    """Globs of the files that are spoilt."""
    lives: bool = False
    """It runs until it is told to stop."""
    slow: bool = False

    @property
    def name(self) -> str:
        return " ".join(self.words).replace("{here}", self.base.name)
