"""One measure of rightness a file."""
