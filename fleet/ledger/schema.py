"""The ledger's tables. Statements over them are in this folder alone."""

from typing import Any

import sqlalchemy as sa

VERSION = 3
"""Counts up when a column changes; a ledger of another version is refused, never guessed at."""

ALL = sa.MetaData()
BIG = sa.BigInteger


def _of_node(*more: "sa.Column[Any]") -> list["sa.Column[Any]"]:
    """The columns that begin the key of nearly every table."""
    return [
        sa.Column("site", sa.String, primary_key=True),
        sa.Column("node", sa.String, primary_key=True),
        sa.Column("session", BIG, primary_key=True),
        *more,
    ]


ABOUT = sa.Table("about", ALL, sa.Column("version", sa.Integer, primary_key=True))

SESSIONS = sa.Table(
    "sessions",
    ALL,
    *_of_node(
        sa.Column("run", sa.String, nullable=False, index=True),
        sa.Column("born_utc_ns", BIG, nullable=False),
        sa.Column("received_utc_ns", BIG, nullable=False),
        sa.Column("payload", sa.LargeBinary, nullable=False),
    ),
)

FRAMES = sa.Table(
    "frames",
    ALL,
    *_of_node(
        sa.Column("stream", sa.String, primary_key=True),
        sa.Column("n", BIG, primary_key=True),
        sa.Column("seq", BIG, nullable=False),
        sa.Column("stamp_mono_ns", BIG, nullable=False),
        sa.Column("stamp_utc_ns", BIG, nullable=False),
        sa.Column("status", sa.String, nullable=False),
        sa.Column("total_ns", BIG, nullable=False),
        sa.Column("received_mono_ns", BIG, nullable=False),
        sa.Column("received_utc_ns", BIG, nullable=False),
        sa.Column("received_boot", sa.String, nullable=False),
        sa.Column("hub_latency_ns", BIG),
        sa.Column("payload", sa.LargeBinary, nullable=False),
    ),
)

HEALTH = sa.Table(
    "health",
    ALL,
    *_of_node(
        sa.Column("stamp_mono_ns", BIG, primary_key=True),
        sa.Column("final", sa.Boolean, nullable=False),
        sa.Column("received_utc_ns", BIG, nullable=False),
        sa.Column("payload", sa.LargeBinary, nullable=False),
    ),
)

CONNS = sa.Table(
    "conns",
    ALL,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("site", sa.String, nullable=False),
    sa.Column("node", sa.String, nullable=False),
    sa.Column("session", BIG, nullable=False),
    sa.Column("state", sa.String, nullable=False),
    sa.Column("received_utc_ns", BIG, nullable=False),
)

REFUSED = sa.Table(
    "refused",
    ALL,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("received_mono_ns", BIG, nullable=False),
    sa.Column("received_utc_ns", BIG, nullable=False),
    sa.Column("topic", sa.String, nullable=False),
    sa.Column("reason", sa.String, nullable=False),
    sa.Column("what", sa.String, nullable=False),
    sa.Column("bytes", sa.Integer, nullable=False),
    sa.Column("payload", sa.LargeBinary, nullable=False),
)

REFUSALS = sa.Table(
    "refusals",
    ALL,
    sa.Column("reason", sa.String, primary_key=True),
    sa.Column("count", BIG, nullable=False),
)
