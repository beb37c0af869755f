"""A rollout's rows, as who decides and who shows them have them."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import sqlalchemy as sa

from fleet.ledger.inserting import add, replace
from fleet.ledger.schema import ROLLOUT_ACTOR, ROLLOUT_CHANGES, ROLLOUTS
from fleet.ledger.store import Store, Where

MOST_CHANGES = 10_000
"""That one question is answered with: the newest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RolloutRow:
    id: int
    name: str
    began_utc_ns: int
    began_by: str
    status: str
    unsettled: bool
    revision: int
    plan: bytes
    state: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeRow:
    at_utc_ns: int
    who: str
    what: str
    site: str
    node: str
    why: str


@dataclass(frozen=True, slots=True)
class Actor:
    holder: str
    beat: int


class RolloutRows:
    """Used by `with`. `write`: opens the ledger to write, and makes none."""

    def __init__(self, where: Where, *, write: bool) -> None:
        """Raises as Store does."""
        self._store = Store(where, write=write)

    def __enter__(self) -> "RolloutRows":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._store.close()

    def every(self) -> list[RolloutRow]:
        """The newest first."""
        return self._read(sa.select(ROLLOUTS).order_by(ROLLOUTS.c.id.desc()))

    def unsettled(self) -> list[RolloutRow]:
        """The oldest first."""
        return self._read(sa.select(ROLLOUTS).where(ROLLOUTS.c.unsettled).order_by(ROLLOUTS.c.id))

    def anything_unsettled(self) -> bool:
        with self._store.reading() as connection:
            return connection.execute(sa.select(ROLLOUTS.c.id).where(ROLLOUTS.c.unsettled).limit(1)).first() is not None

    def one(self, rollout: int) -> RolloutRow | None:
        return next(iter(self._read(sa.select(ROLLOUTS).where(ROLLOUTS.c.id == rollout))), None)

    def changes(self, rollout: int, most: int = MOST_CHANGES) -> list[ChangeRow]:
        """As they became, the newest `most` of them."""
        columns = (ROLLOUT_CHANGES.c[name] for name in ("at_utc_ns", "who", "what", "site", "node", "why"))
        query = sa.select(*columns).where(ROLLOUT_CHANGES.c.rollout == rollout)
        with self._store.reading() as connection:
            rows = connection.execute(query.order_by(ROLLOUT_CHANGES.c.id.desc()).limit(most)).all()
        return [ChangeRow(**row._mapping) for row in reversed(rows)]

    def begin(self, row: RolloutRow, changes: Sequence[ChangeRow]) -> int:
        """Its id; the one of `row` is of no meaning."""
        with self._writing() as connection:
            inserted = connection.execute(sa.insert(ROLLOUTS).values(**_values(row)).returning(ROLLOUTS.c.id))
            rollout = int(inserted.scalar_one())
            self._tell(connection, rollout, changes)
        return rollout

    def keep(self, row: RolloutRow, changes: Sequence[ChangeRow]) -> bool:
        """In the place of the revision before: with its changes, or not at all where another was there first."""
        with self._writing() as connection:
            rests_on = ROLLOUTS.c.id == row.id, ROLLOUTS.c.revision == row.revision - 1
            if not connection.execute(sa.update(ROLLOUTS).where(*rests_on).values(**_values(row))).rowcount:
                return False
            self._tell(connection, row.id, changes)
        return True

    def actor(self) -> Actor | None:
        with self._store.reading() as connection:
            row = connection.execute(sa.select(ROLLOUT_ACTOR.c.holder, ROLLOUT_ACTOR.c.beat)).first()
        return None if row is None else Actor(row.holder, row.beat)

    def act(self, holder: str, after: Actor | None) -> Actor | None:
        """Hold the place after `after`, which was seen there; None: somebody else was faster."""
        new = Actor(holder, 1 if after is None else after.beat + 1)
        with self._writing() as connection:
            row = connection.execute(sa.select(ROLLOUT_ACTOR.c.holder, ROLLOUT_ACTOR.c.beat)).first()
            if (None if row is None else Actor(row.holder, row.beat)) != after:
                return None
            replace(connection, ROLLOUT_ACTOR, [{"id": 1, "holder": new.holder, "beat": new.beat}])
        return new

    @contextmanager
    def _writing(self) -> Iterator[sa.Connection]:
        # Alone: what was read in it still holds when it is written.
        with self._store.writing(alone=True) as connection:
            yield connection

    def _read(self, query: "sa.Select[tuple[object, ...]]") -> list[RolloutRow]:
        with self._store.reading() as connection:
            return [RolloutRow(**row._mapping) for row in connection.execute(query)]

    @staticmethod
    def _tell(connection: sa.Connection, rollout: int, changes: Sequence[ChangeRow]) -> None:
        names = ChangeRow.__slots__
        rows = [{"rollout": rollout, **{name: getattr(one, name) for name in names}} for one in changes]
        add(connection, ROLLOUT_CHANGES, rows)


def _values(row: RolloutRow) -> dict[str, object]:
    return {name: getattr(row, name) for name in RolloutRow.__slots__ if name != "id"}
