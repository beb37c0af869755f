"""What lies between the network and the judging: how fast each node may speak, the room where messages wait, and what
was put off for one of the two.

Imports `edge.wire`, `fleet.arrivals` and `sensors`."""
