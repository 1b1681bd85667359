"""The recommender: shapes, what is shared, starting values."""

import pytest
import torch

from tenfold.papers.adatask.networks.recommender import SharedBottom


def count(parameters):
    return sum(parameter.numel() for parameter in parameters)


def test_both_tasks_share_everything_below_the_towers():
    torch.manual_seed(0)
    network = SharedBottom([3, 5], 4, 16, [64, 64], [32])
    logits, embedded = network(torch.tensor([[0, 3], [2, 7]]), torch.rand(2, 4))
    assert logits.shape == (2, 2)
    assert embedded.shape == (2, 32)
    shared = set(network.shared_names())
    assert "embedding.weight" in shared
    assert "bag.weight" in shared
    specific = [p for name, p in network.named_parameters() if name not in shared]
    assert count(specific) == 2 * (64 * 32 + 32 + 32 + 1)
    assert list(network.watched()) == ["embedding", "bag", "bottom-1", "bottom-2"]
    assert network.watched()["bottom-2"] == f"{network.last_shared}.weight"


def test_without_a_bag_and_with_larger_layers():
    network = SharedBottom([400], 0, 16, [512, 512, 512], [128, 128])
    assert network(torch.tensor([[399]]), torch.zeros(1, 0))[0].shape == (1, 2)
    assert list(network.watched()) == ["embedding", "bottom-1", "bottom-2", "bottom-3"]
    assert network.embedding.weight.std().item() == pytest.approx(0.01, rel=0.1)
