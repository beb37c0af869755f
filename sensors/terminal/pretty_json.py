"""JSON for people and files: indented, undefined figures as null, and always valid."""

from pathlib import Path
from typing import Any

import msgspec

from sensors.terminal.foreign_text import without_surrogates


def pretty(tree: Any) -> bytes:
    """As `compact`, indented by two, with a newline at its end."""
    return msgspec.json.format(compact(tree), indent=2) + b"\n"


def compact(tree: Any) -> bytes:
    """UTF-8 on one line. NaN and the infinite become null; a byte of a file name that is no UTF-8 is shown as that
    byte, since JSON can't hold it.
    """
    try:
        return msgspec.json.encode(tree, enc_hook=_path)
    except UnicodeEncodeError:
        return msgspec.json.encode(encodable(msgspec.to_builtins(tree, enc_hook=_path)))


def encodable(value: Any) -> Any:
    """Dicts, lists and strings as UTF-8 can hold them."""
    if isinstance(value, str):
        return without_surrogates(value)
    if isinstance(value, dict):
        return {encodable(key): encodable(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [encodable(item) for item in value]
    return value


def _path(value: Any) -> str:
    if isinstance(value, Path):
        return str(value)
    raise NotImplementedError(f"{type(value).__name__} in JSON")
