"""How sure a difference is: resampling, verdicts, trends.

Imports `replay.metrics`."""
