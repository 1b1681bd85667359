"""Figures and tables of pruning-init, drawn from result files."""
