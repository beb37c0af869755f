"""TOML into frozen structs: one typed tree a program, unknown keys refused with their path."""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from sensors.errors import GilmokError

T = TypeVar("T")


class ConfigMissing(GilmokError):
    def __init__(self, path: Path) -> None:
        super().__init__(f"there is no file {path}", "check the path; examples/ holds files to start from")


class ConfigWrong(GilmokError):
    def __init__(self, where: str, what: str) -> None:
        super().__init__(f"{where}: {what}", "correct that key; docs/tour.md names every key and its unit")


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What every table of a configuration inherits: strangers refused.

    Tables repeat `frozen=True, kw_only=True`: msgspec inherits the two, type checkers don't know it.
    """


def read(path: Path, tree: type[T]) -> T:
    """The TOML file at `path` as a `tree`; raises ConfigMissing or ConfigWrong, naming the key."""
    try:
        text = path.read_bytes()
    except FileNotFoundError:
        raise ConfigMissing(path) from None
    except OSError as error:
        raise ConfigWrong(str(path), f"can't be read: {error.strerror}") from error
    try:
        return convert(tomllib.loads(text.decode()), tree, str(path))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigWrong(str(path), f"is not TOML: {error}") from error


def convert(values: Mapping[str, Any], tree: type[T], where: str) -> T:
    """`values` as a `tree`; `where` names their origin in the error."""
    try:
        return msgspec.convert(values, tree)
    except msgspec.ValidationError as error:
        raise ConfigWrong(where, _plain(str(error))) from error


def _plain(text: str) -> str:
    return text.replace("Object contains unknown field", "unknown key").replace("`", "'")
