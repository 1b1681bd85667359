"""The cross-modal layer against PyTorch's own encoder layer."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from tenfold.papers.meaformer.transformer import CrossModalLayer


@pytest.mark.parametrize("heads", [1, 2])
def test_it_is_a_transformer_encoder_layer_with_gelu(heads):
    layer = CrossModalLayer(8, heads, 5, 0.1).eval()
    kind = {"activation": "gelu", "batch_first": True, "layer_norm_eps": 1e-12}
    reference = nn.TransformerEncoderLayer(8, heads, 5, **kind).eval()
    states = layer.state_dict()
    names = {
        "self_attn.in_proj_weight": "project.weight",
        "self_attn.in_proj_bias": "project.bias",
        "self_attn.out_proj.weight": "output.weight",
        "self_attn.out_proj.bias": "output.bias",
        "linear1.weight": "feed_forward.0.weight",
        "linear1.bias": "feed_forward.0.bias",
        "linear2.weight": "feed_forward.2.weight",
        "linear2.bias": "feed_forward.2.bias",
        "norm1.weight": "first_norm.weight",
        "norm1.bias": "first_norm.bias",
        "norm2.weight": "second_norm.weight",
        "norm2.bias": "second_norm.bias",
    }
    reference.load_state_dict({theirs: states[ours] for theirs, ours in names.items()})
    tokens = torch.randn(3, 4, 8)
    late, beta = layer(tokens)
    assert torch.allclose(late, reference(tokens), atol=1e-9)
    expected = reference.self_attn(tokens, tokens, tokens, average_attn_weights=False)[1]
    assert torch.allclose(beta, expected)


def test_without_feed_forward_part_the_first_norm_is_the_output():
    layer = CrossModalLayer(6, 1, None, 0.0)
    late, _ = layer(torch.randn(2, 3, 6))
    assert torch.allclose(late.mean(-1), torch.zeros(2, 3), atol=1e-9)
    assert torch.allclose(late.var(-1, unbiased=False), torch.ones(2, 3))
    assert not any("feed" in name or "second" in name for name, _ in layer.named_parameters())


def test_dropout_acts_on_the_attention_in_training_only():
    layer, tokens = CrossModalLayer(6, 1, 4, 0.5), torch.randn(200, 3, 6)
    assert not torch.allclose(layer(tokens)[1].sum(-1), torch.ones(200, 1, 3))
    assert torch.allclose(layer.eval()(tokens)[1].sum(-1), torch.ones(200, 1, 3))


def test_a_width_that_heads_cannot_share_is_refused():
    with pytest.raises(ValueError, match="cannot be shared"):
        CrossModalLayer(7, 2, None, 0.0)
