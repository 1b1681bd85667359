"""PMT-IQA: progressive multi-task learning for blind image quality assessment (Pan et al., PRICAI 2023)."""
