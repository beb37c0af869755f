"""One data set layout a file, read as its makers publish it.

Imports `replay.recording` and `replay.truth`; registered as entry points under `gilmok.datasets`."""
