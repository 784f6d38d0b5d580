"""Trained models as LiteRT files: prepared tensors of one row in, raw answers out, built-in operators only."""
