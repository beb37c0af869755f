"""What the ledger holds, made readable again: a run's records with their truth, the lists of nodes, runs and refusals.

Imports `replay` and, of `fleet`, the ledger, the registry's states and the configuration."""
