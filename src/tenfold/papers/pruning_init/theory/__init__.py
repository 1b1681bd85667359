"""The theory's side of the paper: signal-and-noise data, the two-layer network, thresholds known before training."""
