"""A node as a service of its machine: what of it a service needs, which device files its accelerator has.

Imports `edge.config`, `edge.device`, `models` and `sensors`."""
