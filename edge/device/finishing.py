"""What only a backend itself can make of a compiled model, such as the file that its boards load."""

from collections.abc import Callable
from pathlib import Path

from models.manifest import Artefact
from sensors import plugins


def finish(artefact: Artefact, folder: Path, on_step: Callable[[str], None]) -> Artefact:
    """`artefact` with what its backend adds to it in `folder`, the folder of its files; most add nothing.

    A backend that does has a static method `finish` of these three parameters. Raises what it raises: BackendError.
    """
    made: Callable[[Artefact, Path, Callable[[str], None]], Artefact] | None
    made = getattr(plugins.load("backends", artefact.backend), "finish", None)
    return artefact if made is None else made(artefact, folder, on_step)
