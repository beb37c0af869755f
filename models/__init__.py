"""What a network eats and what its output means: manifests, the catalogue, preprocessing, decoders, boxes.

Imports `sensors`."""

import models.telemetry_off  # noqa: F401 - before ONNX Runtime, whoever imports that
