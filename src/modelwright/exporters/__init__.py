"""Trained models written for the outside world: raw columns in, answers out, in one ONNX file."""
