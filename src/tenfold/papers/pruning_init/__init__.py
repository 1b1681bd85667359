"""pruning-init: how random pruning before training changes what a network learns (Yang et al.)."""
