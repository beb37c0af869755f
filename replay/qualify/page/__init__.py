"""A qualification for people: the page, its charts, the tables of a terminal.

Imports the rest of `replay.qualify` and `replay.report`."""
