"""The ledger: everything the hub was told, on disk. All SQL is in here: the file, its tables, writing, reading.

Imports, of `fleet`, the arrivals."""
