"""TOML into frozen structs: one typed tree a program, unknown keys refused with their path, values with their range."""

import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, ClassVar, TypeVar, Union, get_args, get_origin

import msgspec

from sensors.errors import GilmokError
from sensors.outside import ContentWrong, read_bytes, toml_of
from sensors.ranges import in_words, quoted
from sensors.terminal.foreign_text import path_of
from sensors.terminal.pretty_json import encodable

T = TypeVar("T")

FILE_BYTES = 4_000_000
"""A configuration is written by hand; what is larger is another file."""
PATH_CHARACTERS = 4096
PAGE = "docs/settings.md"


class ConfigMissing(GilmokError):
    def __init__(self, path: Path) -> None:
        super().__init__(f"there is no file {path}", "check the path; examples/ holds files to start from")


class ConfigWrong(GilmokError):
    def __init__(self, where: str, what: str, page: str = PAGE) -> None:
        super().__init__(f"{where}: {what}", f"correct that key; {page} names every key and its unit")


class ConfigUnreadable(ConfigWrong):
    """No key of it is wrong: it can't be taken apart into keys."""

    def __init__(self, path: Path, what: str, page: str) -> None:
        super().__init__(str(path), what, page)
        self.hint = f"correct it there; {page} shows how it is written"


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What every table of a configuration inherits: strangers refused.

    Tables repeat `frozen=True, kw_only=True`: msgspec inherits the two, type checkers don't know it.
    Numbers and texts have types of `sensors.ranges`.
    """

    page: ClassVar[str] = PAGE
    """Where its keys are documented."""


def read(path: Path, tree: type[T]) -> T:
    """The TOML file at `path` as a `tree`, its relative paths starting where it lies.

    Raises ConfigMissing, or ConfigWrong with the path of the key.
    """
    try:
        tables = toml_of(read_bytes(path, FILE_BYTES))
    except ContentWrong as wrong:
        if isinstance(wrong.__cause__, FileNotFoundError):
            raise ConfigMissing(path) from None
        raise ConfigUnreadable(path, wrong.what, getattr(tree, "page", PAGE)) from wrong
    return convert(tables, tree, str(path), path.parent)


def convert(values: Mapping[str, Any], tree: type[T], where: str, base: Path = Path()) -> T:
    """`values` as a `tree`; `where` names their origin in the error, `base` is where relative paths start.

    Raises ConfigWrong with the key, its value and what it may be.
    """

    def as_path(kind: type, value: Any) -> Any:
        if kind is not Path or not isinstance(value, str):
            raise NotImplementedError
        if "\0" in value or not 0 < len(value) <= PATH_CHARACTERS:
            raise ValueError(f"a path has 1 to {PATH_CHARACTERS} characters, none of them NUL")
        try:
            return path_of(str(base / Path(value).expanduser()))
        except RuntimeError as error:  # ~ of somebody who isn't there
            raise ValueError(f"{quoted(value)}: {error}") from error

    def fits(value: Any, kind: Any) -> bool:
        try:
            msgspec.convert(value, kind, dec_hook=as_path)
        except (msgspec.ValidationError, NotImplementedError):
            return False
        return True

    try:
        return msgspec.convert(values, tree, dec_hook=as_path)
    except (msgspec.ValidationError, NotImplementedError) as error:
        what = _wrong_value(values, tree, fits) or _plain(str(error))
        raise ConfigWrong(where, what, getattr(tree, "page", PAGE)) from error


def _wrong_value(value: Any, kind: Any, fits: Callable[[Any, Any], bool], path: str = "") -> str:
    """The first value that its own type refuses, as a sentence; empty where a table or a list is wrong itself."""
    for step, part, part_kind in _parts(value, kind):
        if not fits(part, part_kind):
            return _wrong_value(part, part_kind, fits, path + step)
    if isinstance(value, dict | list):
        return ""
    return f"{path.removeprefix('.')} = {quoted(value)}: expected {in_words(kind)}"


def _parts(value: Any, kind: Any) -> Iterator[tuple[str, Any, Any]]:
    """What a table or a list holds: where, the value, and the type that it should have."""
    origin, inner = get_origin(kind), get_args(kind)
    if origin is Annotated:
        yield from _parts(value, inner[0])
    elif origin in (Union, UnionType):
        for one in inner:
            yield from _parts(value, one)
    elif isinstance(value, dict) and isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        for field in msgspec.structs.fields(kind):
            if field.encode_name in value:
                yield f".{field.encode_name}", value[field.encode_name], field.type
    elif isinstance(value, dict) and origin is dict:
        for key, item in value.items():
            yield f".{key}", item, inner[1]
    elif isinstance(value, list | tuple) and origin in (tuple, list):
        kinds = inner if origin is tuple and inner[-1] is not Ellipsis else [inner[0]] * len(value)
        for place, (item, item_kind) in enumerate(zip(value, kinds, strict=False)):
            yield f"[{place}]", item, item_kind


def assignments(texts: Iterable[str]) -> dict[str, Any]:
    """KEY=VALUE texts of a command line as a table; a value that is no TOML is taken as a string."""
    table: dict[str, Any] = {}
    for text in texts:
        key, equals, value = text.partition("=")
        if not (key and equals):
            raise ConfigWrong(repr(text), "is no KEY=VALUE")
        try:
            table[key] = tomllib.loads(f"value = {value}")["value"]
        except (ValueError, RecursionError):
            table[key] = value
    return table


def plain(tree: Any) -> Any:
    """`tree` as dicts, lists and strings, with absolute paths and without Nones: what TOML and JSON can hold."""
    return encodable(_without_none(msgspec.to_builtins(tree, enc_hook=lambda path: str(Path(path).absolute()))))


def _without_none(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_none(item) for key, item in value.items() if item is not None}
    if isinstance(value, list | tuple):
        return [_without_none(item) for item in value]
    return value


def _plain(text: str) -> str:
    return text.replace("Object contains unknown field", "unknown key").replace("`", "'")
