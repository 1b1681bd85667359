"""TS2Vec (Yue et al., AAAI 2022) with LEIAD's representation of a point: what masking it changes (card 3.2)."""
