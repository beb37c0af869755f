"""Undefined is NaN inside and null in JSON: back from the one to the other, by the type that is asked for."""

import math
from functools import cache
from typing import Any, TypeVar

import msgspec
from msgspec import inspect

T = TypeVar("T")


def convert(value: Any, kind: type[T]) -> T:
    """Decoded JSON as a `kind`, null for NaN wherever a plain float stands; raises msgspec.ValidationError."""
    shape: Any = kind
    return msgspec.convert(restored(value, _type_info(shape)), kind)


@cache
def _type_info(kind: Any) -> inspect.Type:
    """Looking into a type takes longer than reading a run's summary."""
    return inspect.type_info(kind)


def restored(value: Any, kind: inspect.Type) -> Any:
    """`value` with NaN for null wherever `kind` has a float that can't be None."""
    match kind:
        case inspect.FloatType() if value is None:
            return math.nan
        case inspect.StructType(fields=fields) if isinstance(value, dict):
            types = {field.encode_name: field.type for field in fields}
            return {key: restored(item, types[key]) if key in types else item for key, item in value.items()}
        case inspect.DictType(value_type=items) if isinstance(value, dict):
            return {key: restored(item, items) for key, item in value.items()}
        case inspect.VarTupleType(item_type=items) | inspect.ListType(item_type=items) if isinstance(value, list):
            return [restored(item, items) for item in value]
        case inspect.UnionType(types=types) if value is not None:
            structs = [one for one in types if isinstance(one, inspect.StructType)]
            return restored(value, structs[0]) if structs else value
    return value
