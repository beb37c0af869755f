"""Who belongs to a fleet: its own authority, the certificates it issued, what each holder may say and hear.

Imports `edge.wire`, `fleet.config` and `sensors`."""
