"""One file a format, named after it.

Imports nothing of gilmok: a step stays as it was, whatever the schema becomes."""
