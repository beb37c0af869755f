"""A database of one's own beside the files."""

from tests.postgres import database, postgres

__all__ = ["database", "postgres"]
