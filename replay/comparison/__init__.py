"""Two runs, or two groups of runs, held against each other.

Imports `replay.runs` and below."""
