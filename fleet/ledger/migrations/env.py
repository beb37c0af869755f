"""What Alembic runs to migrate: in the connection, and so in the transaction, of whoever asked."""

from alembic import context


def _migrate() -> None:
    context.configure(connection=context.config.attributes["connection"])
    context.run_migrations()


# Who merely imports this file, as what looks at every module does, migrates nothing.
if hasattr(context, "config"):
    _migrate()
