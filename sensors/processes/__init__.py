"""Programs that this one starts: none outlives it, and each has last words when it dies.

Imports errors and shown text; what starts a program by way of `die_with_parent` imports nothing at all."""
