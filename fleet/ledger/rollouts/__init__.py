"""Rollouts as the ledger keeps them: each state in the place of the one it rests on, and every change for ever.

Imports, of `fleet`, the ledger's store."""
