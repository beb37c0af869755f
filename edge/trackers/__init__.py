"""One accelerator a file: tensors in, tensors out."""
