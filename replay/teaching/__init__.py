"""A truth proposed by a stronger model, where people wrote none.

Imports `replay.datasets` and `replay.recording`."""
