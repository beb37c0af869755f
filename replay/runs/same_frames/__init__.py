"""Two models on the same frames, a shadow and its active model or two streams: what is told of them, and as tables.

Imports `replay.metrics` and what draws tables."""
