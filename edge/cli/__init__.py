"""`gilmok node`, `backend` and `camera`, a verb a file.

Imports all of `edge`."""
