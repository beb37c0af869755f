"""One family of detection heads a file: output tensors in, candidates out.

Imports `models`; registered as entry points under `gilmok.decoders`."""
