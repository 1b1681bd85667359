"""Shapes, parameter counts, the exactness of pooled taps, and which task reaches which parameter."""

from __future__ import annotations

import copy

import pytest
import torch
from torch import nn
from torch.nn import functional

from tenfold.papers.pmtiqa.backbones.base import pooled_taps
from tenfold.papers.pmtiqa.backbones.build import KINDS, untrained
from tenfold.papers.pmtiqa.hyper import HyperNetwork
from tenfold.papers.pmtiqa.model import (
    DirectRegression,
    FineTuned,
    LastStage,
    MultiScale,
    MultiTaskHeads,
    PooledScales,
    QualityNetwork,
    network,
)
from tenfold.papers.pmtiqa.schedule import task_losses

RESNET = (256, 512, 1024, 2048)
SMALL = KINDS["small"].channels


def parameters(module: nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


def maps(channels, batch=2, seed=0) -> list[torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    return [
        torch.randn(batch, c, 7 * g, 7 * g, generator=generator) for c, g in zip(channels, (8, 4, 2, 1), strict=True)
    ]


def test_parameter_counts_are_those_of_the_paper():
    multi_scale = MultiScale(RESNET)
    counts = [
        parameters(layer) for pair in zip(multi_scale.convolutions, multi_scale.layers, strict=False) for layer in pair
    ]
    counts.append(parameters(multi_scale.layers[3]))
    assert counts == [4096, 28700, 16384, 14364, 65536, 7196, 57372]
    assert parameters(multi_scale) == 193_648
    heads = MultiTaskHeads(10)
    assert [parameters(layer) for layer in (heads.trunk[0], heads.trunk[2], heads.classification[0])] == [
        12656,
        1582,
        210,
    ]
    assert (parameters(heads.classification[2]), parameters(heads.regression)) == (150, 15)
    assert parameters(heads) == 14_613
    with torch.device("meta"):
        whole = FineTuned(KINDS["resnet50"](), network("multi-scale", RESNET, (16, 32, 64), 10))
    assert parameters(whole) == 23_716_293


def test_the_multi_scale_module_gives_four_times_28_numbers():
    v = MultiScale(RESNET)(pooled_taps(maps(RESNET, batch=1)))
    assert v.shape == (1, 112)


def test_heads_give_one_quality_and_the_logits_of_each_class():
    quality, logits = MultiTaskHeads(11)(torch.randn(5, 112))
    assert quality.shape == (5,)
    assert logits.shape == (5, 11)


def test_convolution_and_pooling_commute_so_that_pooled_taps_are_exact():
    torch.manual_seed(1)
    module, features = MultiScale(SMALL, (3, 4, 5)), maps(SMALL)
    assert (module(pooled_taps(features)) - module.on_maps(features)).abs().max() < 1e-5 * module.on_maps(
        features
    ).abs().max()
    convolution = nn.Conv2d(8, 5, 1, bias=False)
    one = torch.randn(2, 8, 14, 14, generator=torch.Generator().manual_seed(2))
    first = functional.avg_pool2d(convolution(one), 7, 7)
    second = convolution(functional.avg_pool2d(one, 7, 7))
    assert (first - second).abs().max() < 1e-6


def test_all_scales_pooled_to_one_place_is_a_linear_map_of_spatial_means():
    module, features = PooledScales(SMALL), maps(SMALL)
    means = torch.cat([one.mean((2, 3)) for one in features], 1)
    assert torch.allclose(module(pooled_taps(features)), module.layer(means), atol=1e-5)


def test_without_multi_scale_only_the_last_stage_counts():
    module, features = LastStage(SMALL), maps(SMALL)
    other = [torch.randn_like(one) for one in features[:3]]
    assert torch.equal(module(pooled_taps(features)), module(pooled_taps([*other, features[3]])))


def losses(model: nn.Module, taps: list[torch.Tensor]) -> tuple[torch.Tensor, torch.Tensor]:
    quality, logits = model(taps)
    labels, classes = torch.tensor([30.0, 60.0]), torch.tensor([3, 6])
    return task_losses(quality, logits, labels, classes, torch.ones(2))


def test_in_the_first_epoch_the_regression_head_gets_no_gradient_and_in_the_last_the_classes_get_none():
    taps = pooled_taps(maps(SMALL))
    for weights, silent in (((0.0, 1.0), "regression"), ((1.0, 0.0), "classification")):
        model = network("multi-scale", SMALL, (3, 4, 5), 10)
        regression, classification = losses(model, taps)
        (weights[0] * regression + weights[1] * classification).backward()
        for name, parameter in model.heads.named_parameters():
            moved = parameter.grad is not None and bool(parameter.grad.abs().sum() > 0)
            assert moved != name.startswith(silent), name


def test_weight_decay_shrinks_the_head_that_the_loss_does_not_reach():
    model, taps = network("multi-scale", SMALL, (3, 4, 5), 10), pooled_taps(maps(SMALL))
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3, weight_decay=5e-4)
    before = model.heads.regression.weight.norm().item()
    regression, classification = losses(model, taps)
    (0.0 * regression + classification).backward()
    optimizer.step()
    assert model.heads.regression.weight.norm().item() < before


class RegressionOnly(nn.Module):
    """An independent net without the class head, for the comparison below."""

    def __init__(self, full: QualityNetwork) -> None:
        super().__init__()
        self.projection = copy.deepcopy(full.projection)
        self.trunk = copy.deepcopy(full.heads.trunk)
        self.regression = copy.deepcopy(full.heads.regression)

    def forward(self, taps: list[torch.Tensor]) -> torch.Tensor:
        return self.regression(self.trunk(self.projection(taps)))[:, 0]


def test_without_the_class_loss_the_network_is_the_regression_network_step_by_step():
    full = network("multi-scale", SMALL, (3, 4, 5), 10)
    plain = RegressionOnly(full)
    optimizers = [torch.optim.Adam(model.parameters(), lr=1e-2, weight_decay=5e-4) for model in (full, plain)]
    labels = torch.tensor([30.0, 60.0])
    for step in range(5):
        taps = pooled_taps(maps(SMALL, seed=step))
        regression, classification = losses(full, taps)
        (1.0 * regression + 0.0 * classification).backward()
        (plain(taps) - labels).abs().mean().backward()
        for optimizer in optimizers:
            optimizer.step()
            optimizer.zero_grad()
        assert torch.allclose(full(taps)[0], plain(taps), atol=1e-6)


def test_a_direct_regression_has_one_output_on_the_last_stage():
    model, features = DirectRegression(RESNET, 10), maps(RESNET)
    assert parameters(model) == 2049
    quality, logits = model(pooled_taps(features))
    expected = features[3].mean((2, 3)) @ model.layer.weight[0] + model.layer.bias
    assert torch.allclose(quality, expected, atol=1e-4)
    assert logits.abs().sum() == 0


def grouped_convolutions(net: HyperNetwork, features: list[torch.Tensor]) -> torch.Tensor:
    """The target network as its authors evaluate it: grouped 1 x 1 convolutions, one group for each crop."""
    reduced = net.reduction(features[3])
    mean = reduced.mean((2, 3))
    batch = len(reduced)
    x = net.multi_scale.on_maps(features).reshape(1, -1, 1, 1)
    shapes = [(112, 224), (56, 112), (28, 56), (14, 28)]
    for (out, into), weights, biases in zip(shapes, net.weights, net.biases, strict=True):
        kernel = weights(reduced).reshape(batch * out, into, 1, 1)
        x = torch.sigmoid(functional.conv2d(x, kernel, biases(mean).reshape(-1), groups=batch))
    kernel = net.last_weight(mean).reshape(batch, 14, 1, 1)
    return functional.conv2d(x, kernel, net.last_bias(mean).reshape(-1), groups=batch).reshape(-1)


def test_the_hypernetwork_rates_each_crop_with_weights_of_its_own():
    torch.manual_seed(3)
    net, features = HyperNetwork(SMALL, 10, (3, 4, 5), (12, 10, 14)), maps(SMALL, batch=3)
    quality, _ = net([*pooled_taps(features), features[3]])
    assert torch.allclose(quality, grouped_convolutions(net, features), atol=1e-5)
    alone, _ = net([*pooled_taps([one[:1] for one in features]), features[3][:1]])
    assert alone[0].item() == pytest.approx(quality[0].item(), abs=1e-5)


def test_hypernetwork_sizes_are_those_of_its_paper():
    with torch.device("meta"):
        net = HyperNetwork(RESNET, 10)
    assert [layer.out_channels for layer in net.weights] == [512, 128, 32, 8]
    assert [layer.out_channels for layer in net.reduction if isinstance(layer, nn.Conv2d)] == [1024, 512, 112]
    assert [layer.out_features for layer in net.multi_scale.layers] == [16, 16, 16, 176]


def test_pooled_taps_of_a_backbone_give_what_the_whole_network_gives():
    backbone = untrained("small").eval()
    model = network("multi-scale", backbone.channels, (3, 4, 5), 10)
    crops = torch.randn(2, 3, 224, 224, generator=torch.Generator().manual_seed(4))
    with torch.no_grad():
        cached = pooled_taps(backbone(crops))
        whole = FineTuned(backbone, model)(crops)
    assert torch.equal(model(cached)[0], whole[0])
    assert torch.equal(model(cached)[1], whole[1])
