"""The contrastive losses against the card's values and the formulas written out."""

import math

import numpy as np
import pytest
import torch

from tenfold.papers.leiad.ts2vec.losses import hierarchical_loss, instance_loss, temporal_loss


@pytest.mark.parametrize(("batch", "length"), [(1, 4), (3, 5)])
def test_zero_representations_cost_the_logarithm_of_the_number_of_others(batch, length):
    zero = torch.zeros(batch, length, 7)
    assert temporal_loss(zero, zero).item() == pytest.approx(math.log(2 * length - 1), rel=1e-6)
    expected = math.log(2 * batch - 1) if batch > 1 else 0
    assert instance_loss(zero, zero).item() == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize(("batch", "expected"), [(1, 0.507420), (2, 1.056727)])
def test_the_hierarchical_loss_of_zeros_is_that_of_the_card(batch, expected):
    zero = torch.zeros(batch, 4, 3)
    assert hierarchical_loss(zero, zero).item() == pytest.approx(expected, abs=1e-6)


def test_a_single_series_has_no_gradient_of_the_instance_part():
    one = torch.randn(1, 5, 3, requires_grad=True)
    other = torch.randn(1, 5, 3, requires_grad=True)
    assert instance_loss(one, other).item() == 0
    assert not instance_loss(one, other).requires_grad


def written_out(one: np.ndarray, other: np.ndarray) -> tuple[float, float]:
    """Equations 1 and 2, both directions, averaged over series and time steps."""
    batch, length, _ = one.shape
    temporal, instance = [], []
    for views in ((one, other), (other, one)):
        r, s = views
        for i in range(batch):
            for t in range(length):
                hit = math.exp(r[i, t] @ s[i, t])
                times = sum(math.exp(r[i, t] @ s[i, k]) for k in range(length))
                times += sum(math.exp(r[i, t] @ r[i, k]) for k in range(length) if k != t)
                temporal.append(-math.log(hit / times))
                rows = sum(math.exp(r[i, t] @ s[j, t]) for j in range(batch))
                rows += sum(math.exp(r[i, t] @ r[j, t]) for j in range(batch) if j != i)
                instance.append(-math.log(hit / rows))
    return float(np.mean(temporal)), float(np.mean(instance))


def test_both_losses_are_their_equations():
    one, other = torch.randn(2, 3, 4, 5, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    temporal, instance = written_out(one.numpy(), other.numpy())
    assert temporal_loss(one, other).item() == pytest.approx(temporal)
    assert instance_loss(one, other).item() == pytest.approx(instance)


@pytest.mark.parametrize("length", [1, 2, 5, 8])
def test_scales_halve_the_length_until_one_is_left(length):
    one, other = torch.randn(2, 2, length, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    expected, scales, views = 0.0, 0, (one.numpy(), other.numpy())
    while True:
        temporal, instance = written_out(*views)
        scales += 1
        steps = views[0].shape[1]
        if steps == 1:
            expected += instance / 2
            break
        expected += (temporal + instance) / 2
        views = tuple(view[:, : steps // 2 * 2].reshape(2, steps // 2, 2, 3).max(axis=2) for view in views)
    assert hierarchical_loss(one, other).item() == pytest.approx(expected / scales)
