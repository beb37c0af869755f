"""How a rollout decides: who is next, what the gates say, what becomes of it. Pure: no clock, no ledger, no network.

Imports a rollout's plan and state, and statistics."""
