"""Losses and parts of EVA, MCLEA, MSNEA and GCN-Align against plain formulas and libraries."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.nn.functional import cross_entropy, normalize

from tenfold.papers.meaformer.baselines.convolution import GraphConvolutions
from tenfold.papers.meaformer.baselines.eva import EVA, nca_loss
from tenfold.papers.meaformer.baselines.fusion import SharedWeights
from tenfold.papers.meaformer.baselines.gcn_align import GCNAlign
from tenfold.papers.meaformer.baselines.mclea import MCLEA, alignment_loss, targets
from tenfold.papers.meaformer.baselines.msnea import MSNEA, pair_loss
from tenfold.papers.meaformer.graph_attention import ReceptiveField
from tenfold.papers.meaformer.settings import Train
from tests.papers.meaformer.conftest import random_features

ALL = ("graph", "relation", "attribute", "vision")
LEFT, RIGHT = torch.tensor([0, 3, 5]), torch.tensor([7, 8, 11])
SIDES = torch.arange(12) // 6
TRIPLES = torch.tensor([[0, 0, 1], [1, 1, 2], [2, 0, 4], [6, 2, 7], [7, 2, 9], [10, 3, 11]])


def unit(*shape):
    return normalize(torch.randn(*shape), dim=-1)


# --------------------------------------------------------------------------------------------------- EVA


def test_the_nca_loss_is_its_formula():
    first, second, alpha, beta = unit(4, 3), unit(4, 3), 15.0, 10.0
    s = (first @ second.T).numpy()
    expected = 0.0
    for i in range(4):
        others = [j for j in range(4) if j != i]
        expected += np.log1p(sum(np.exp(alpha * s[j, i]) for j in others)) / alpha
        expected += np.log1p(sum(np.exp(alpha * s[i, j]) for j in others)) / alpha
        expected -= beta * np.log1p(max(0, s[i, i]))
    assert nca_loss(first, second, alpha, beta).item() == pytest.approx(expected / 4)


def test_a_single_perfect_pair_has_no_negatives():
    one = torch.tensor([[1.0, 0.0]])
    assert nca_loss(one, one, 15.0, 10.0).item() == pytest.approx(-10 * np.log(2))


def test_convolutions_are_those_of_pytorch_geometric(edges):
    from torch_geometric.nn import GCNConv

    normal = edges.normalized()
    model = GraphConvolutions(12, [4, 3, 2], transforms=True)
    layers = [GCNConv(4, 3), GCNConv(3, 2)]
    for layer, ours in zip(layers, model.transforms, strict=True):
        with torch.no_grad():
            layer.lin.weight.copy_(ours.weight)
            layer.bias.copy_(ours.bias)
    loops = edges.rows == edges.columns  # GCNConv adds its own
    index, weight = torch.stack([edges.columns, edges.rows])[:, ~loops], edges.weights[~loops]
    expected = layers[1](torch.relu(layers[0](model.inputs, index, weight)), index, weight)
    rows = torch.tensor([3, 9, 0])
    assert torch.allclose(model(ReceptiveField.of(normal, rows, 2)), expected[rows])


def test_shared_weights_are_one_for_all_entities():
    fusion = SharedWeights(("graph", "vision"))
    with torch.no_grad():
        fusion.logits.copy_(torch.tensor([0.0, np.log(3)]))
    joint = fusion({"vision": unit(5, 4), "graph": unit(5, 2)})
    assert torch.allclose(joint[:, :2].norm(dim=1), torch.full((5,), 0.25))
    assert torch.allclose(joint[:, 2:].norm(dim=1), torch.full((5,), 0.75))


# ------------------------------------------------------------------------------------------------- MCLEA


def test_the_alignment_loss_is_the_divergence_of_two_distributions():
    joint, modality, temperature = (unit(3, 4), unit(3, 4)), (unit(3, 2), unit(3, 2)), 4.0
    total = 0.0
    for own in (0, 1):
        p, q = (
            np.exp(
                np.hstack(
                    [
                        (side[own] @ side[1 - own].T).numpy(),
                        np.where(np.eye(3) == 1, -np.inf, (side[own] @ side[own].T).numpy()),
                    ]
                )
                / temperature
            )
            for side in (joint, modality)
        )
        p, q = p / p.sum(1, keepdims=True), q / q.sum(1, keepdims=True)
        here = p > 0
        total += (p[here] * np.log(p[here] / q[here])).sum() / p.size / 2
    assert alignment_loss(targets(joint, temperature), modality, temperature).item() == pytest.approx(total)


def test_equal_distributions_have_no_alignment_loss_and_the_target_no_gradient():
    left, right = unit(4, 3).requires_grad_(), unit(4, 3).requires_grad_()
    loss = alignment_loss(targets((left, right), 4.0), (left, right), 4.0)
    assert loss.item() == pytest.approx(0, abs=1e-12)
    assert all(torch.allclose(g, torch.zeros_like(g), atol=1e-9) for g in torch.autograd.grad(loss, (left, right)))


def test_mclea_adds_joint_contrastive_and_alignment_terms(edges):
    model = MCLEA(Train(family="mclea", dimension=6, feature_dimension=4), random_features(), edges, ALL)
    batch = model.batch(LEFT, RIGHT)
    parts = model(batch.rows, batch.field)
    assert {name: part.shape[1] for name, part in parts.items()} == {
        "graph": 6, "relation": 4, "attribute": 4, "vision": 4,
    }  # fmt: skip
    joint = normalize(model.fusion(parts), dim=1)

    def contrastive(z):
        first, second = z[:3], z[3:]
        found = 0.0
        for own, other in ((first, second), (second, first)):
            within = (own @ own.T).masked_fill(torch.eye(3, dtype=torch.bool), -torch.inf)
            found = found + cross_entropy(torch.cat([own @ other.T, within], 1) / 0.1, torch.arange(3)) / 2
        return found

    expected = contrastive(joint) + sum(contrastive(parts[name]) for name in ALL)
    target = targets((joint[:3], joint[3:]), 4.0)
    expected = expected + sum(0.1 * alignment_loss(target, (parts[name][:3], parts[name][3:]), 4.0) for name in ALL)
    assert torch.allclose(model.loss(batch, torch.Generator()), expected)


# ------------------------------------------------------------------------------------------------- MSNEA


def msnea(modalities=ALL) -> MSNEA:
    features = random_features()
    features["attribute"] = (features["attribute"] > 0.5).to(torch.get_default_dtype())
    features["attribute"][4] = 0
    settings = Train(family="msnea", dimension=5, margin={"triple_batch": 4})
    return MSNEA(settings, features, TRIPLES, SIDES, modalities)


def test_the_pair_loss_is_its_formula():
    first, second = unit(3, 4), unit(3, 4)
    s = (first @ second.T).numpy()
    expected = sum((2 - s[i, j]) ** 2 if i == j else s[i, j] ** 2 for i in range(3) for j in range(3)) / 9
    assert pair_loss(first, second, 2.0).item() == pytest.approx(expected)


def test_attributes_are_averaged_by_how_well_they_fit_the_picture():
    model = msnea()
    has = model._attributes[3]
    parts = model(torch.tensor([3]))
    own = model.attributes[has > 0]
    expected = torch.softmax(own @ parts[1][0], 0) @ own
    assert torch.allclose(parts[2][0], expected)


def test_an_entity_without_attributes_has_a_part_of_zeros():
    model = msnea()
    assert torch.equal(model(torch.tensor([4]))[2], torch.zeros(1, 5))
    model.embed(torch.tensor([4])).sum().backward()
    assert all(torch.isfinite(p.grad).all() for p in model.parameters() if p.grad is not None)


def test_corrupted_triples_stay_in_their_graph(monkeypatch):
    model, seen = msnea(("graph",)), []
    original = torch.unique
    monkeypatch.setattr(torch, "unique", lambda x, **more: (seen.append(x), original(x, **more))[1])
    for seed in range(20):
        model._triple_loss(torch.Generator().manual_seed(seed))
    head, tail, false_head, false_tail = torch.cat(seen, dim=1)
    assert torch.equal(SIDES[head], SIDES[false_head])
    assert torch.equal(SIDES[tail], SIDES[false_tail])
    assert ((head == false_head) | (tail == false_tail)).all()
    assert ((head != false_head) | (tail != false_tail)).any()


# --------------------------------------------------------------------------------------------- GCN-Align


def test_gcn_align_has_no_weight_matrices(edges):
    model = GCNAlign(Train(family="gcn-align", dimension=4), edges, SIDES)
    assert [name for name, _ in model.named_parameters()] == ["graph.inputs"]
    normal = edges.normalized()
    dense = torch.zeros(12, 12)
    dense[normal.rows, normal.columns] = normal.weights
    expected = dense @ torch.relu(dense @ model.graph.inputs)
    assert torch.allclose(model.embed(torch.arange(12)), normalize(expected, dim=1))


def test_its_margin_loss_is_its_formula(edges):
    settings = Train(family="gcn-align", dimension=4, margin={"negatives": 2})
    model = GCNAlign(settings, edges, SIDES)
    with torch.no_grad():
        model.graph.inputs.mul_(20)
    generator = torch.Generator().manual_seed(5)
    drawn = [side * 6 + torch.randint(6, (6,), generator=generator) for side in (0, 1)]
    h = model(torch.arange(12), model.field(torch.arange(12)))
    expected = 0.0
    for i, (left, right) in enumerate(zip(LEFT, RIGHT, strict=True)):
        own = (h[left] - h[right]).abs().sum()
        for n in range(2):
            expected += torch.relu(own + 3 - (h[left] - h[drawn[1][2 * i + n]]).abs().sum()) / 6
            expected += torch.relu(own + 3 - (h[right] - h[drawn[0][2 * i + n]]).abs().sum()) / 6
    found = model.loss(model.batch(LEFT, RIGHT), torch.Generator().manual_seed(5))
    assert torch.allclose(found, expected)


# ---------------------------------------------------------------------------------------------------- all


@pytest.mark.parametrize("family", ["eva", "mclea", "msnea", "gcn-align"])
def test_every_baseline_learns_three_links(family, edges):
    settings = Train(family=family, dimension=8, modalities=["graph"], margin={"triple_batch": 6})
    model = {
        "eva": lambda: EVA(settings, {}, edges, ("graph",)),
        "mclea": lambda: MCLEA(settings, {}, edges, ("graph",)),
        "msnea": lambda: MSNEA(settings, {}, TRIPLES, SIDES, ("graph",)),
        "gcn-align": lambda: GCNAlign(settings, edges, SIDES),
    }[family]()
    optimizer = torch.optim.Adam(model.parameters(), lr=0.05)
    generator = torch.Generator().manual_seed(0)

    def partners() -> float:
        with torch.no_grad():
            return float((model.embed(LEFT) * model.embed(RIGHT)).sum())

    before = partners()
    for _ in range(30):
        optimizer.zero_grad()
        model.loss(model.batch(LEFT, RIGHT), generator).backward()
        optimizer.step()
    assert partners() > max(before, 2.0)
