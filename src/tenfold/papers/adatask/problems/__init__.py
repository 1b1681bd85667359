"""The problems that AdaTask is tried on: data and losses."""
