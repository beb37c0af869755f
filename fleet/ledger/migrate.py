"""An older ledger, brought to this gilmok's format in one transaction: all of it, or it stays as it was."""

from pathlib import Path

import sqlalchemy as sa

from fleet.ledger.schema import ABOUT, VERSION

OLDEST = 4
"""No ledger of an older format was ever released; it is refused."""


def migrate(connection: sa.Connection, version: int) -> None:
    """From `version`, which is at least OLDEST, to VERSION; the caller holds the lock and commits."""
    import logging

    from alembic import command
    from alembic.config import Config

    logging.getLogger("alembic").setLevel(logging.WARNING)
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    config.attributes["connection"] = connection
    # `about` tells the version: a ledger made whole has no word of Alembic's.
    command.stamp(config, str(version), purge=True)
    command.upgrade(config, "head")
    connection.execute(sa.update(ABOUT).values(version=VERSION))
