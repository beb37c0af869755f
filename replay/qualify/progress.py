"""How a part says how far it is."""

from collections.abc import Callable
from typing import TypeAlias

Tell: TypeAlias = Callable[[float, str], None]
"""Called with the share that is done, 0..1, and a word on what is being done."""


def quietly(_share: float, _what: str) -> None:
    """For whoever doesn't want to know."""
