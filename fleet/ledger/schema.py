"""The ledger's tables. Statements over them are in this folder alone."""

from typing import Any

import sqlalchemy as sa

from fleet.ledger.columns import State, Text, Whole

VERSION = 8
"""Counts up when a column changes, with a revision in `migrations` that brings the one before to it."""

ALL = sa.MetaData()
BIG = Whole
ROW = sa.BigInteger().with_variant(sa.Integer, "sqlite")
"""Counts the rows of a table; SQLite counts by itself in a column of this very type alone."""


def _of_session(*, primary_key: bool = True) -> list["sa.Column[Any]"]:
    """Whose it is: `session` is the session's id, or stands for the counter of a node that has no ids."""
    return [sa.Column(name, Text, primary_key=primary_key, nullable=False) for name in ("site", "node", "session")]


ABOUT = sa.Table("about", ALL, sa.Column("version", sa.Integer, primary_key=True))

SESSIONS = sa.Table(
    "sessions",
    ALL,
    sa.Column("id", ROW, primary_key=True),
    *_of_session(primary_key=False),
    sa.Column("count", BIG, nullable=False),
    sa.Column("run", Text, nullable=False, index=True),
    sa.Column("born_utc_ns", BIG, nullable=False),
    sa.Column("received_utc_ns", BIG, nullable=False),
    sa.Column("former", sa.Boolean, nullable=False),
    sa.Column("payload", sa.LargeBinary, nullable=False),
    sa.UniqueConstraint("site", "node", "session"),
)
"""In the order of `id` they came; of a node, the last that is not `former` is the newest: those were over before."""

FRAMES = sa.Table(
    "frames",
    ALL,
    *_of_session(),
    sa.Column("stream", Text, primary_key=True),
    sa.Column("n", BIG, primary_key=True),
    sa.Column("seq", BIG, nullable=False),
    sa.Column("stamp_mono_ns", BIG, nullable=False),
    sa.Column("label_utc_ns", BIG, nullable=False),
    sa.Column("clock_known", sa.Boolean, nullable=False),
    sa.Column("status", Text, nullable=False),
    sa.Column("total_ns", BIG, nullable=False),
    sa.Column("received_mono_ns", BIG, nullable=False),
    sa.Column("received_utc_ns", BIG, nullable=False),
    sa.Column("received_boot", Text, nullable=False),
    sa.Column("hub_latency_ns", BIG),
    sa.Column("late", sa.Boolean, nullable=False),
    sa.Column("payload", sa.LargeBinary, nullable=False),
)
"""`label_utc_ns`: when the frame was taken by its node's wall clock; where that can't be (not `clock_known`), when its
report was received."""

SHADOW_FRAMES = sa.Table(
    "shadow_frames",
    ALL,
    *_of_session(),
    sa.Column("stream", Text, primary_key=True),
    sa.Column("n", BIG, primary_key=True),
    sa.Column("seq", BIG, nullable=False),
    sa.Column("stamp_mono_ns", BIG, nullable=False),
    sa.Column("status", Text, nullable=False),
    sa.Column("received_utc_ns", BIG, nullable=False),
    sa.Column("payload", sa.LargeBinary, nullable=False),
)
"""What a candidate found beside the active model; its frame is that of FRAMES with the same `seq` and stamp. `n` counts
the candidate's own reports."""

GAPS = sa.Table(
    "gaps",
    ALL,
    sa.Column("id", ROW, primary_key=True),
    *_of_session(primary_key=False),
    sa.Column("stream", Text, nullable=False),
    sa.Column("first", BIG, nullable=False),
    sa.Column("last", BIG, nullable=False),
    sa.Column("opened_utc_ns", BIG, nullable=False),
    sa.Column("closed_utc_ns", BIG),
    sa.Column("missing", Text, nullable=False),
    sa.Index("gaps_of_stream", "site", "node", "session", "stream"),
)
"""Holes in the numbers of a stream's reports, and when they opened and closed by the hub's clock; `missing`: which
numbers are still to come, as JSON ranges."""

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
    sa.Column("state", State, nullable=False),
    sa.Column("received_utc_ns", BIG, nullable=False),
)
"""What was said last of a session's connection."""

REFUSED = sa.Table(
    "refused",
    ALL,
    sa.Column("id", ROW, primary_key=True),
    sa.Column("received_mono_ns", BIG, nullable=False),
    sa.Column("received_utc_ns", BIG, nullable=False),
    sa.Column("topic", Text, nullable=False),
    sa.Column("reason", Text, nullable=False, index=True),
    sa.Column("what", Text, nullable=False),
    sa.Column("payload", sa.LargeBinary, nullable=False),
)

