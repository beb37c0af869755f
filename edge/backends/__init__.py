"""One accelerator a file: tensors in, tensors out.

Imports `edge.device`; registered as entry points under `gilmok.backends`."""
