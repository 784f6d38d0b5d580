"""Measures, intervals, tests and thresholds: arrays in, numbers with their uncertainty out."""
