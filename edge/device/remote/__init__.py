"""A backend in a process and an environment of its own: its SDK's pins conflict with ours, or it may crash or hang.

Imports `edge.device`; the worker's side imports nothing but NumPy, msgspec and the vendor's SDK beside it."""
