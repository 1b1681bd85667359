"""Networks: parameter counts of the card, what is shared, and what depends on what."""

import pytest
import torch

from tenfold.papers.adatask.networks.segnet import MTAN
from tenfold.papers.adatask.networks.unet import UNet
from tenfold.papers.adatask.optimizers import task_gradients


def count(parameters):
    return sum(parameter.numel() for parameter in parameters)


def test_the_small_network_has_the_cards_number_of_parameters():
    assert count(UNet().parameters()) == 34_328


def test_mtan_has_the_parameters_of_the_authors_network():
    with torch.device("meta"):
        network = MTAN()
    named, shared = dict(network.named_parameters()), set(network.shared_names())
    assert count(named.values()) == 41_206_984
    assert (count(named[name] for name in shared), len(shared)) == (35_163_456, 144)
    specific = [parameter for name, parameter in named.items() if name not in shared]
    assert (count(specific), len(specific)) == (6_043_528, 168)
    # Without attention and with plain heads it is the repository's SegNetSplit.
    plain = [p for name, p in named.items() if not any(part in name for part in ("coder_att", "block_att"))]
    assert count(plain) == 25_017_672


@pytest.mark.parametrize("network", [UNet(channels=3, width=2), MTAN(width=2)], ids=["unet", "mtan"])
class TestBoth:
    def test_outputs_have_the_size_of_the_images(self, network):
        classes, depth = network(torch.randn(2, 3, 32, 64))
        assert classes.shape == (2, 7, 32, 64)
        assert depth.shape == (2, 1, 32, 64)

    def test_both_tasks_reach_every_shared_parameter_and_only_one_reaches_each_specific_one(self, network):
        named, shared = dict(network.named_parameters()), network.shared_names()
        outputs = network(torch.randn(2, 3, 32, 64, generator=torch.Generator().manual_seed(0)))
        specific = [parameter for name, parameter in named.items() if name not in shared]
        losses = [output.square().mean() for output in outputs]
        for loss in losses:
            reached = torch.autograd.grad(loss, specific, retain_graph=True, allow_unused=True)
            assert sum(gradient is not None for gradient in reached) == len(specific) // 2
        for name, gradient in zip(shared, task_gradients(losses, [named[name] for name in shared]), strict=True):
            if not name.endswith(".0.bias"):  # before a normalization: zero but for rounding
                assert (gradient.abs().flatten(1).sum(1) > 0).all(), name

    def test_watched_parameters_are_shared_and_in_order(self, network):
        watched, shared = list(network.watched().values()), network.shared_names()
        assert set(watched) <= set(shared)
        assert len(set(watched)) == len(watched)
        assert any(name.startswith(network.last_shared) for name in shared)


def test_mtan_starts_with_zero_biases_and_xavier_weights():
    torch.manual_seed(0)
    network = MTAN(width=8)
    weight = network.conv_block_enc[4][1][0].weight  # 64 -> 64
    assert weight.std().item() == pytest.approx((2 / (9 * 64 + 9 * 64)) ** 0.5, rel=0.02)
    assert all((parameter == 0).all() for name, parameter in network.named_parameters() if name.endswith(".0.bias"))
