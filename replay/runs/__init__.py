"""One experiment: run offline, kept in a folder, read again, summed up, asked what if.

Imports `replay.scoring` and below."""
