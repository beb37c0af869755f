"""How a ledger of an older format becomes one of this: Alembic's revisions, one a version of the format.

Alembic imports it, nobody else; it imports nothing of gilmok."""
