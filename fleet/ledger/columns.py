"""The types of the ledger's columns. SQLite keeps whatever is there, whatever the column's type: what a damaged file or
another program's hand left is told when it is read, in one place.
"""

from collections.abc import Callable
from typing import Any, TypeAlias, get_args

import sqlalchemy as sa

from edge.wire.messages import ConnState

Reading: TypeAlias = Callable[[Any], Any] | None
STATES = get_args(ConnState)


class CellDamaged(Exception):
    """Caught where the store is read (`fleet.ledger.store`), which knows whose cell it is."""

    def __init__(self, found: object, wanted: str) -> None:
        super().__init__(f"{found!r:.60} where {wanted} belongs")


class Whole(sa.TypeDecorator[int]):
    """64 bits."""

    impl = sa.BigInteger
    cache_ok = True

    def result_processor(self, dialect: sa.Dialect, coltype: object) -> Reading:  # noqa: ARG002
        return _checked(dialect, lambda value: type(value) is int, "a whole number")


class Text(sa.TypeDecorator[str]):
    impl = sa.String
    cache_ok = True

    def result_processor(self, dialect: sa.Dialect, coltype: object) -> Reading:  # noqa: ARG002
        return _checked(dialect, lambda value: type(value) is str, "a text")


class State(sa.TypeDecorator[str]):
    """A ConnState."""

    impl = sa.String
    cache_ok = True

    def result_processor(self, dialect: sa.Dialect, coltype: object) -> Reading:  # noqa: ARG002
        return _checked(dialect, lambda value: value in STATES, f"one of {', '.join(STATES)}")


def _checked(dialect: sa.Dialect, fits: Callable[[Any], bool], wanted: str) -> Reading:
    """A server holds its columns to their types; its sums are of another."""
    if dialect.name != "sqlite":
        return None

    def checked(value: Any) -> Any:
        if value is None or fits(value):
            return value
        raise CellDamaged(value, wanted)

    return checked
