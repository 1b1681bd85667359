"""Robust random cut forest over single values (shingles of length 1).

Guha, Mishra, Roy and Schrijvers, Robust Random Cut Forest Based Anomaly Detection on Streams, ICML 2016. The
displacement of a node is the number of points beside it, which all move up when it is taken out; the collusive
displacement of a point is the largest displacement per point of a node that holds it: max n(beside) / n(node).
"""

from __future__ import annotations

import numpy as np

from tenfold.papers.leiad.detectors.random_cuts import CutTrees, cut_trees, highest_above


def score(values: np.ndarray, generator: np.random.Generator, *, trees: int = 100, tree_size: int = 200) -> np.ndarray:
    """Mean collusive displacement of each point of values (n,), over the trees that hold it.

    Trees come in rounds: each divides all points at random among ceil(n / tree_size) trees, the last of which is filled
    up with points of the first, so that no point is left out. There are as many rounds as it takes for `trees` trees.
    """
    n = len(values)
    size = min(tree_size, n)
    if size < 2:
        return np.zeros(n)
    in_a_round = -(-n // size)
    rounds = -(-trees // in_a_round)
    order = generator.permuted(np.tile(np.arange(n), (rounds, 1)), axis=1)
    members = np.concatenate([order, order[:, : in_a_round * size - n]], axis=1).reshape(-1, size)  # (T, size)
    points = values[members]
    rank = np.argsort(points, axis=1, kind="stable")
    members = np.take_along_axis(members, rank, axis=1)
    found = collusive_displacement(cut_trees(np.take_along_axis(points, rank, axis=1), generator))
    total = np.bincount(members.ravel(), weights=found.ravel(), minlength=n)
    return total / np.bincount(members.ravel(), minlength=n)


def collusive_displacement(trees: CutTrees) -> np.ndarray:
    """Of every point (T, m); 0 in a tree without a cut, whose points are all equal."""
    # What a cut gives to the points on its left is n(right) / n(left), and the other way round.
    to_left = np.where(trees.cuts, trees.right / trees.left, 0.0)  # (T, gaps)
    to_right = np.where(trees.cuts, trees.left / trees.right, 0.0)
    gap = np.arange(trees.parent.shape[1])
    from_parent = np.where(
        trees.parent < 0, 0.0,
        np.where(
            trees.parent > gap,
            np.take_along_axis(to_left, np.maximum(trees.parent, 0), axis=1),
            np.take_along_axis(to_right, np.maximum(trees.parent, 0), axis=1),
        ),
    )  # fmt: skip
    inherited = highest_above(from_parent, trees.parent)  # of the node that a gap divides
    left_of_gap, right_of_gap = np.maximum(inherited, to_left), np.maximum(inherited, to_right)
    # A point's last cut is one of the two gaps beside it, and the other one is above that: take the larger.
    return np.maximum(np.pad(left_of_gap, ((0, 0), (0, 1))), np.pad(right_of_gap, ((0, 0), (1, 0))))
