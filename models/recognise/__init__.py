"""What a model's file says of itself, and what follows from that: a manifest that nobody had to write.

Imports `models`, and ONNX Runtime to read the file.
"""
