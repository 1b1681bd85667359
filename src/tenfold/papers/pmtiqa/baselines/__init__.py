"""Baselines without gradients: regression on features, and a distance to natural scenes."""
