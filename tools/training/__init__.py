"""How the small detector of the built-in world came to be: its frames, its network, its training, its record.

Not in the wheel; imports `sensors` and `models`."""
