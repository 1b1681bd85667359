"""Weights read off attention, and the joint embedding."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from tenfold.papers.meaformer.fusion import entity_weights, joint_embedding
from tenfold.papers.meaformer.transformer import CrossModalTransformer


def weights_of(beta) -> torch.Tensor:
    return entity_weights(torch.tensor(beta)[None, None])[0]


def test_the_worked_weights():
    found = weights_of([[0.5, 0.3, 0.2], [0.1, 0.6, 0.3], [0.2, 0.2, 0.6]])
    assert torch.allclose(found, torch.tensor([0.296014, 0.351993, 0.351993]), atol=1e-6)


def test_uniform_attention_gives_uniform_weights():
    assert torch.allclose(weights_of([[1 / 3] * 3] * 3), torch.full((3,), 1 / 3))


def test_all_attention_on_one_modality():
    found = weights_of([[1.0, 0, 0]] * 3)
    assert torch.allclose(found, torch.tensor([0.738638, 0.130681, 0.130681]), atol=1e-6)


@pytest.mark.parametrize(("modalities", "low", "high"), [(4, 0.0963, 0.7112), (6, 0.0603, 0.6985)])
def test_weights_stay_within_their_bounds(modalities, low, high):
    beta = torch.zeros(1, 1, modalities, modalities)
    beta[..., 0] = 1
    weights = entity_weights(beta)[0]
    assert weights.max().item() == pytest.approx(high, abs=1e-4)
    assert weights.min().item() == pytest.approx(low, abs=1e-4)


@given(st.integers(2, 6), st.integers(1, 3), st.integers(0, 1000))
def test_weights_sum_to_one_and_the_joint_embedding_is_no_longer_than_one(modalities, heads, seed):
    generator = torch.Generator().manual_seed(seed)
    beta = torch.rand(5, heads, modalities, modalities, generator=generator).softmax(-1)
    weights = entity_weights(beta)
    early = torch.randn(5, modalities, 7, generator=generator)
    joint = joint_embedding(early, weights)
    assert torch.allclose(weights.sum(1), torch.ones(5, dtype=weights.dtype))
    assert torch.allclose((joint**2).sum(1), (weights**2).sum(1))
    assert (joint.norm(dim=1) <= 1 + 1e-9).all()


def test_summing_over_keys_instead_would_give_uniform_weights():
    """The frequent mistake: it must not be what is computed here."""
    beta = torch.rand(4, 1, 3, 3).softmax(-1)
    transposed = entity_weights(beta.transpose(-1, -2))
    assert torch.allclose(transposed, torch.full_like(transposed, 1 / 3))
    assert not torch.allclose(entity_weights(beta), transposed)


def test_permuting_the_modalities_permutes_the_weights_and_leaves_similarities():
    transformer = CrossModalTransformer(8, 2, 2, 5, 0.1).eval()
    early, order = torch.randn(6, 4, 8), torch.tensor([2, 0, 3, 1])
    weights, permuted = (entity_weights(transformer(tokens)[1]) for tokens in (early, early[:, order]))
    assert torch.allclose(permuted, weights[:, order])
    joint, other = joint_embedding(early, weights), joint_embedding(early[:, order], permuted)
    assert torch.allclose(joint @ joint.T, other @ other.T)


def test_the_length_of_a_representation_matters_through_attention_alone():
    early, weights = torch.randn(5, 3, 4), torch.rand(5, 3)
    longer = early * torch.tensor([1.0, 7.0, 0.3])[None, :, None]
    assert torch.allclose(joint_embedding(longer, weights), joint_embedding(early, weights))
