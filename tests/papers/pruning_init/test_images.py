"""Networks, pruning scores and masks for images."""

import copy
import itertools

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from tenfold.papers.pruning_init.images import masks, scores
from tenfold.papers.pruning_init.images.batches import shifted_and_mirrored
from tenfold.papers.pruning_init.images.networks import Perceptrons, build, resnet_20, vgg_16
from tenfold.papers.pruning_init.images.training import groups, member_losses


def parameters(model):
    return sum(weight.numel() for weight in model.parameters())


def test_convolutional_networks_have_the_published_numbers_of_parameters():
    assert parameters(resnet_20(10)) == 269_722  # He et al., table 6: 0.27 M
    # 13 convolutions without biases (batch normalization follows), 13 x 2 norms, one linear layer.
    widths = [3, 64, 64, 128, 128, 256, 256, 256, 512, 512, 512, 512, 512, 512]
    convolutions = sum(9 * before * after for before, after in itertools.pairwise(widths))
    assert convolutions == 14_710_464
    assert parameters(vgg_16(10)) == convolutions + 2 * sum(widths[1:]) + 512 * 10 + 10


@pytest.mark.parametrize(("name", "layers"), [("vgg-16", 13), ("resnet-20", 19)])
def test_convolutional_networks_give_scores_and_let_every_convolution_be_pruned(name, layers):
    model = build(name, (3, 32, 32), 10, [], 0.125)
    assert model(torch.randn(1, 4, 3, 32, 32)).shape == (1, 4, 10)
    assert len(model.prunable()) == layers
    assert not any("classifier" in name for name in model.prunable())


def test_perceptrons_start_with_the_scale_that_relu_needs_and_spare_the_output_layer():
    torch.manual_seed(0)
    model = build("mlp", (1, 28, 28), 10, [300, 300], 1.0)
    assert [tuple(w.shape) for w in model.weights] == [(1, 784, 300), (1, 300, 300), (1, 300, 10)]
    assert model.weights[0].std().item() == pytest.approx(np.sqrt(2 / 784), rel=0.01)
    assert list(model.prunable()) == ["weights.0", "weights.1"]


def members(count=3):
    parts = []
    for seed in range(count):
        torch.manual_seed(seed)
        parts.append(Perceptrons([6, 5, 4, 3]))
    return parts


def test_stacked_members_compute_and_learn_as_they_do_alone():
    parts = members()
    joined = Perceptrons.stacked(parts)
    images, labels = torch.randn(3, 7, 6), torch.randint(3, (3, 7))
    losses = member_losses(joined(images), labels)
    losses.sum().backward()
    for member, part in enumerate(parts):
        loss = torch.nn.functional.cross_entropy(part(images[member : member + 1])[0], labels[member])
        loss.backward()
        assert losses[member].item() == pytest.approx(loss.item(), rel=1e-5)
        for together, alone in zip(joined.weights, part.weights, strict=True):
            torch.testing.assert_close(together.grad[member], alone.grad[0])


# ------------------------------------------------------------------------------------------------- scores


def problem():
    model = Perceptrons.stacked(members(2)).double()
    images, labels = torch.randn(2, 9, 6, dtype=torch.float64), torch.randint(3, (2, 9))
    return model, lambda m: member_losses(m(images), labels).sum()


def scaled(model, name, place, factor):
    other = copy.deepcopy(model)
    with torch.no_grad():
        other.prunable()[name][place] *= factor
    return other


def position(model, name, place):
    """Where a weight lies in the flat scores (M, total)."""
    flags = {key: torch.zeros_like(weight) for key, weight in model.prunable().items()}
    flags[name][place] = 1
    return tuple(scores.flatten(list(flags.values()), model.members).nonzero()[0].tolist())


PLACES = [("weights.0", (0, 1, 2)), ("weights.0", (1, 5, 4)), ("weights.1", (1, 3, 0))]


@pytest.mark.parametrize(("name", "place"), PLACES)
def test_snip_is_the_change_of_the_loss_as_a_connection_is_scaled(name, place):
    torch.manual_seed(0)
    model, loss = problem()
    step = 1e-6
    slope = (loss(scaled(model, name, place, 1 + step)) - loss(scaled(model, name, place, 1 - step))) / (2 * step)
    assert scores.snip(model, loss)[position(model, name, place)].item() == pytest.approx(abs(slope.item()), abs=1e-8)


