"""The ledger's tables. Statements over them are in this folder alone."""

from typing import Any

import sqlalchemy as sa

VERSION = 4
"""Counts up when a column changes; a ledger of another version is refused, never guessed at."""

ALL = sa.MetaData()
BIG = sa.BigInteger


def _of_session(*, primary_key: bool = True) -> list["sa.Column[Any]"]:
    """Whose it is: `session` is the session's id, or stands for the counter of a node that has no ids."""
    return [sa.Column(name, sa.String, primary_key=primary_key, nullable=False) for name in ("site", "node", "session")]


ABOUT = sa.Table("about", ALL, sa.Column("version", sa.Integer, primary_key=True))

SESSIONS = sa.Table(
    "sessions",
    ALL,
    sa.Column("id", sa.Integer, primary_key=True),
    *_of_session(primary_key=False),
    sa.Column("count", BIG, nullable=False),
    sa.Column("run", sa.String, nullable=False, index=True),
    sa.Column("born_utc_ns", BIG, nullable=False),
    sa.Column("received_utc_ns", BIG, nullable=False),
    sa.Column("payload", sa.LargeBinary, nullable=False),
    sa.UniqueConstraint("site", "node", "session"),
)
"""In the order of `id` they came; of a node, the last is the newest."""

FRAMES = sa.Table(
    "frames",
    ALL,
    *_of_session(),
    sa.Column("stream", sa.String, primary_key=True),
    sa.Column("n", BIG, primary_key=True),
    sa.Column("seq", BIG, nullable=False),
    sa.Column("stamp_mono_ns", BIG, nullable=False),
    sa.Column("label_utc_ns", BIG, nullable=False),
    sa.Column("clock_known", sa.Boolean, nullable=False),
    sa.Column("status", sa.String, nullable=False),
    sa.Column("total_ns", BIG, nullable=False),
    sa.Column("received_mono_ns", BIG, nullable=False),
    sa.Column("received_utc_ns", BIG, nullable=False),
    sa.Column("received_boot", sa.String, nullable=False),
    sa.Column("hub_latency_ns", BIG),
    sa.Column("payload", sa.LargeBinary, nullable=False),
)
"""`label_utc_ns`: when the frame was taken by its node's wall clock; where that can't be (not `clock_known`), when its
report was received."""

HEALTH = sa.Table(
    "health",
    ALL,
    *_of_session(),
    sa.Column("stamp_mono_ns", BIG, primary_key=True),
    sa.Column("final", sa.Boolean, nullable=False),
    sa.Column("received_utc_ns", BIG, nullable=False),
    sa.Column("payload", sa.LargeBinary, nullable=False),
)

CONNS = sa.Table(
    "conns",
    ALL,
    *_of_session(),
    sa.Column("state", sa.String, nullable=False),
    sa.Column("received_utc_ns", BIG, nullable=False),
)
"""What was said last of a session's connection."""

REFUSED = sa.Table(
    "refused",
    ALL,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("received_mono_ns", BIG, nullable=False),
    sa.Column("received_utc_ns", BIG, nullable=False),
    sa.Column("topic", sa.String, nullable=False),
    sa.Column("reason", sa.String, nullable=False, index=True),
    sa.Column("what", sa.String, nullable=False),
    sa.Column("payload", sa.LargeBinary, nullable=False),
)

REFUSALS = sa.Table(
    "refusals",
    ALL,
    sa.Column("site", sa.String, primary_key=True),
    sa.Column("node", sa.String, primary_key=True),
    sa.Column("reason", sa.String, primary_key=True),
    sa.Column("count", BIG, nullable=False),
)
"""By the node whose topic they came on; both empty for topics of nodes that the hub doesn't know."""
