"""Weak supervision: labelling functions, and the models that make one label out of their votes."""
