"""What machine this is, and which gilmok runs on it, for the record."""

import platform
from functools import cache
from importlib.metadata import version
from pathlib import Path

CHECKOUT = Path(__file__).parents[1]
COMMIT_DIGITS = 12


def host_facts() -> dict[str, str]:
    return {
        "name": platform.node(),
        "machine": platform.machine(),
        "system": platform.platform(),
        "python": platform.python_version(),
    }


@cache
def software() -> str:
    """The version; of a checkout also its commit, so that two runs can be told apart between releases."""
    commit = _commit(CHECKOUT / ".git")
    return version("gilmok") + (f"+g{commit[:COMMIT_DIGITS]}" if commit else "")


def _commit(git: Path) -> str:
    """What HEAD is, read from git's files; empty where this is no checkout or its refs lie elsewhere."""
    try:
        head = (git / "HEAD").read_text(encoding="ascii").strip()
        name = head.removeprefix("ref: ")
        return head if name == head else (git / name).read_text(encoding="ascii").strip()
    except OSError:
        return ""
