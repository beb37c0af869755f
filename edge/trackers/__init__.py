"""One tracker a file: findings and their instant in, track ids out.

Imports `models` and `sensors`; registered as entry points under `gilmok.trackers`."""
