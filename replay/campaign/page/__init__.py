"""A campaign as one page, two tables for other programs, and an answer: which model on which chip.

Imports the rest of `replay.campaign`, `replay.report` and `replay.export`; works out no figure of a cell."""
