"""The dashboard: a process of its own that reads a hub's ledger and shows it to browsers; it writes nothing.

Imports, of `fleet`, the ledger's reader, the reporting and the configuration."""
