"""The ledger with its shadows, read."""

from collections.abc import Iterator

import sqlalchemy as sa

from edge.wire.messages import FrameReport
from fleet.arrivals import SessionKey
from fleet.ledger.fleet_reader import FleetReader
from fleet.ledger.schema import SHADOW_FRAMES


class ShadowReader(FleetReader):
    """Raises what a LedgerReader does."""

    def shadow_reports(
        self, key: SessionKey, stream: str, since: int = -1, newest: int | None = None
    ) -> list[FrameReport]:
        """By a stream's candidate, in order of its numbers, beyond `since`; the `newest` so many, or all."""
        of = SHADOW_FRAMES.c
        own = (of.site == key.site, of.node == key.node, of.session == key.id, of.stream == stream, of.n > since)
        query = sa.select(of.payload).where(*own).order_by(of.n.desc())
        if newest is not None:
            query = query.limit(newest)
        return list(self._shadows(query))[::-1]

    def has_shadows(self, key: SessionKey) -> bool:
        """Whether a candidate ever reported in a session."""
        of = SHADOW_FRAMES.c
        query = sa.select(of.n).where(of.site == key.site, of.node == key.node, of.session == key.id).limit(1)
        with self._store.reading() as connection:
            return connection.execute(query).first() is not None

    def _shadows(self, query: "sa.Select[tuple[bytes]]") -> Iterator[FrameReport]:
        with self._store.reading(many=True) as connection:
            for payload in connection.scalars(query):
                if (report := self._read(payload, FrameReport)) is not None:
                    yield report
