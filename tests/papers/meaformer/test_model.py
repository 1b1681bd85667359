"""The whole model: size, loss, independence of the batch, ablations."""

from __future__ import annotations

import pytest
import torch
from torch.nn.functional import normalize

from tenfold.papers.meaformer.graph_attention import Edges
from tenfold.papers.meaformer.losses import contrastive_losses
from tenfold.papers.meaformer.model import MEAformer
from tenfold.papers.meaformer.settings import Train
from tests.papers.meaformer.conftest import random_features

ALL = ("graph", "relation", "attribute", "vision")
LEFT, RIGHT = torch.tensor([0, 3, 5]), torch.tensor([7, 8, 11])


def small(edges, modalities=ALL, **changes) -> MEAformer:
    settings = Train(dimension=8, transformer={"inner": 6, "dropout": 0.0}, **changes)
    return MEAformer(settings, random_features(), edges, modalities)


def loss_of(model) -> torch.Tensor:
    return model.loss(model.batch(LEFT, RIGHT), torch.Generator())


def test_number_of_parameters_on_zh_en():
    """13,630,606 with the encoders of both surface modalities, as derived from the official code; 86 % is the table."""
    nodes = 38_960
    sizes = {"relation": 1000, "attribute": 1000, "vision": 2048, "name": 300, "char": 100}
    features = {name: torch.zeros(1, size, dtype=torch.float32) for name, size in sizes.items()}
    edges = Edges.from_triples(torch.tensor([0]), torch.tensor([1]), nodes)
    with torch.device("meta"):
        model = MEAformer(Train(), features, edges, (*ALL, "name", "char"))
    assert model.parameter_count() == 13_630_606
    by_part = {name: sum(p.numel() for p in part.parameters()) for name, part in model.named_children()}
    assert model.encoders.graph.inputs.numel() == 11_688_000
    assert sum(p.numel() for p in model.encoders.graph.layers.parameters()) == 3_600
    assert by_part["transformer"] == 361_200 + 240_700 + 1_200
    assert by_part["uncertainty"] == 6


def test_loss_is_the_sum_of_its_terms(edges):
    model = small(edges)
    with torch.no_grad():
        model.uncertainty.log_variance.uniform_()
    found = model(model.batch(LEFT, RIGHT).rows, model.batch(LEFT, RIGHT).field)

    def term(values):
        unit = normalize(values, dim=-1)
        return contrastive_losses(unit[:3], unit[3:], 0.1).mean()

    expected = term(found.joint)
    for place in range(4):
        scale = torch.exp(-model.uncertainty.log_variance[place])
        both = term(found.early[:, place]) + term(found.late[:, place])
        expected = expected + scale * both + 2 * model.uncertainty.log_variance[place]
    assert torch.allclose(loss_of(model), expected)


def test_there_are_as_many_variances_as_modalities(edges):
    """Six of them without surface forms would drive two down for ever."""
    assert len(small(edges).uncertainty.log_variance) == 4
    assert len(small(edges, ("graph", "relation")).uncertainty.log_variance) == 2


def test_a_batch_gives_the_same_as_all_entities_at_once(edges):
    model = small(edges).eval()
    rows = torch.tensor([9, 1, 4])
    assert torch.allclose(model.embed(rows), model.embed(torch.arange(12))[rows])


def test_tokens_come_in_a_fixed_order(edges):
    assert small(edges, ("vision", "graph")).modalities == ("graph", "vision")


def test_embeddings_have_length_one(edges):
    assert torch.allclose(small(edges).embed(torch.arange(12)).norm(dim=1), torch.ones(12))


@pytest.mark.parametrize("modalities", [ALL[1:], ("graph",), ("graph", "vision"), (*ALL, "char")])
def test_any_set_of_modalities_trains(edges, modalities):
    model = small(edges, modalities)
    loss_of(model).backward()
    assert all(p.grad is not None and torch.isfinite(p.grad).all() for p in model.parameters())


def test_uniform_and_kg_level_weights_need_no_transformer(edges):
    for weights in ("kg", "uniform"):
        model = small(edges, weights=weights, late_loss=False)
        assert model.transformer is None
        found = model(torch.arange(12), model.field(torch.arange(12)))
        assert torch.allclose(found.weights, torch.full((12, 4), 0.25))  # kg: at the start
    assert small(edges, weights="uniform", late_loss=True).transformer is not None


def test_without_late_loss_the_weights_still_come_from_the_transformer(edges):
    model = small(edges, late_loss=False)
    loss_of(model).backward()
    assert model.transformer.layers[0].project.weight.grad.abs().sum() > 0
    assert model.transformer.layers[0].output.weight.grad is None  # nothing reads the late tokens


def test_without_intra_modal_loss_the_other_two_terms_remain(edges):
    full, without = small(edges), small(edges, intra_loss=False)
    without.load_state_dict(full.state_dict())
    found = full(full.batch(LEFT, RIGHT).rows, full.batch(LEFT, RIGHT).field)
    unit = normalize(found.early, dim=-1)
    dropped = sum(contrastive_losses(unit[:3, place], unit[3:, place], 0.1).mean() for place in range(4))
    assert torch.allclose(loss_of(full) - loss_of(without), dropped)


def test_confidence_weighs_each_pair_by_its_smaller_weight(edges):
    model = small(edges, confidence=True)
    found = model(model.batch(LEFT, RIGHT).rows, model.batch(LEFT, RIGHT).field)
    phi = torch.minimum(found.weights[:3], found.weights[3:])

    def losses(values):
        unit = normalize(values, dim=-1)
        return contrastive_losses(unit[:3], unit[3:], 0.1)

    expected = losses(found.joint).mean()
    for tokens in (found.early, found.late):
        for place in range(4):
            expected = expected + (losses(tokens[:, place]) * phi[:, place]).mean()
    assert torch.allclose(loss_of(model), expected)


def test_replayed_negatives_enter_the_joint_term_alone(edges):
    model = small(edges)
    plain_batch, batch = model.batch(LEFT, RIGHT), model.batch(LEFT, RIGHT, torch.tensor([1, 2]), torch.tensor([6]))
    found = model(batch.rows, batch.field)
    left, right, beside_left, beside_right = batch.split(normalize(found.joint, dim=-1))
    with_replay = contrastive_losses(left, right, 0.1, beside_left, beside_right).mean()
    without = contrastive_losses(left, right, 0.1).mean()
    difference = model.loss(batch, torch.Generator()) - model.loss(plain_batch, torch.Generator())
    assert torch.allclose(difference, with_replay - without)
    assert difference > 0
