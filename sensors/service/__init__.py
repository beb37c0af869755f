"""A program of ours as a service of systemd: what it says while it runs.

Imports `sensors` alone."""
