"""What findings mean in the scene that a camera sees: where they stand, and which events they are part of.

Imports, of `edge`, the wire alone."""
