"""One node, looked at closely: its last minutes, its accuracy of late, its pictures.

Imports the ledger's reader, the truth's index and the fleet's watch; nothing of `fleet.web`."""
