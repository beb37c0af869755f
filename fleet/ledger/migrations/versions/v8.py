"""What units report of their deployments, and rollouts with all that became of them."""

import sqlalchemy as sa
from alembic import op

revision = "8"
down_revision = "7"

ROW = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def _texts(*names: str) -> list["sa.Column[str]"]:
    return [sa.Column(name, sa.String, nullable=False) for name in names]


def _numbers(*names: str) -> list["sa.Column[int]"]:
    return [sa.Column(name, sa.BigInteger, nullable=False) for name in names]


def _payloads(*names: str) -> list["sa.Column[bytes]"]:
    return [sa.Column(name, sa.LargeBinary, nullable=False) for name in names]


def upgrade() -> None:
    op.create_table(
        "units",
        *(sa.Column(name, sa.String, primary_key=True, nullable=False) for name in ("site", "node")),
        *_numbers("received_utc_ns"),
        *_payloads("payload"),
    )
    op.create_table(
        "rollouts",
        sa.Column("id", ROW, primary_key=True),
        *_texts("name"),
        *_numbers("began_utc_ns"),
        *_texts("began_by", "status"),
        sa.Column("unsettled", sa.Boolean, nullable=False),
        *_numbers("revision"),
        *_payloads("plan", "state"),
    )
    op.create_table(
        "rollout_changes",
        sa.Column("id", ROW, primary_key=True),
        *_numbers("rollout", "at_utc_ns"),
        *_texts("who", "what", "site", "node", "why"),
    )
    op.create_index("ix_rollout_changes_rollout", "rollout_changes", ["rollout"])
    op.create_table(
        "rollout_actor",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
        *_texts("holder"),
        *_numbers("beat"),
    )
