"""Rows that go into a table: those that are new, or each in the place of the one that has its key."""

from collections.abc import Sequence
from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite


@cache
def insert_into(dialect: str, table: sa.Table) -> "sqlite.Insert | postgresql.Insert":
    return postgresql.insert(table) if dialect == "postgresql" else sqlite.insert(table)


def _place(row: dict[str, Any]) -> tuple[Any, ...]:
    """Where a row stands in an order that all who write keep to."""
    names = row.get("site", ""), row.get("node", ""), row.get("session", ""), row.get("stream", "")
    return *names, row.get("n", row.get("stamp_mono_ns", 0))


def add(connection: sa.Connection, table: sa.Table, rows: Sequence[dict[str, Any]]) -> int:
    """Insert the rows that are new, and leave those that are there as they are; how many were new."""
    if not rows:
        return 0
    insert = insert_into(connection.dialect.name, table).on_conflict_do_nothing()
    if connection.dialect.name == "postgresql":
        # Of two that write the same rows at once, each in an order of its own, the server ends one: a deadlock.
        # Where the table counts its rows itself, their order says which came first, and stays.
        rows = rows if "id" in table.primary_key else sorted(rows, key=_place)
        # Sent as statements of many rows each, none of which has a count of all.
        return len(connection.execute(insert.returning(sa.literal(1)), rows).all())
    return connection.execute(insert, rows).rowcount


def replace(connection: sa.Connection, table: sa.Table, rows: Sequence[dict[str, Any]]) -> None:
    """Insert the rows, each in the place of the one that has its key; of several of one key the last."""
    if rows:
        own = {tuple(row[column.name] for column in table.primary_key): row for row in rows}
        insert = insert_into(connection.dialect.name, table)
        new = {column.name: insert.excluded[column.name] for column in table.columns if not column.primary_key}
        connection.execute(
            insert.on_conflict_do_update(index_elements=list(table.primary_key), set_=new),
            sorted(own.values(), key=_place),
        )
