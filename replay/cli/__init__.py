"""`gilmok replay`, `model compile` and `qualify`, a verb a file.

Imports all of `replay`."""
