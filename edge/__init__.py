"""A node: accelerators, the frame path, and what the node says on the wire.

Imports `sensors` and `models`. Inside: cli > node > stream > pipeline > backends, trackers,
conformance > device > config > wire."""
