"""R2ET: training for explanations whose top features stay on top (arXiv 2212.14106)."""
