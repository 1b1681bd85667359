"""LEIAD: label-efficient interactive time-series anomaly detection (arXiv 2212.14621)."""
