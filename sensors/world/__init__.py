"""The built-in world: SUMO's traffic, seen by cameras that Panda3D draws without a display, with exact truth."""
