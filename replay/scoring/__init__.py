"""One stream against its truth: what is scored, and every rule by which it is.

Imports `replay.metrics`, `recording` and `truth`, and of `edge` the wire."""
