"""A run as one self-contained HTML page, for people.

Imports `replay.comparison` and below."""
