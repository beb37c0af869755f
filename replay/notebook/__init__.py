"""What a notebook has of a run and of an evaluation, with shapes of their own; `replay.public` hands them out.

May import what runs, scoring, statistics and export hold; knows no comparison, no page and no command.
"""