@pytest.mark.parametrize(("name", "place"), PLACES)
def test_grasp_is_half_the_change_of_the_squared_gradient_as_a_connection_is_scaled(name, place):
    torch.manual_seed(0)
    model, loss = problem()

    def flow(m):
        return sum((g**2).sum() for g in torch.autograd.grad(loss(m), list(m.prunable().values()))).item()

    step = 1e-5
    slope = (flow(scaled(model, name, place, 1 + step)) - flow(scaled(model, name, place, 1 - step))) / (2 * step)
    assert scores.grasp(model, loss)[position(model, name, place)].item() == pytest.approx(slope / 2, abs=1e-7)


def test_synflow_is_positive_and_conserved_from_layer_to_layer():
    model = scores.made_positive(Perceptrons.stacked(members(2)))
    found = scores.synflow(model, (1, 1, 6))
    assert (found > 0).all()
    first, second = (layer.flatten(1).sum(1) for layer in masks.split(model, found).values())
    torch.testing.assert_close(first, second)


def test_synflow_is_the_weight_of_all_paths_through_a_connection():
    """Without biases R = 1' |W1| |W2| |W3| 1: the score of w_jk is |w_jk| times what flows in at j and out of k."""
    model = Perceptrons.stacked(members(2))
    first, second, third = (weight.detach().double().abs() for weight in model.weights)
    out_of_second = third.sum(2)  # (M, units)
    out_of_first = (second * out_of_second[:, None]).sum(2)
    into_second = first.sum(1)
    expected = [first * out_of_first[:, None], into_second[:, :, None] * second * out_of_second[:, None]]
    found = scores.synflow(scores.made_positive(model), (1, 1, 6))
    torch.testing.assert_close(found, scores.flatten(expected, 2))


def test_scores_of_a_network_small_enough_for_pencil_and_paper():
    """x = 1, 2; w = 1, 1, v = 1 and -1: scores z = (3, -3). SNIP: |w x dL/dz|; SynFlow: R = 2 w1 + 2 w2 for ones."""
    model = Perceptrons([2, 1, 2]).double()
    with torch.no_grad():
        model.weights[0].fill_(1.0)
        model.weights[1][:] = torch.tensor([[[1.0, -1.0]]])
    images, labels = torch.tensor([[[1.0, 2.0]]], dtype=torch.float64), torch.tensor([[0]])
    wrong = 1 / (1 + np.exp(6.0))  # probability of the other class
    snip = scores.snip(model, lambda m: member_losses(m(images), labels).sum())
    assert snip[0].tolist() == pytest.approx([2 * wrong, 4 * wrong])  # dL/dh = -2 wrong, dh/dw = x
    # With u = 2 w.x = 6, L = log(1 + e^-u): g = -2 s x with s = 1 / (1 + e^u), H = 4 s (1 - s) x x'.
    grasp = scores.grasp(model, lambda m: member_losses(m(images), labels).sum())
    curvature = -8 * wrong**2 * (1 - wrong) * 5  # x'x = 5
    assert grasp[0].tolist() == pytest.approx([curvature * 1, curvature * 2])
    synflow = scores.synflow(scores.made_positive(model), (1, 1, 2))
    assert synflow[0].tolist() == pytest.approx([2.0, 2.0])


def test_parts_are_the_members_alone():
    alone = members(3)
    for part, expected in zip(Perceptrons.stacked(alone).double().parts(), alone, strict=True):
        for name, tensor in part.state_dict().items():
            assert torch.equal(tensor, expected.double().state_dict()[name])


def test_scores_of_convolutional_networks_cover_every_prunable_weight():
    torch.manual_seed(0)
    model = resnet_20(10, width=0.25)
    images, labels = torch.randn(1, 8, 3, 32, 32), torch.randint(10, (1, 8))
    total = sum(weight.numel() for weight in model.prunable().values())

    def loss(m):
        return member_losses(m(images), labels).sum()

    for found in (
        scores.magnitude(model),
        scores.snip(model, loss),
        scores.grasp(model, loss),
        scores.synflow(scores.made_positive(copy.deepcopy(model)), (3, 32, 32)),
    ):
        assert found.shape == (1, total)
        assert found.isfinite().all()
        assert found.std() > 0


