"""A node: accelerators, the frame path, and what the node says on the wire."""
