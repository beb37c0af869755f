"""The node as a process that a unit runs: what it is started with, what it tells, and how it is kept alive.

Imports configuration and the wire; nothing of the unit around it."""
