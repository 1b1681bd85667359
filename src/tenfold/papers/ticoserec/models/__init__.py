"""Recommenders that are compared with SASRec: each gives outputs at tokens and scores of all items."""
