"""Is a model fed and read the way it was trained? Contracts that people mix up, tried on labelled frames.

Imports `replay.scoring` and below, and of `edge` what loads a model.
"""
