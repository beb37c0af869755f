"""A program of ours as a service of systemd: how it is installed and seen, and what it says while it runs.

Imports `sensors` alone. Inside: verbs > listing > installing > unit_file, readable, systemctl > service, places;
heartbeat > systemd."""
