"""Figures and tables of adatask."""
