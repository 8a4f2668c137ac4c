"""Tagging: sentences in, scored mentions out, by torch or ONNX Runtime."""
