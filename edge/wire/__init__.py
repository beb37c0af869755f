"""What nodes and the hub say to each other, and the link that carries it: all of `edge` that a hub may import.

Imports `sensors` and `models`, and nothing else of `edge`."""