REFUSALS = sa.Table(
    "refusals",
    ALL,
    sa.Column("site", Text, primary_key=True),
    sa.Column("node", Text, primary_key=True),
    sa.Column("reason", Text, primary_key=True),
    sa.Column("count", BIG, nullable=False),
)
"""By the node whose topic they came on; both empty for topics of nodes that the hub doesn't know."""

COUNTS = ("ok", "failed", "late", "unlabelled", "healths", "captured", "dropped", "evicted", "down")
"""`ok` to `unlabelled`: reports. The others are said by health: how many spoke, and by how much their counters grew."""


def _counts(*names: str) -> list["sa.Column[Any]"]:
    return [sa.Column(name, BIG, nullable=False) for name in names]


ROLLUPS = sa.Table(
    "rollups",
    ALL,
    sa.Column("step_s", sa.Integer, primary_key=True),
    sa.Column("site", Text, primary_key=True),
    sa.Column("node", Text, primary_key=True),
    sa.Column("stream", Text, primary_key=True),
    sa.Column("begin_utc_s", BIG, primary_key=True),
    *_counts(*COUNTS),
    sa.Column("detail", sa.LargeBinary, nullable=False),
    sa.Index("rollups_of_time", "step_s", "begin_utc_s"),
)
"""What a stream did in a minute, an hour or a day (`step_s`); without a stream, how its node was. A report belongs to
the instant that labels it, a health message to its receipt."""

ROLLED = sa.Table(
    "rolled",
    ALL,
    *_of_session(),
    sa.Column("stream", Text, primary_key=True),
    sa.Column("top", BIG, nullable=False),
    sa.Column("spans", Text, nullable=False),
    sa.Column("pruned", BIG, nullable=False),
    *_counts(*COUNTS),
    sa.Column("detail", sa.LargeBinary, nullable=False),
)
"""Which reports of a stream are in the rollups (`spans`, JSON ranges of n, up to `top`), the same sums over all of
them, and how many are not kept as rows of `frames` any more."""

ROLLED_HEALTH = sa.Table(
    "rolled_health",
    ALL,
    *_of_session(),
    sa.Column("top_mono_ns", BIG, nullable=False),
    sa.Column("counters", sa.LargeBinary, nullable=False),
)
"""Up to which health message a session's are in the rollups, and what it counted."""

UNITS = sa.Table(
    "units",
    ALL,
    sa.Column("site", Text, primary_key=True),
    sa.Column("node", Text, primary_key=True),
    sa.Column("received_utc_ns", BIG, nullable=False),
    sa.Column("payload", sa.LargeBinary, nullable=False),
)
"""What each unit reported last of its deployments: a Reported."""

ROLLOUTS = sa.Table(
    "rollouts",
    ALL,
    sa.Column("id", ROW, primary_key=True),
    sa.Column("name", Text, nullable=False),
    sa.Column("began_utc_ns", BIG, nullable=False),
    sa.Column("began_by", Text, nullable=False),
    sa.Column("status", Text, nullable=False),
    sa.Column("unsettled", sa.Boolean, nullable=False),
    sa.Column("revision", BIG, nullable=False),
    sa.Column("plan", sa.LargeBinary, nullable=False),
    sa.Column("state", sa.LargeBinary, nullable=False),
)
"""`revision`: counts its states; who decides names the one that it rests on, and of two only one is kept. `unsettled`:
there is still something to decide, or to hear of its units. `plan` and `state`: JSON of `fleet.rollout`."""

ROLLOUT_CHANGES = sa.Table(
    "rollout_changes",
    ALL,
    sa.Column("id", ROW, primary_key=True),
    sa.Column("rollout", BIG, nullable=False, index=True),
    sa.Column("at_utc_ns", BIG, nullable=False),
    sa.Column("who", Text, nullable=False),
    sa.Column("what", Text, nullable=False),
    sa.Column("site", Text, nullable=False),
    sa.Column("node", Text, nullable=False),
    sa.Column("why", Text, nullable=False),
)
"""Everything that became of rollouts, never changed; `why` is a sentence, `who` a person or a hub."""

ROLLOUT_ACTOR = sa.Table(
    "rollout_actor",
    ALL,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("holder", Text, nullable=False),
    sa.Column("beat", BIG, nullable=False),
)
"""One row: which of a ledger's hubs acts on rollouts. Who sees `beat` stand still takes over."""
