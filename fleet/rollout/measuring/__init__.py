"""What each unit did in each slot of time, as figures of the gates: out of the ledger, so a restart forgets nothing.

Imports a rollout's plan, state and decision, the ledger, and the scoring of recordings."""
