"""How far a hub's clock is from a node's: what they say about it, the estimate while it runs, the track afterwards.

Imports `edge.wire.message` and `sensors`."""
