"""Training on each kind of problem, and the step they share."""
