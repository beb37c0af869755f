"""Runs: their figures, pages, comparisons and exports, worked out by a process of its own: some take minutes.

Imports, of `fleet`, the ledger's reader, the reporting and the configuration."""