# -------------------------------------------------------------------------------------------------- masks


@given(st.integers(2, 60), st.floats(0.001, 1), st.integers(0, 10), st.booleans())
def test_the_highest_scores_stay_and_the_share_is_exact_even_with_ties(total, keep, seed, ties):
    generator = torch.Generator().manual_seed(seed)
    found = torch.rand(2, total, generator=generator)
    if ties:
        found = (found * 3).round()
    mask = masks.highest(found, torch.tensor([keep, 1.0], dtype=torch.float64))
    assert mask.sum(1).tolist() == [max(1, round(total * keep)), total]
    if not mask[0].all():
        assert found[0][mask[0]].min() >= found[0][~mask[0]].max()


def test_masks_are_cut_into_the_layers_they_were_joined_from():
    model = Perceptrons.stacked(members(2))
    generator = torch.Generator().manual_seed(0)
    flat = torch.rand(2, 6 * 5 + 5 * 4, generator=generator) < 0.5
    shaped = masks.apply(model, flat)
    assert torch.equal(scores.flatten(list(shaped.values()), 2).bool(), flat)
    assert torch.equal(scores.magnitude(model) > 0, flat)


def test_random_masks_follow_their_uniform_numbers():
    uniform = torch.tensor([[0.05, 0.3, 0.9], [0.05, 0.3, 0.9]])
    assert masks.random(uniform, torch.tensor([0.5, 0.1])).tolist() == [[True, True, False], [True, False, False]]


def test_synflow_prunes_in_rounds_and_never_a_whole_layer():
    torch.manual_seed(3)
    model = Perceptrons.stacked([Perceptrons([20, 30, 30, 5]) for _ in range(2)])
    keep = torch.tensor([0.5, 0.02])
    before = copy.deepcopy(model.state_dict())
    mask = masks.synflow(model, keep, 50, (1, 4, 5))
    assert all(torch.equal(tensor, before[name]) for name, tensor in model.state_dict().items())
    assert mask.double().mean(1).tolist() == pytest.approx(keep.tolist(), abs=0.001)
    for layer in masks.split(model, mask).values():
        assert layer.flatten(1).any(1).all()
    at_once = masks.highest(scores.synflow(scores.made_positive(model), (1, 4, 5)), keep)
    assert not torch.equal(mask, at_once)


# ----------------------------------------------------------------------------------------------- training


def test_groups_hold_every_seed_and_keep_rate_once():
    for network in ("mlp", "resnet-20"):
        for rule in ("random", "iterative"):
            found = list(groups(network, rule, (0, 1), [1.0, 0.5, 0.1]))
            pairs = [pair for group in found for pair in zip(group.seeds, group.keeps, strict=True)]
            assert sorted(pairs) == sorted((seed, keep) for seed in (0, 1) for keep in (1.0, 0.5, 0.1))
            assert len({group.name for group in found}) == len(found)
    assert len(list(groups("mlp", "random", (0, 1), [1.0, 0.5]))) == 1


def test_iterative_pruning_meets_the_keep_rates_of_a_seed_from_high_to_low():
    found = list(groups("resnet-20", "iterative", (0, 1), [1.0, 0.5]))
    assert [(group.seeds, group.keeps) for group in found] == [
        ((0,), (1.0,)), ((0,), (0.5,)), ((1,), (1.0,)), ((1,), (0.5,)),
    ]  # fmt: skip


def test_shifted_and_mirrored_images_are_windows_of_the_padded_ones():
    images = torch.arange(2 * 3 * 6 * 5, dtype=torch.float32).view(2, 3, 6, 5) + 1
    found = shifted_and_mirrored(images, torch.Generator().manual_seed(0), reach=2)
    padded = torch.nn.functional.pad(images, (2, 2, 2, 2))
    for image, window in zip(padded, found, strict=True):
        windows = [image[:, y : y + 6, x : x + 5] for y in range(5) for x in range(5)]
        assert any(torch.equal(window, w) or torch.equal(window, w.flip(-1)) for w in windows)
