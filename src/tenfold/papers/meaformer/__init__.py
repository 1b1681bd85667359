"""MEAformer: multi-modal entity alignment with entity-level modality weights (ACM Multimedia 2023)."""
