"""A model on a chip, put to the test: what it loses, how fast it is, how long it holds, and what was not measured.

Imports `replay.report` and below."""
