"""Every network against PyTorch's own layers, model by model."""

import pytest
import torch
from torch import nn

from tenfold.papers.r2et.networks.convolutional import Convolutional, ResNet9, max_pool, trained
from tenfold.papers.r2et.networks.graph import GraphConvolutional
from tenfold.papers.r2et.networks.perceptron import Perceptron
from tenfold.papers.r2et.networks.stack import activate
from tenfold.papers.r2et.saliency import saliency
from tests.papers.r2et.conftest import made_stack

F64 = torch.float64
NETWORKS = [
    Perceptron(6, (5, 4), 3),
    Convolutional(1, 8, (3, 4), 5),
    ResNet9(3, 2, 4),
    GraphConvolutional(5, (4, 3), 2),
]


def named(network):
    return type(network).__name__


def inputs(network, random, models=2, batch=3):
    return torch.randn(models, batch, *network.shape, generator=random, dtype=F64)


@pytest.mark.parametrize("network", NETWORKS, ids=named)
@pytest.mark.parametrize("beta", [None, 2.0])
def test_models_of_a_stack_are_independent(network, beta, random):
    stack = made_stack(network=network, beta=beta)
    x = inputs(network, random)
    alone = [stack.select(torch.tensor([i])).logits(x[i : i + 1])[0] for i in range(2)]
    assert stack.logits(x).shape == (2, 3, network.classes)
    assert torch.allclose(stack.logits(x), torch.stack(alone))


@pytest.mark.parametrize("network", NETWORKS, ids=named)
def test_the_saliency_is_the_derivative(network, random):
    stack = made_stack(network=network, beta=1.5)
    x = inputs(network, random)
    classes = stack.predict(x)
    score = stack.probability_of(classes)
    direction = torch.randn(x.shape, generator=random, dtype=F64)
    numeric = (score(x + 1e-5 * direction) - score(x - 1e-5 * direction)) / 2e-5
    assert torch.allclose((saliency(score, x) * direction).flatten(2).sum(-1), numeric, atol=1e-6)


def test_the_perceptron_is_pytorchs(random):
    network = Perceptron(6, (5, 4), 3)
    stack = made_stack(network=network)
    x = inputs(network, random)
    layers = nn.Sequential(nn.Linear(6, 5), nn.ReLU(), nn.Linear(5, 4), nn.ReLU(), nn.Linear(4, 3)).double()
    for number in range(3):
        layers[2 * number].weight.data = stack.parameters[f"weight{number}"][1].T
        layers[2 * number].bias.data = stack.parameters[f"bias{number}"][1]
    assert torch.allclose(stack.logits(x)[1], layers(x[1]))


def test_softplus_is_pytorchs_with_the_models_own_beta(random):
    x = torch.randn(2, 3, 4, generator=random)
    found = activate(x, torch.tensor([0.5, 3.0]))
    for model, beta in enumerate((0.5, 3.0)):
        assert torch.allclose(found[model], nn.functional.softplus(x[model], beta), atol=1e-6)


def test_the_convolutional_network_is_pytorchs(random):
    network = Convolutional(1, 8, (3, 4), 5)
    stack = made_stack(network=network)
    p = {name: value[1] for name, value in stack.parameters.items()}
    x = inputs(network, random)
    z = nn.functional.conv2d(x[1], p["kernel0"], p["kernel_bias0"], stride=2, padding=1).relu()
    z = nn.functional.conv2d(z, p["kernel1"], p["kernel_bias1"], stride=2, padding=1).relu()
    assert torch.allclose(stack.logits(x)[1], z.flatten(1) @ p["weight"] + p["bias"])


class Block(nn.Module):
    def __init__(self, inner, outer, pooling):
        super().__init__()
        self.convolution = nn.Conv2d(inner, outer, 3, padding=1, bias=False)
        self.norm = nn.BatchNorm2d(outer)
        self.pooling = pooling

    def forward(self, x):
        x = self.norm(self.convolution(x)).relu()
        return nn.functional.max_pool2d(x, self.pooling) if self.pooling > 1 else x


