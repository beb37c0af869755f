"""Is this machine fit to be a unit? Clock, disk, heat, cores, memory, accelerator, model, cameras, broker.

Imports `edge.config`, `edge.device`, `edge.wire`, `models` and `sensors`."""
