"""What candidates found beside the active models, on the same frames."""

import sqlalchemy as sa
from alembic import op

revision = "7"
down_revision = "6"


def upgrade() -> None:
    op.create_table(
        "shadow_frames",
        *(sa.Column(name, sa.String, primary_key=True) for name in ("site", "node", "session", "stream")),
        sa.Column("n", sa.BigInteger, primary_key=True, autoincrement=False),
        *(sa.Column(name, sa.BigInteger, nullable=False) for name in ("seq", "stamp_mono_ns")),
        sa.Column("status", sa.String, nullable=False),
        sa.Column("received_utc_ns", sa.BigInteger, nullable=False),
        sa.Column("payload", sa.LargeBinary, nullable=False),
    )
