"""What findings mean in the scene that a camera sees: where they stand.

Imports, of `edge`, the wire and the configuration."""
