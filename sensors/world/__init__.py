"""The built-in world: SUMO's traffic, seen by cameras that Panda3D draws without a display, with exact truth.

Imports the rest of `sensors`; nothing but its own command line and source is imported from outside."""
