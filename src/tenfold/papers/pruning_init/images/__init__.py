"""Pruning before training on real images: networks, pruning scores, training."""
