"""What a node keeps until a hub has committed it: reports on its disk, bounded by bytes and age.

Imports, of `edge`, the wire and the configuration. Used from one thread."""
