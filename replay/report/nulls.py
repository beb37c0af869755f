"""JSON has no NaN: an undefined figure goes out as null, and comes back as NaN where its type is a number."""

from typing import Any, TypeVar

import msgspec
from msgspec.inspect import DictType, FloatType, ListType, StructType, Type, UnionType, VarTupleType, type_info

T = TypeVar("T")


def convert(content: Any, kind: type[T]) -> T:
    """`content`, as read from JSON, as a `kind`; raises msgspec.ValidationError."""
    return msgspec.convert(_filled(content, type_info(kind)), kind)


def _filled(content: Any, kind: Type) -> Any:
    match kind:
        case FloatType():
            return float("nan") if content is None else content
        case StructType() if isinstance(content, dict):
            kinds = {field.encode_name: field.type for field in kind.fields}
            return {name: _filled(value, kinds[name]) if name in kinds else value for name, value in content.items()}
        case DictType() if isinstance(content, dict):
            return {name: _filled(value, kind.value_type) for name, value in content.items()}
        case ListType() | VarTupleType() if isinstance(content, list):
            return [_filled(value, kind.item_type) for value in content]
        case UnionType() if content is not None:
            structs = [one for one in kind.types if isinstance(one, StructType)]
            return _filled(content, structs[0]) if len(structs) == 1 else content
        case _:
            return content
