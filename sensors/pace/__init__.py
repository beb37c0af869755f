"""At what pace frames come: one by one, or on schedule out of a process of their own, where the newest wins.

Imports `sensors.sources` and the rest of `sensors`."""
