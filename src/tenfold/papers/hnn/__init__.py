"""HNN: hyperedge-dependent node embeddings (Aponte et al., 2022), specified from the abstract."""