def test_resnet9_is_pytorchs_in_both_modes(random):
    network = ResNet9(3, 2, 4)
    stack = made_stack(network=network, models=1)
    p = stack.parameters
    blocks = nn.ModuleList([Block(*layer) for layer in network._layers]).double()
    for number, block in enumerate(blocks):
        block.convolution.weight.data = p[f"kernel{number}"][0].detach().clone()
        block.norm.weight.data = p[f"scale{number}"][0].detach().clone()
        block.norm.bias.data = p[f"shift{number}"][0].detach().clone()
        block.norm.running_mean = p[f"running_mean{number}"][0].detach().clone()
        block.norm.running_var = p[f"running_variance{number}"][0].detach().clone()

    def forward(x):
        x = blocks[1](blocks[0](x))
        x = x + blocks[3](blocks[2](x))
        x = blocks[5](blocks[4](x))
        x = x + blocks[7](blocks[6](x))
        return nn.functional.max_pool2d(x, 4).flatten(1) @ p["weight"][0] + p["bias"][0]

    x = inputs(network, random, models=1, batch=5)
    blocks.eval()
    assert torch.allclose(stack.logits(x)[0], forward(x[0]))
    blocks.train()
    logits, updated = network.training_logits(p, x, None)
    assert torch.allclose(logits[0], forward(x[0]))
    for number, block in enumerate(blocks):
        assert torch.allclose(updated[f"running_mean{number}"][0], block.norm.running_mean)
        assert torch.allclose(updated[f"running_variance{number}"][0], block.norm.running_var)
    assert not trained("running_mean0")
    assert trained("kernel0")


def test_pooling_keeps_models_apart(random):
    x = torch.randn(2, 3, 1, 4, 4, generator=random)
    assert torch.equal(max_pool(x, 2)[1], nn.functional.max_pool2d(x[1], 2))


def test_the_graph_network_is_torch_geometrics(random):
    geometric = pytest.importorskip("torch_geometric.nn")
    network = GraphConvolutional(5, (4, 3), 2)
    stack = made_stack(network=network, models=1)
    edges = torch.rand(1, 1, 10, generator=random, dtype=F64)
    rows, columns = torch.triu_indices(5, 5, offset=1)
    adjacency = torch.zeros(5, 5, dtype=F64)
    adjacency[rows, columns] = adjacency[columns, rows] = edges[0, 0]
    assert torch.equal(network.adjacency(edges)[0, 0], adjacency + torch.eye(5, dtype=F64))
    index, weight = torch.stack([torch.cat([rows, columns]), torch.cat([columns, rows])]), edges[0, 0].repeat(2)
    z = adjacency + torch.eye(5, dtype=F64)
    for layer, (inner, outer) in enumerate(((5, 4), (4, 3))):
        convolution = geometric.GCNConv(inner, outer).double()
        convolution.lin.weight.data = stack.parameters[f"weight{layer}"][0].T
        convolution.bias.data = stack.parameters[f"bias{layer}"][0]
        z = convolution(z, index, weight).relu()
    expected = z.mean(0) @ stack.parameters["weight2"][0] + stack.parameters["bias2"][0]
    assert torch.allclose(stack.logits(edges)[0, 0], expected)


def test_a_graph_does_not_depend_on_the_numbering_of_its_nodes_beyond_its_features(random):
    network = GraphConvolutional(5, (4, 3), 2)
    stack = made_stack(network=network, models=1)
    edges = torch.rand(1, 1, 10, generator=random, dtype=F64)
    order = torch.randperm(5, generator=random)
    full = network.adjacency(edges)[0, 0][order][:, order]
    rows, columns = torch.triu_indices(5, 5, offset=1)
    permuted = {**stack.parameters, "weight0": stack.parameters["weight0"][:, order]}  # features are columns of A
    found = type(stack)(network, permuted).logits(full[rows, columns].reshape(1, 1, -1))
    assert torch.allclose(found, stack.logits(edges))
