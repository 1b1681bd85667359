"""Metrics: pure functions with reference tests."""
