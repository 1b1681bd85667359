"""Training: stacks of heads on cached taps, single networks on crops, and baselines without gradients."""
