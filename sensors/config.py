"""TOML into frozen structs: one typed tree a program, unknown keys refused with their path."""

import tomllib
from collections.abc import Iterable, Mapping
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
    """The TOML file at `path` as a `tree`, its relative paths starting where it lies.

    Raises ConfigMissing, or ConfigWrong with the path of the key.
    """
    try:
        text = path.read_bytes()
    except FileNotFoundError:
        raise ConfigMissing(path) from None
    except OSError as error:
        raise ConfigWrong(str(path), f"can't be read: {error.strerror}") from error
    try:
        return convert(tomllib.loads(text.decode()), tree, str(path), path.parent)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigWrong(str(path), f"is not TOML: {error}") from error


def convert(values: Mapping[str, Any], tree: type[T], where: str, base: Path = Path()) -> T:
    """`values` as a `tree`; `where` names their origin in the error, `base` is where relative paths start."""

    def as_path(kind: type, value: Any) -> Any:
        if kind is not Path or not isinstance(value, str):
            raise NotImplementedError
        return base / Path(value).expanduser()

    try:
        return msgspec.convert(values, tree, dec_hook=as_path)
    except (msgspec.ValidationError, NotImplementedError) as error:
        raise ConfigWrong(where, _plain(str(error))) from error


def assignments(texts: Iterable[str]) -> dict[str, Any]:
    """KEY=VALUE texts of a command line as a table; a value that is no TOML is taken as a string."""
    table: dict[str, Any] = {}
    for text in texts:
        key, equals, value = text.partition("=")
        if not (key and equals):
            raise ConfigWrong(repr(text), "is no KEY=VALUE")
        try:
            table[key] = tomllib.loads(f"value = {value}")["value"]
        except tomllib.TOMLDecodeError:
            table[key] = value
    return table


def plain(tree: Any) -> Any:
    """`tree` as dicts, lists and strings, with absolute paths and without Nones: what TOML and JSON can hold."""
    return _without_none(msgspec.to_builtins(tree, enc_hook=lambda path: str(Path(path).absolute())))


def _without_none(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_none(item) for key, item in value.items() if item is not None}
    if isinstance(value, list | tuple):
        return [_without_none(item) for item in value]
    return value


def _plain(text: str) -> str:
    return text.replace("Object contains unknown field", "unknown key").replace("`", "'")
