"""What a node saw and said, as a ring of MCAP files: off the frame path, and never in its way.

Imports, of `edge`, the wire and the configuration."""
