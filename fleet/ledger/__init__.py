"""The ledger: everything the hub was told, on disk. All SQL is in here.

Imports `fleet.arrivals`."""
