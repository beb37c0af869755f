"""Recordings and findings written in others' layouts, one a file, each with what it can't hold.

Imports the readers of `replay.datasets`: what is written is what they read."""
