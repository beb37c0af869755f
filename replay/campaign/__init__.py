"""Many cells, each a model on a chip over a recording: planned, run on what chips there are, resumed, and put together.

Imports `replay.qualify`, `replay.report` and below; nothing of a cell's figures is worked out here."""
