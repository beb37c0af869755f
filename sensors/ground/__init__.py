"""Where a pixel's ray meets the ground: a camera's lens and pose, and points in metres with their uncertainty.

Imports nothing of this room but its ground floor."""
