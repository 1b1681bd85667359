"""TiCoSeRec: uniform sequences by time-interval aware augmentation (Dang et al., AAAI 2023)."""
