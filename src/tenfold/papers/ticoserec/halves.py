"""Cutting users in halves: by uniformity, at random, and with matched lengths (empirical study, claim C1)."""

from __future__ import annotations

import numpy as np

from tenfold.papers.ticoserec.sequences import Sequences
from tenfold.papers.ticoserec.settings import HalfName


def halves(sequences: Sequences, generator: np.random.Generator) -> dict[HalfName, np.ndarray]:
    """Users (row numbers, ascending) of each half.

    - `uniform-users`, `nonuniform-users`: the two halves of the users in order of their interval variance;
    - `uniform-interactions`, `nonuniform-interactions`: in the same order, cut at half of the interactions;
    - `uniform-matched`, `nonuniform-matched`: cut among the users of each length, so that both have the same lengths;
    - `random-a`, `random-b`: a random cut.
    """
    order = np.argsort(sequences.variance, kind="stable")
    lengths = sequences.items.lengths
    middle = len(order) // 2
    uniform_matched, nonuniform_matched = _matched(order, lengths)
    cut = _half_of_interactions(lengths[order])
    shuffled = generator.permutation(len(order))
    users: dict[HalfName, np.ndarray] = {
        "uniform-users": order[:middle],
        "nonuniform-users": order[middle:],
        "random-a": shuffled[:middle],
        "random-b": shuffled[middle:],
        "uniform-interactions": order[:cut],
        "nonuniform-interactions": order[cut:],
        "uniform-matched": uniform_matched,
        "nonuniform-matched": nonuniform_matched,
    }
    return {name: np.sort(rows) for name, rows in users.items()}


def _half_of_interactions(lengths: np.ndarray) -> int:
    """How many users come first until those after them hold at most half of the interactions."""
    total = int(lengths.sum())
    return int(np.searchsorted(np.cumsum(lengths), total - total // 2)) + 1


def _matched(order: np.ndarray, lengths: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The more and the less uniform half of the users of each length; the middle one of an odd number is left out."""
    by_length = order[np.argsort(lengths[order], kind="stable")]  # users of one length, in order of variance
    length = lengths[by_length]
    first = np.searchsorted(length, length)
    count = np.searchsorted(length, length, side="right") - first
    place = np.arange(len(length)) - first
    return by_length[place < count // 2], by_length[place >= count - count // 2]


def same_day(sequences: Sequences) -> np.ndarray:
    """`(U,)` bool: the test item carries the same UTC day as the item before it. Times are in seconds.

    Such targets were mostly bought together with what the model sees last, which makes them easier (card, P11).
    """
    ends = sequences.times.offsets[1:]
    days = sequences.times.values // 86_400
    return days[ends - 1] == days[ends - 2]
