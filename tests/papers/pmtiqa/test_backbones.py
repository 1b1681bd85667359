"""Backbones: names and shapes of the published weights, taps, padding."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.nn import functional

from tenfold.errors import DataError
from tenfold.papers.pmtiqa.backbones.build import KINDS, state_from_published, untrained, with_state
from tenfold.papers.pmtiqa.backbones.efficientnet import EfficientNetLite0, SamePadding


def parameters(module: nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


def test_resnet50_has_the_published_number_of_parameters_and_names():
    with torch.device("meta"):
        model = KINDS["resnet50"]()
    assert parameters(model) == 23_508_032
    names = list(model.state_dict())
    assert names[:6] == [
        "conv1.weight",
        "bn1.weight",
        "bn1.bias",
        "bn1.running_mean",
        "bn1.running_var",
        "bn1.num_batches_tracked",
    ]
    assert {"layer1.0.downsample.0.weight", "layer3.5.conv2.weight", "layer4.2.bn3.running_var"} <= set(names)
    assert len(names) == 318  # 320 of the published file without fc.weight and fc.bias
    assert model.layer4[0].conv2.stride == (2, 2)
    assert model.layer4[0].conv1.stride == (1, 1)


def test_resnet50_taps_lie_at_strides_4_to_32():
    with torch.device("meta"):
        maps = KINDS["resnet50"]()(torch.empty(2, 3, 224, 224))
    assert [tuple(one.shape) for one in maps] == [
        (2, 256, 56, 56),
        (2, 512, 28, 28),
        (2, 1024, 14, 14),
        (2, 2048, 7, 7),
    ]


def test_efficientnet_lite0_taps_lie_on_the_same_grid():
    with torch.device("meta"):
        maps = EfficientNetLite0()(torch.empty(2, 3, 224, 224))
    assert [tuple(one.shape) for one in maps] == [(2, 24, 56, 56), (2, 40, 28, 28), (2, 112, 14, 14), (2, 320, 7, 7)]


def published_lite0() -> dict[str, torch.Tensor]:
    """A state dictionary with the names and shapes of the published file, built from its naming rule."""

    def bn(name, c):
        values = {f"{name}.{part}": torch.rand(c) for part in ("weight", "bias", "running_mean", "running_var")}
        return {**values, f"{name}.num_batches_tracked": torch.tensor(7)}

    state = {"_conv_stem.weight": torch.rand(32, 3, 3, 3), **bn("_bn0", 32)}
    channels, number = 32, 0
    for kernel, expansion, out, repeats in (
        (3, 1, 16, 1),
        (3, 6, 24, 2),
        (5, 6, 40, 2),
        (3, 6, 80, 3),
        (5, 6, 112, 3),
        (5, 6, 192, 4),
        (3, 6, 320, 1),
    ):
        for _ in range(repeats):
            wide, prefix = channels * expansion, f"_blocks.{number}"
            if expansion > 1:
                state |= {
                    f"{prefix}._expand_conv.weight": torch.rand(wide, channels, 1, 1),
                    **bn(f"{prefix}._bn0", wide),
                }
            state |= {
                f"{prefix}._depthwise_conv.weight": torch.rand(wide, 1, kernel, kernel),
                **bn(f"{prefix}._bn1", wide),
            }
            state |= {f"{prefix}._project_conv.weight": torch.rand(out, wide, 1, 1), **bn(f"{prefix}._bn2", out)}
            channels, number = out, number + 1
    head = {"_conv_head.weight": torch.rand(1280, 320, 1, 1), **bn("_bn1", 1280)}
    return state | head | {"_fc.weight": torch.rand(1000, 1280), "_fc.bias": torch.rand(1000)}


def test_published_weights_of_lite0_find_their_places():
    published = published_lite0()
    assert len(published) == 296
    assert sum(value.numel() for value in published.values() if value.ndim) == pytest.approx(4.69e6, rel=0.01)
    model = with_state("efficientnet-lite0", state_from_published("efficientnet-lite0", published))
    assert torch.equal(model.blocks[10].depthwise.convolution.weight, published["_blocks.10._depthwise_conv.weight"])
    assert torch.equal(model.blocks[0].project.normalization.running_var, published["_blocks.0._bn2.running_var"])
    assert torch.equal(model.stem.normalization.bias, published["_bn0.bias"])


def test_weights_of_another_network_are_refused():
    published = published_lite0()
    published.pop("_blocks.3._bn1.weight")
    with pytest.raises(DataError, match="not those of efficientnet-lite0"):
        state_from_published("efficientnet-lite0", published)
    with pytest.raises(DataError, match="not those of resnet50"):
        state_from_published("resnet50", {"conv1.weight": torch.zeros(1)})


@pytest.mark.parametrize(
    ("side", "kernel", "stride", "before", "after"),
    [(224, 3, 2, 0, 1), (56, 5, 2, 1, 2), (15, 3, 2, 1, 1), (14, 5, 1, 2, 2)],
)
def test_padding_is_that_of_tensorflow(side, kernel, stride, before, after):
    padded = SamePadding(kernel, stride)(torch.ones(1, 1, side, side))
    assert padded.shape[-1] == side + before + after
    assert padded[0, 0, before, :before].sum() == 0
    assert padded[0, 0, before, before] == 1
    assert functional.conv2d(padded, torch.ones(1, 1, kernel, kernel), stride=stride).shape[-1] == -(-side // stride)


def test_an_untrained_backbone_is_always_the_same_and_leaves_the_default_generator_alone():
    torch.manual_seed(5)
    expected = torch.rand(1)
    torch.manual_seed(5)
    first, second = untrained("small"), untrained("small")
    assert torch.equal(torch.rand(1), expected)
    assert all(torch.equal(a, b) for a, b in zip(first.parameters(), second.parameters(), strict=True))
