"""AdaTask: a task-aware adaptive learning rate approach to multi-task learning (Yang et al., AAAI 2023)."""
