"""Which sessions and streams have rows in a table: one search of its key for each, however many rows they have."""

from collections.abc import Iterator

import sqlalchemy as sa

from fleet.ledger.store import Store

OF_STREAM = ("site", "node", "session", "stream")
OF_SESSION = ("site", "node", "session")


def distinct(store: Store, table: sa.Table, names: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """The values of the first columns of its primary key, in order; nothing is open between two of them."""
    columns = [table.c[name] for name in names]
    query = sa.select(*columns).order_by(*columns).limit(1)
    after: tuple[str, ...] | None = None
    while True:
        following = query if after is None else query.where(sa.tuple_(*columns) > sa.tuple_(*after))
        with store.reading() as connection:
            row = connection.execute(following).first()
        if row is None:
            return
        after = tuple(row)
        yield after


def is_(table: sa.Table, names: tuple[str, ...], key: tuple[str, ...]) -> sa.ColumnElement[bool]:
    """That a row of `table` is of `key`, whose columns are `names`."""
    return sa.and_(*(table.c[name] == value for name, value in zip(names, key, strict=True)))
