"""Trained models written for the outside world: raw columns in, answers out, as ONNX or LiteRT files."""
