"""Pictures without faces and plates: what is blurred by what was found, and the one door to each exit.

Imports, of `edge`, the wire and the configuration."""
