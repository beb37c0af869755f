"""Interesting minutes found again: the events of a run, or of what a node recorded.

Imports `replay.runs`."""
