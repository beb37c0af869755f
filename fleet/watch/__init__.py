"""The fleet as the ledger has it right now: a row a node, latencies of the last minute, accuracy over a window.

Imports, of `fleet`, the ledger's reader; the dashboard and the alerts look through it."""
