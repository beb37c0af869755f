"""Bars that a run must clear before anything is merged or rolled out.

Imports `replay.comparison` and below."""
