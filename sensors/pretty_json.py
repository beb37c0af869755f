"""JSON for people and files: indented, undefined figures as null, and always valid."""

from pathlib import Path
from typing import Any

import msgspec

from sensors.foreign_text import without_surrogates


def pretty(tree: Any) -> bytes:
    """UTF-8, indented by two, a newline at its end. NaN and the infinite become null; a byte of a file name that is no
    UTF-8 is shown as that byte, since JSON can't hold it.
    """
    try:
        raw = msgspec.json.encode(tree, enc_hook=_path)
    except UnicodeEncodeError:
        raw = msgspec.json.encode(_encodable(msgspec.to_builtins(tree, enc_hook=_path)))
    return msgspec.json.format(raw, indent=2) + b"\n"


def _path(value: Any) -> str:
    if isinstance(value, Path):
        return str(value)
    raise NotImplementedError(f"{type(value).__name__} in JSON")


def _encodable(value: Any) -> Any:
    if isinstance(value, str):
        return without_surrogates(value)
    if isinstance(value, dict):
        return {_encodable(key): _encodable(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_encodable(item) for item in value]
    return value
