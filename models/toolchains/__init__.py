"""From a model's ONNX file to a backend's artefact, one toolchain a file.

Imports `models`."""
