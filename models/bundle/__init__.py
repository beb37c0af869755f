"""A bundle: a model for one kind of chip, with all that a unit needs to check it before it drives with it.

Imports `models` and `sensors`."""
