"""A fleet that only speaks: simulated nodes say recorded reports to a real broker and watch them being committed.

Imports `edge.wire`, `replay` and `sensors`; no hub."""
