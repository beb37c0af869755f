"""What exporters write into a file: names, task, size. Each by its own convention, none to be believed blindly."""

import ast
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from models.recognise.questions import TaskForeign

NAME_KEYS = ("names", "classes", "class_names", "labels", "categories")
MAX_CHARACTERS = 100_000
"""Of a value that is read: a table of a thousand names has some ten thousand."""
STRIDES, DEFAULT_STRIDE = range(1, 257), 32


@dataclass(frozen=True, slots=True)
class Metadata:
    maker: str = ""
    """`ultralytics`, or empty."""
    labels: tuple[str, ...] = ()
    size: tuple[int, int] | None = None
    """Width and height in pixels."""
    suppressed: bool = False
    """Whether the graph ends in findings."""
    dynamic: bool = False
    """Whether its exporter says that it left the sides open on purpose."""
    stride: int = DEFAULT_STRIDE
    """Sides are whole multiples of it, in pixels."""
    licence: str = ""


def read(entries: Mapping[str, str]) -> Metadata:
    """Raises TaskForeign where the file says that it does something else than detect."""
    ours = "Ultralytics" in entries.get("author", "") or "ultralytics" in entries.get("license", "")
    task = entries.get("task", "detect")
    if task != "detect":
        raise TaskForeign(task)
    arguments = _value(entries.get("args", ""))
    said = arguments if isinstance(arguments, Mapping) else {}
    stride = _number(entries.get("stride"))
    return Metadata(
        maker="ultralytics" if ours else "",
        labels=next((found for key in NAME_KEYS if (found := _labels(entries.get(key, "")))), ()),
        size=_size(_value(entries.get("imgsz", ""))),
        suppressed=bool(said.get("nms")) or entries.get("end2end", "").lower() == "true",
        dynamic=said.get("dynamic") is True,
        stride=stride if stride is not None and stride in STRIDES else DEFAULT_STRIDE,
        licence=entries.get("license", ""),
    )


def _labels(text: str) -> tuple[str, ...]:
    """Names by number, of a list or a dict in JSON or in Python's writing, or of lines or commas; else nothing."""
    found = _value(text)
    if isinstance(found, Mapping):
        numbers = {number: name for key, name in found.items() if (number := _number(key)) is not None}
        if len(numbers) != len(found) or sorted(numbers) != list(range(len(numbers))):
            return ()
        found = [numbers[number] for number in sorted(numbers)]
    if isinstance(found, str) and not set("[]{}()") & set(found):
        found = [part.strip() for part in found.replace("\n", ",").split(",") if part.strip()]
    if isinstance(found, list | tuple) and found and all(isinstance(name, str) for name in found):
        return tuple(found)
    return ()


def _value(text: str) -> Any:
    """`text` as JSON, else as a Python literal, else as it is."""
    if len(text) > MAX_CHARACTERS:
        return ""
    for parse in (json.loads, ast.literal_eval):
        try:
            return parse(text)
        except (ValueError, SyntaxError, RecursionError, MemoryError):
            continue
    return text


def _number(key: Any) -> int | None:
    try:
        return int(key)
    except (TypeError, ValueError):
        return None


def _size(value: Any) -> tuple[int, int] | None:
    """Width and height; the file has them as (height, width) or as one side."""
    if isinstance(value, int):
        return value, value
    if isinstance(value, Sequence) and len(value) == 2 and all(isinstance(side, int) for side in value):
        return value[1], value[0]
    return None
