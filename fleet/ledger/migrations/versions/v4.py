"""Sessions are named by ids that don't repeat: the oldest format that can still be brought up to date."""

revision = "4"
down_revision = None


def upgrade() -> None:
    """Nothing: where it begins."""
