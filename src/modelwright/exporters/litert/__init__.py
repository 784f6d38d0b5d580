"""Trained models as LiteRT files: tensors of one row in, raw answers out, built-in operators only."""
