"""Rollups by minute and hour, and what is in them: the hub rolls up what is booked when it runs."""

import sqlalchemy as sa
from alembic import op

revision = "6"
down_revision = "5"

COUNTS = ("ok", "failed", "late", "unlabelled", "healths", "captured", "dropped", "evicted", "down")


def _texts(*names: str) -> list["sa.Column[str]"]:
    return [sa.Column(name, sa.String, primary_key=True, nullable=False) for name in names]


def _numbers(*names: str) -> list["sa.Column[int]"]:
    return [sa.Column(name, sa.BigInteger, nullable=False) for name in names]


def upgrade() -> None:
    op.create_table(
        "rollups",
        sa.Column("step_s", sa.Integer, primary_key=True, autoincrement=False),
        *_texts("site", "node", "stream"),
        sa.Column("begin_utc_s", sa.BigInteger, primary_key=True, autoincrement=False),
        *_numbers(*COUNTS),
        sa.Column("detail", sa.LargeBinary, nullable=False),
    )
    op.create_index("rollups_of_time", "rollups", ("step_s", "begin_utc_s"))
    op.create_table(
        "rolled",
        *_texts("site", "node", "session", "stream"),
        *_numbers("top"),
        sa.Column("spans", sa.String, nullable=False),
        *_numbers("pruned", *COUNTS),
        sa.Column("detail", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "rolled_health",
        *_texts("site", "node", "session"),
        *_numbers("top_mono_ns"),
        sa.Column("counters", sa.LargeBinary, nullable=False),
    )
