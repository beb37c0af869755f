"""What candidates found beside the active models, read out of the ledger.

Imports the ledger's reader and its schema."""
