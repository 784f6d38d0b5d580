"""Develop a model (book section 6.2): prepare, choose a protocol, beat a baseline, overfit, tune, confirm."""
