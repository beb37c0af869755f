"""What a model on its device answers to single pictures, and the self-test of a bundle that follows from it.

Imports `edge.assembly` and below, and `models.bundle`."""
