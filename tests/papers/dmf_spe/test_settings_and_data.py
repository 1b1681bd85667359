import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from tenfold.errors import ConfigError
from tenfold.papers.dmf_spe import completion, oracle
from tenfold.papers.dmf_spe.members import members
from tenfold.papers.dmf_spe.settings import Baseline, Prepare, Train

TARGETS = {"rank-3": [3.0, 2.0, 1.0], "rank-1": [2.0]}


def test_targets_have_the_singular_values_asked_for(prepared):
    data = prepared(size=8, targets=TARGETS, seeds=(0, 5))
    assert data["target"].shape == (2, 2, 8, 8)
    values = np.linalg.svd(data["target"], compute_uv=False)
    assert values[:, 0, :4] == pytest.approx(np.array([[3, 2, 1, 0]] * 2), abs=1e-12)
    assert values[:, 1, :2] == pytest.approx(np.array([[2, 0]] * 2), abs=1e-12)
    for side in ("left", "right"):
        assert data[side] @ np.swapaxes(data[side], -1, -2) == pytest.approx(np.broadcast_to(np.eye(8), (2, 2, 8, 8)))


def test_a_seed_gives_the_same_target_whatever_the_other_seeds_and_targets(prepared):
    many = prepared(size=6, targets=TARGETS, seeds=(0, 1, 2))
    alone = prepared(size=6, targets={"rank-1": [2.0]}, seeds=(2,))
    assert (many["target"][2, 1] == alone["target"][0, 0]).all()
    assert not np.allclose(many["target"][0, 1], many["target"][1, 1])


def test_noise_and_mask_have_their_size(prepared):
    data = prepared(size=60, targets={"a": [1.0]}, noise=0.02, observed=0.4)
    clean = prepared(size=60, targets={"a": [1.0]})
    assert (data["target"] - clean["target"]).std() == pytest.approx(0.02, rel=0.05)
    assert data["mask"].mean() == pytest.approx(0.4, abs=0.03)
    assert "mask" not in clean


@pytest.mark.parametrize(
    "wrong", [{"a": [1.0, 2.0]}, {"a": [3.0, 2.0, 1.0]}, {"a": [0.0]}, {"a": []}, {}]
)  # rising, too many, zero, none, no target
def test_impossible_targets_are_refused(wrong):
    with pytest.raises(ValidationError):
        Prepare(size=2, targets=wrong)


def test_a_depth_without_a_scale_is_refused():
    with pytest.raises(ValidationError, match="no initial scale for depth 4"):
        Train(depths=[3, 4], init_scales={3: [0.1]}, split_by=["depth"])


def test_runs_that_would_share_a_name_are_refused(prepared):
    with pytest.raises(ValidationError, match="must name scale"):
        Train(depths=[3], init_scales={3: [0.1, 0.2]}, split_by=["target"])
    data = prepared(size=4, targets=TARGETS)
    with pytest.raises(ConfigError, match="must name target"):
        members(Train(depths=[3], init_scales={3: [0.1]}, split_by=["depth"]), 3, data, (0,))


def test_an_unknown_target_is_refused_with_the_known_ones(prepared):
    data = prepared(size=4, targets=TARGETS)
    with pytest.raises(ConfigError, match=r"unknown target rank-9.*rank-3, rank-1"):
        members(Train(depths=[3], init_scales={3: [0.1]}, targets=["rank-9"]), 3, data, (0,))


def test_learning_rates_are_taken_in_their_unit(prepared):
    data = prepared(size=4, targets={"a": [4.0]})
    units = {"absolute": 0.02, "curvature": 0.02 / 4 ** (4 / 3), "critical": 0.02 * oracle.critical_rate(4.0, 3)}
    for unit, expected in units.items():
        (run,) = members(Train(init_scales={3: [0.1]}, learning_rate_unit=unit), 3, data, (0,))
        assert run.step_size == pytest.approx(expected)


def test_the_step_budget_covers_the_predicted_last_escape(prepared):
    data = prepared(size=4, targets={"a": [4.0, 1.0]})
    (run,) = members(Train(init_scales={3: [0.05]}), 3, data, (0,))
    assert run.budget > Train(init_scales={3: [1.0]}).stopping.horizon * oracle.escape_times(0.05, [1.0], 3)[0]
    (large,) = members(Train(init_scales={3: [2.0]}), 3, data, (0,))
    assert large.budget > 0


# ------------------------------------------------------------------------------------------- completion


def low_rank(seed, size=12, rank=2):
    generator = np.random.default_rng(seed)
    return generator.standard_normal((size, rank)) @ generator.standard_normal((rank, size))


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 1000), rank=st.integers(1, 5))
def test_truncated_svd_keeps_the_largest_singular_values(seed, rank):
    matrix = np.random.default_rng(seed).standard_normal((7, 5))
    values = np.linalg.svd(matrix, compute_uv=False)
    estimate = completion.truncated_svd(matrix, rank)
    assert np.linalg.matrix_rank(estimate) == rank
    assert np.linalg.norm(matrix - estimate) == pytest.approx(np.linalg.norm(values[rank:]), abs=1e-10)


def test_zero_fill_keeps_what_was_observed():
    matrix, mask = low_rank(0), np.random.default_rng(1).random((12, 12)) < 0.5
    estimate = completion.complete(Baseline(), matrix, mask, 2, np.random.default_rng(2))
    assert (estimate[mask] == matrix[mask]).all()
    assert (estimate[~mask] == 0).all()


def test_no_baseline_looks_at_hidden_entries():
    matrix, mask = low_rank(0), np.random.default_rng(1).random((12, 12)) < 0.6
    spoiled = np.where(mask, matrix, 1e6)
    for name in ("zero-fill", "truncated-svd", "soft-impute"):
        chosen = Baseline(name=name, path=4, iterations=20)
        results = [completion.complete(chosen, m, mask, 2, np.random.default_rng(2)) for m in (matrix, spoiled)]
        assert (results[0] == results[1]).all()


def test_soft_impute_recovers_a_low_rank_matrix_from_most_of_its_entries():
    matrix, mask = low_rank(3, size=30), np.random.default_rng(1).random((30, 30)) < 0.7
    estimate = completion.complete(Baseline(name="soft-impute"), matrix, mask, 2, np.random.default_rng(2))
    assert np.linalg.norm(estimate - matrix) / np.linalg.norm(matrix) < 0.02


def test_one_shrinkage_of_a_full_matrix_lowers_its_singular_values():
    matrix = low_rank(5)
    chosen = Baseline(name="soft-impute", path=2, smallest=0.5)
    everything = np.ones_like(matrix, dtype=bool)
    estimate = completion._path(matrix, everything, np.array([0.7]), chosen)[0]
    expected = np.maximum(np.linalg.svd(matrix, compute_uv=False) - 0.7, 0)
    assert np.linalg.svd(estimate, compute_uv=False) == pytest.approx(expected, abs=1e-6)
