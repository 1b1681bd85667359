"""Random cut trees, the robust random cut forest and the isolation forest against recursions and definitions."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.ensemble import IsolationForest

from tenfold.papers.leiad.detectors import isolation_forest, random_cut_forest
from tenfold.papers.leiad.detectors.random_cuts import cartesian_trees, cut_trees


def recursive(clocks: np.ndarray, first: int = 0, last: int | None = None):
    """The tree over the points first .. last as nested pairs; points that no cut divides stay together as a list."""
    last = len(clocks) if last is None else last
    inside = clocks[first:last]
    if not np.isfinite(inside).any():
        return list(range(first, last + 1))
    gap = first + int(inside.argmin())
    return recursive(clocks, first, gap), recursive(clocks, gap + 1, last)


def points_of(tree) -> list[int]:
    return tree if isinstance(tree, list) else points_of(tree[0]) + points_of(tree[1])


def depths_without(tree, gone: frozenset[int], depth: int = 0) -> dict[int, int]:
    """Depth of every point that stays, in the tree from which the points `gone` were deleted."""
    if isinstance(tree, list):
        return {point: depth for point in tree if point not in gone}
    kept = [side for side in tree if set(points_of(side)) - gone]
    if len(kept) == 2:
        return depths_without(kept[0], gone, depth + 1) | depths_without(kept[1], gone, depth + 1)
    return depths_without(kept[0], gone, depth) if kept else {}


def nodes_with(tree, point: int) -> list[frozenset[int]]:
    """Point sets of the nodes that hold a point, the whole tree left out."""
    if isinstance(tree, list):
        return []
    side = next(side for side in tree if point in points_of(side))
    return [frozenset(points_of(side)), *nodes_with(side, point)]


def displacement_by_deletion(tree, point: int) -> float:
    """By definition: delete a node, add up by how much the others move up, per point deleted; the most of all nodes."""
    before = depths_without(tree, frozenset())
    found = [0.0]
    for node in nodes_with(tree, point):
        after = depths_without(tree, node)
        found.append(sum(before[other] - depth for other, depth in after.items()) / len(node))
    return max(found)


clock_rows = st.lists(st.sampled_from([0.1, 0.2, 0.5, 1.0, 2.0, 3.0, 7.0, np.inf]), min_size=1, max_size=9)


@settings(max_examples=60, deadline=None)
@given(clock_rows, st.randoms(use_true_random=False))
def test_collusive_displacement_is_what_deleting_nodes_brings(row, random):
    clocks = np.array([time + random.random() / 100 for time in row])
    found = random_cut_forest.collusive_displacement(cartesian_trees(clocks[None]))[0]
    tree = recursive(clocks)
    np.testing.assert_allclose(found, [displacement_by_deletion(tree, point) for point in range(len(row) + 1)])


def test_trees_of_a_forest_do_not_disturb_each_other():
    clocks = np.random.default_rng(0).random((50, 30))
    together = random_cut_forest.collusive_displacement(cartesian_trees(clocks))
    alone = [random_cut_forest.collusive_displacement(cartesian_trees(row[None]))[0] for row in clocks]
    np.testing.assert_array_equal(together, alone)


def test_a_gap_is_cut_first_in_proportion_to_its_width():
    points = np.tile([0.0, 1.0, 4.0, 4.0, 10.0], (40_000, 1))  # gaps of 1, 3, 0, 6
    trees = cut_trees(points, np.random.default_rng(1))
    first = (trees.cuts & (trees.left + trees.right == 5)).mean(axis=0)
    np.testing.assert_allclose(first, [0.1, 0.3, 0, 0.6], atol=0.01)
    # Among the three points on the left of the widest gap, the same law holds for what is left.
    under = (trees.left + trees.right == 4)[:, :2]
    below = under[np.asarray(trees.left[:, 3] == 4)].mean(axis=0)
    np.testing.assert_allclose(below, [0.25, 0.75], atol=0.01)


def test_a_point_far_away_has_the_highest_displacement_and_a_constant_series_none():
    values = np.concatenate([np.random.default_rng(2).normal(size=999), [30.0]])
    found = random_cut_forest.score(values, np.random.default_rng(3), trees=20, tree_size=100)
    assert found.argmax() == 999
    assert not random_cut_forest.score(np.ones(50), np.random.default_rng(3)).any()


@pytest.mark.parametrize(("n", "size", "trees"), [(5, 200, 3), (1, 200, 3), (250, 100, 1), (301, 100, 7)])
def test_every_point_is_in_some_tree(n, size, trees):
    values = np.arange(n, dtype=float)
    found = random_cut_forest.score(values, np.random.default_rng(0), trees=trees, tree_size=size)
    assert found.shape == (n,)
    assert (found > 0).all() if n > 1 else found[0] == 0


# --------------------------------------------------------------------------------------- isolation forest


def path_by_recursion(clocks: np.ndarray, limit: int) -> list[float]:
    """Path length of each sample point in a tree that is at most `limit` cuts deep, equal points being one leaf."""
    lengths = np.zeros(len(clocks) + 1)

    def walk(tree, depth: int) -> None:
        if isinstance(tree, list) or depth == limit:
            members = points_of(tree)
            count = len(members)
            harmonic = np.log(max(count - 1, 1)) + 0.5772156649
            expected = 0 if count == 1 else 1 if count == 2 else 2 * harmonic - 2 * (count - 1) / count
            lengths[members] = depth + expected
        else:
            walk(tree[0], depth + 1)
            walk(tree[1], depth + 1)

    walk(recursive(clocks), 0)
    return lengths.tolist()


@pytest.mark.parametrize("seed", range(6))
def test_paths_at_the_sample_points_are_those_of_the_trees(seed):
    points = np.sort(np.random.default_rng(seed).integers(0, 25, (3, 20)).astype(float) ** 3, axis=1)
    ringing = np.random.default_rng(9).standard_exponential((3, 19))  # what the forest draws first
    gaps = np.diff(points, axis=1)
    with np.errstate(divide="ignore"):
        clocks = np.where(gaps > 0, ringing / gaps, np.inf)
    queries = np.unique(points)
    expected = np.zeros(len(queries))
    for row, times in zip(points, clocks, strict=True):
        one = np.array(path_by_recursion(times, limit=5))
        inside = np.isin(queries, row)
        expected[inside] += one[np.searchsorted(row, queries[inside])]
        expected[~inside] = np.nan  # between two points it depends on where exactly the gap is cut
    found = isolation_forest.path_lengths(points, np.random.default_rng(9))(queries)
    known = np.isfinite(expected)
    assert known.any()
    np.testing.assert_allclose(found[known], expected[known], rtol=1e-9)


def test_paths_of_three_points_have_the_means_of_the_closed_form():
    trees = 40_000
    points = np.tile([0.0, 1.0, 4.0], (trees, 1))  # the first gap is cut first with probability 1/4
    found = isolation_forest.path_lengths(points, np.random.default_rng(4))(np.array([0.0, 1.0, 4.0])) / trees
    np.testing.assert_allclose(found, [0.25 * 1 + 0.75 * 2, 2, 0.25 * 2 + 0.75 * 1], atol=0.01)


def test_scores_agree_with_scikit_learn_as_well_as_it_agrees_with_itself():
    values = np.concatenate([np.random.default_rng(5).normal(size=600), [6.0, 9.0], np.full(30, 1.25)])
    one, other = (
        -IsolationForest(n_estimators=150, random_state=seed).fit(values[:, None]).score_samples(values[:, None])
        for seed in (0, 1)
    )
    own = isolation_forest.score(values, np.random.default_rng(0), trees=1500)
    between = np.sqrt(((one - other) ** 2).mean())
    assert np.sqrt(((own - (one + other) / 2) ** 2).mean()) < 1.2 * between
    assert np.corrcoef(own, one + other)[0, 1] > 0.995


@pytest.mark.parametrize("n", [20, 100])
def test_samples_are_drawn_without_replacement_and_evenly(n):
    drawn = isolation_forest.samples(n, 10, 20_000, np.random.default_rng(6))
    assert (np.diff(drawn, axis=1) > 0).all()
    share = np.bincount(drawn.ravel(), minlength=n) / 20_000
    np.testing.assert_allclose(share, 10 / n, atol=0.02)
