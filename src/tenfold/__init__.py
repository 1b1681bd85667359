"""tenfold: ten machine-learning papers, one command."""
