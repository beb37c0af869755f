"""What is new of many streams in one statement of PostgreSQL, by the key that its frames have anyway."""

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from fleet.arrivals import StreamKey

TAILS = sa.text("""
    SELECT a.site, a.node, a.session, a.stream, f.n, f.received_utc_ns, f.status, f.total_ns, f.payload
    FROM unnest(
        CAST(:sites AS text[]), CAST(:nodes AS text[]), CAST(:sessions AS text[]), CAST(:streams AS text[]),
        CAST(:after AS bigint[])
    ) AS a(site, node, session, stream, after)
    CROSS JOIN LATERAL (
        SELECT n, received_utc_ns, status, total_ns, payload FROM frames
        WHERE site = a.site AND node = a.node AND session = a.session AND stream = a.stream AND n > a.after AND NOT late
        ORDER BY n DESC LIMIT :each
    ) AS f
    WHERE f.received_utc_ns >= :since
    ORDER BY f.received_utc_ns
""")


def tails(
    connection: sa.Connection, after: Mapping[StreamKey, int], since_utc_ns: int, each: int
) -> Sequence["sa.Row[Any]"]:
    """Of each stream the live reports beyond an n, the newest `each` of them, received since then; in that order."""
    if not after:
        return []
    keys = list(after)
    asked = {
        "sites": [key.site for key, _ in keys],
        "nodes": [key.node for key, _ in keys],
        "sessions": [key.id for key, _ in keys],
        "streams": [stream for _, stream in keys],
        "after": [after[one] for one in keys],
    }
    return connection.execute(TAILS, {**asked, "each": each, "since": since_utc_ns}).all()
