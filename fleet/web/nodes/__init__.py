"""One node, looked at closely: its last minutes, its accuracy of late, its pictures.

Imports the ledger's reader, the truth's index, and of `fleet.web` the row of a fleet alone."""
