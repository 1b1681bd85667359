"""Baselines: EVA, MCLEA, MSNEA and GCN-Align on the same inputs."""
