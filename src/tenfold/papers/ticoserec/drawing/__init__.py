"""Figures and tables of TiCoSeRec, from result files only."""
