"""One family of detection heads a file: output tensors in, candidates out."""
