"""What a network eats and what its output means: manifests, the catalogue, preprocessing, decoders, boxes.

Imports `sensors`."""
