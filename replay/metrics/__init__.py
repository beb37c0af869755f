"""One measure of rightness a file.

Imports `replay.truth`: arrays in, figures out, and no files."""
