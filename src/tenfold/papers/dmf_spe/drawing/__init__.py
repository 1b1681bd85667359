"""Figures and tables of dmf-spe, drawn from result files."""
