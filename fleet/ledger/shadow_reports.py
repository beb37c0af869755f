"""What candidates found beside the active models, read out of the ledger."""

import sqlalchemy as sa

from edge.wire.messages import FrameReport
from fleet.arrivals import SessionKey
from fleet.ledger.reader import LedgerReader
from fleet.ledger.schema import SHADOW_FRAMES


def shadow_reports(
    ledger: LedgerReader, key: SessionKey, stream: str, *, newest: int | None = None
) -> list[FrameReport]:
    """By a stream's candidate, in order of its own numbers; the `newest` so many, or all. Raises StoreBroken."""
    of = SHADOW_FRAMES.c
    own = (of.site == key.site, of.node == key.node, of.session == key.id, of.stream == stream)
    query = sa.select(of.payload).where(*own).order_by(of.n.desc()).limit(newest)
    return list(ledger.messages(query, FrameReport))[::-1]
