"""Settings as a service will see them: each path in them changed, wherever in the tree it stands."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

Change = Callable[[str, Path], Path]
"""Gets the key, `broker.key_file` say, and what stands there."""


def relocated(tree: Any, change: Change, key: str = "") -> Any:
    """`tree`, of structs, tuples and tables, with every path in it changed."""
    if isinstance(tree, Path):
        return change(key, tree)
    if isinstance(tree, msgspec.Struct):
        inner = {
            field.name: relocated(getattr(tree, field.name), change, f"{key}.{field.encode_name}".lstrip("."))
            for field in msgspec.structs.fields(tree)
        }
        return msgspec.structs.replace(tree, **inner)
    if isinstance(tree, tuple):
        return tuple(relocated(item, change, f"{key}[{number}]") for number, item in enumerate(tree))
    if isinstance(tree, dict):
        return {name: relocated(item, change, f"{key}.{name}".lstrip(".")) for name, item in tree.items()}
    return tree
