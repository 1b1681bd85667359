"""Random cut trees over numbers, all trees of a forest at once.

A node holds the points between two values; it is cut at a value uniform between its lowest and highest point, so that
the gap between neighbours that is cut is drawn in proportion to its width. Give every gap of width g a clock that rings
after a time of rate g: in any set of gaps the first to ring is drawn in proportion to its width, and what is left
follows the same law, for exponential times have no memory. The tree is therefore the Cartesian tree of the clocks: the
first gap to ring is the root, and so on to its left and to its right. Gaps of width 0 never ring.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class CutTrees:
    """T trees over m points each, sorted. Gap g lies between the points g and g + 1; there are m - 1.

    `cuts` (T, m - 1): gaps that are cut at all. `left`, `right` (T, m - 1): points of the node on either side of the
    cut. `parent` (T, m - 1): the gap whose cut made the node that this one divides, -1 at the root.
    """

    cuts: np.ndarray
    left: np.ndarray
    right: np.ndarray
    parent: np.ndarray


def cut_trees(points: np.ndarray, generator: np.random.Generator) -> CutTrees:
    """Random trees over points (T, m), sorted in each row, m >= 2."""
    gaps = np.diff(points, axis=1)
    ringing = generator.standard_exponential(gaps.shape)
    with np.errstate(divide="ignore"):
        return cartesian_trees(np.where(gaps > 0, ringing / gaps, np.inf))


def cartesian_trees(clocks: np.ndarray) -> CutTrees:
    """The trees (T, m - 1 gaps) in which each gap is cut after all gaps above it have been."""
    trees, gaps = clocks.shape
    # A gap that rings first of all stands at both ends of a row: (T, gaps + 2). Equal times count as ringing from left
    # to right, and NaN never occurs.
    framed = np.pad(clocks, ((0, 0), (1, 1)), constant_values=-1.0).ravel()
    before = _nearest_smaller(framed, -1)  # places in framed
    after = _nearest_smaller(framed, +1)
    place = np.arange(framed.size)
    parent = np.where(_rings_later(framed, before, after), before, after)
    inner = place.reshape(trees, gaps + 2)[:, 1:-1]
    first = place.reshape(trees, gaps + 2)[:, :1]
    above = parent[inner] - first - 1  # gap of the same row; -1 or `gaps` where it is the frame
    return CutTrees(np.isfinite(clocks), inner - before[inner], after[inner] - inner, np.where(above < gaps, above, -1))


def _rings_later(times: np.ndarray, one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Of two gaps, one to the left of the other: is the left one the later, so the nearer above?"""
    return times[one] > times[other]


def _nearest_smaller(times: np.ndarray, step: int) -> np.ndarray:
    """For each place the nearest one in the direction `step` that rings before it; places of the frame point anywhere.

    All places jump together: everything between a place and its candidate rings later than it; so where the candidate
    does as well, the candidate's own candidate is next.
    """
    candidates = np.clip(np.arange(times.size) + step, 0, times.size - 1)
    moving = np.flatnonzero(times >= 0)
    while len(moving):
        found, own = times[candidates[moving]], times[moving]
        moving = moving[found > own if step < 0 else found >= own]
        candidates[moving] = candidates[candidates[moving]]
    return candidates


def depths(parent: np.ndarray) -> np.ndarray:
    """Cuts above each gap, (T, gaps)."""
    depth = (parent >= 0).astype(np.int64)
    above = parent.copy()
    while (above >= 0).any():
        inside = np.maximum(above, 0)
        depth += np.where(above >= 0, np.take_along_axis(depth, inside, axis=1), 0)
        above = np.where(above >= 0, np.take_along_axis(above, inside, axis=1), -1)
    return depth


def highest_above(own: np.ndarray, parent: np.ndarray) -> np.ndarray:
    """Maximum of `own` (T, gaps) over each gap and all gaps above it."""
    best, above = own.copy(), parent.copy()
    while (above >= 0).any():
        inside = np.maximum(above, 0)
        best = np.where(above >= 0, np.maximum(best, np.take_along_axis(best, inside, axis=1)), best)
        above = np.where(above >= 0, np.take_along_axis(above, inside, axis=1), -1)
    return best
