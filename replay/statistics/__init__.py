"""How sure a difference is: resampling, verdicts, trends; and distributions that merge.

Imports `replay.metrics`."""
