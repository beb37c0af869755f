"""Reports may be late, sessions over before, and holes in a stream's numbers are rows."""

import json

import sqlalchemy as sa
from alembic import op

revision = "5"
down_revision = "4"

HOLES = """
SELECT site, node, session, stream, before + 1, n - 1, received_utc_ns FROM (
    SELECT site, node, session, stream, n, received_utc_ns,
        LAG(n, 1, -1) OVER (PARTITION BY site, node, session, stream ORDER BY n) AS before
    FROM frames
) AS numbered WHERE n > before + 1
"""
"""What is missing; it opened, as far as can be told, when the report after it came."""


def upgrade() -> None:
    op.add_column("sessions", sa.Column("former", sa.Boolean, nullable=False, server_default=sa.false()))
    op.add_column("frames", sa.Column("late", sa.Boolean, nullable=False, server_default=sa.false()))
    number = sa.BigInteger().with_variant(sa.Integer, "sqlite")
    of_stream = ("site", "node", "session", "stream")
    gaps = op.create_table(
        "gaps",
        sa.Column("id", number, primary_key=True),
        *(sa.Column(name, sa.String, nullable=False) for name in of_stream),
        sa.Column("first", sa.BigInteger, nullable=False),
        sa.Column("last", sa.BigInteger, nullable=False),
        sa.Column("opened_utc_ns", sa.BigInteger, nullable=False),
        sa.Column("closed_utc_ns", sa.BigInteger),
        sa.Column("missing", sa.String, nullable=False),
    )
    op.create_index("gaps_of_stream", "gaps", of_stream)
    found = op.get_bind().execute(sa.text(HOLES)).all()
    names = (*of_stream, "first", "last", "opened_utc_ns")
    rows = [dict(zip(names, row, strict=True)) for row in found]
    op.bulk_insert(gaps, [{**row, "missing": json.dumps([[row["first"], row["last"]]])} for row in rows])
