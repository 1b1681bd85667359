"""Versions of data and results: the stages that DVC sees, and what travels with them."""
