"""What every accelerator has in common: the protocol, its SDK, opening it, calling it, surviving its troubles.

Imports `sensors`, `models` and `edge.wire`."""
