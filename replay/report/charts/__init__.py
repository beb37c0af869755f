"""Figures as SVG: time, rightness, two sides against each other.

Imports `replay.runs` and below, and matplotlib: nothing is imported from here before a page is wanted."""
