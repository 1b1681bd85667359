"""One folder per paper. Papers never import each other."""
