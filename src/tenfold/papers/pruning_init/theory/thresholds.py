"""Thresholds in closed form (sections 3.6 and 3.7 of the card): functions of the sizes alone."""

from __future__ import annotations


def uncovered_probability(keep: float, filters: int) -> float:
    """(1 - keep)^m: no filter of a class keeps the class's signal coordinate."""
    return (1 - keep) ** filters


def ineffective_probability(keep: float, filters: int) -> float:
    """(1 - keep/2)^m: no filter of a class keeps its signal coordinate with a positive weight.

    Under ReLU^q a filter that starts with a negative weight there never learns the signal.
    """
    return (1 - keep / 2) ** filters


def all_uncovered_probability(keep: float, filters: int, classes: int) -> float:
    """(1 - keep)^(m K): no class is covered."""
    return uncovered_probability(keep, filters) ** classes


def any_uncovered_probability(keep: float, filters: int, classes: int) -> float:
    """1 - (1 - (1 - keep)^m)^K: some class is not covered."""
    return 1 - (1 - uncovered_probability(keep, filters)) ** classes


def upper_keep(per_class: float, signal: float, noise: float, dimension: int, power: int) -> float:
    """keep* = n_k^(2/q) mu^2 / (sigma_n^2 d), logarithms left out: above it noise is memorized first (q > 2).

    `per_class` is n_k, the number of training examples of a class.
    """
    if power <= 2:
        raise ValueError(f"power is {power}: without blow-up, for q <= 2, there is no such threshold")
    return per_class ** (2 / power) * signal**2 / (noise**2 * dimension)


def lower_keep(filters: int, probability: float = 0.5) -> float:
    """The keep rate at which (1 - keep/2)^m is `probability`: below it a class is likely to be lost."""
    return 2 * (1 - probability ** (1 / filters))
