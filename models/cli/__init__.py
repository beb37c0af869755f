"""`gilmok model`, a verb a file.

Imports `models` and `sensors`."""
